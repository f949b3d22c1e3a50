/* SPDX-License-Identifier: Apache-2.0 */
/* How far the cells have come: the table policy_readers. */
#ifndef NETMAN_POLICY_SERVER_STORE_READERS_H
#define NETMAN_POLICY_SERVER_STORE_READERS_H

#include "policy-server/store/db.h"

/**
 * struct readers - Cells that ask for policies
 * @revision: The newest there is
 * @agents:   Alive
 * @enforced: Of those, the ones that have enforced @revision
 * @oldest:   The oldest revision that any of them still enforces
 * @passed:   Every cell is known to have enforced this one or a newer; -1: of one
 *            nothing is known, INT64_MAX: there are none. Unlike the others it
 *            counts those too that do not say who they are
 */
struct readers {
        int64_t revision, agents, enforced, oldest, passed;
};

/**
 * readers_publish() - Tell the other instances about the cells of this one
 * @epoch: The history that the revisions in @r belong to; to a database that has
 *         another nothing is told
 */
int readers_publish(struct db *db, const char *instance, const char *epoch, const struct readers *r,
                    struct err *e);

/** readers_sum() - Over all instances that are alive; without @passed */
int readers_sum(struct db *db, struct readers *ret, struct err *e);

#endif
