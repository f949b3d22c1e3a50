/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens verified with UAA's keys, which are fetched when needed and kept. */
#ifndef NETMAN_POLICY_SERVER_AUTH_LOCAL_H
#define NETMAN_POLICY_SERVER_AUTH_LOCAL_H

#include "policy-server/auth/token.h"
#include "policy-server/auth/upstream.h"
#include "policy-server/config.h"

struct local;

/** local_new() - Both are borrowed; keys are not fetched yet */
int local_new(const struct ps_config *c, struct upstream *uaa, struct local **ret, struct err *e);
void local_free(struct local *l);
OWN_DROP(local, struct local *, local_free)

int local_check(struct local *l, const char *text, struct token *ret, struct err *e);

#endif
