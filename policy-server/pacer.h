/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that does something now and then, and can be stopped while it waits. */
#ifndef NETMAN_POLICY_SERVER_PACER_H
#define NETMAN_POLICY_SERVER_PACER_H

#include "netman/err.h"

#include <stdbool.h>
#include <stdint.h>

struct pacer;

/**
 * pacer_start() - Do @work every @every_ms, for the first time after that
 */
int pacer_start(void (*work)(void *arg), void *arg, int64_t every_ms, struct pacer **ret,
                struct err *e);

/** pacer_stop() - Wait for @work to return, if it is at it; NULL is allowed */
void pacer_stop(struct pacer *p);

#endif
