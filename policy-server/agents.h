/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: the cells that ask us, and how far they have come
 *
 * A cell says in If-None-Match what it has enforced. While it is parked what it
 * has still holds, so it is up to date whatever the revision; once woken it has
 * what it had when it parked. Each instance knows its own cells and tells the
 * others through the database.
 */
#ifndef NETMAN_POLICY_SERVER_AGENTS_H
#define NETMAN_POLICY_SERVER_AGENTS_H

#include "netman/err.h"

#include <stdbool.h>
#include <stdint.h>

struct ps;
struct agents;

/** agents_start() - @ps is borrowed */
int agents_start(struct ps *ps, struct agents **ret, struct err *e);
void agents_stop(struct agents *a);

/**
 * agents_seen() - A cell has asked, or was answered
 * @name:     Who it is: certificate and X-Agent-Id
 * @enforced: Revision it is known to have enforced
 * @parked:   It waits with us from now on: it stays up to date while it does
 */
void agents_seen(struct agents *a, const char *name, int64_t enforced, bool parked);

#endif
