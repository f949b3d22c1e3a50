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

#include <stdint.h>

struct ps;
struct agents;

/** agents_start() - @ps is borrowed */
int agents_start(struct ps *ps, struct agents **ret, struct err *e);
void agents_stop(struct agents *a);

/**
 * agents_seen() - A cell has asked, or was answered
 * @name:     Who it is: certificate and X-Agent-Id
 * @epoch:    The history that @enforced is of: the snapshot's, which must be locked
 * @enforced: Revision it is known to have enforced; 0 if it has not said, or
 *            speaks of another history
 */
void agents_seen(struct agents *a, const char *name, const char *epoch, int64_t enforced);

/** agents_failed() - A cell could not be answered: it is alive, and has what it had */
void agents_failed(struct agents *a, const char *name);

/** agents_unnamed() - Somebody has asked who says neither a name nor what it has enforced */
void agents_unnamed(struct agents *a);

/**
 * agents_parked() - A request of the cell waits from now on, until agents_woken()
 *
 * While one does, the cell is alive and up to date.
 */
void agents_parked(struct agents *a, const char *name, const char *epoch, int64_t enforced);
void agents_woken(struct agents *a, const char *name);

#endif
