/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETMAN_POLICY_SERVER_AUTH_CHECK_H
#define NETMAN_POLICY_SERVER_AUTH_CHECK_H

#include <stdbool.h>

struct call;

/**
 * check_caller() - Does the caller belong to the endpoint's audience?
 *
 * Fills in the call's token where the audience is known by one.
 *
 * Return: false, with the refusal as the call's answer, if not
 */
bool check_caller(struct call *c);

#endif
