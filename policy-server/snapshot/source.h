/* SPDX-License-Identifier: Apache-2.0 */
/* What the snapshot is made from: one connection to the database, with deadlines. */
#ifndef NETMAN_POLICY_SERVER_SNAPSHOT_SOURCE_H
#define NETMAN_POLICY_SERVER_SNAPSHOT_SOURCE_H

#include "policy-server/snapshot/feed.h"
#include "policy-server/store/db.h"

/**
 * struct source_state - The database's one row about the policies
 * @epoch: Names the database and its server's last start
 */
struct source_state {
        char epoch[FEED_EPOCH_MAX];
        int64_t revision, changes_from;
};

/** source_open() - Connect and listen for notifications; @limit_s as for db_connect() */
int source_open(const struct ps_config *c, int limit_s, PGconn **ret, struct err *e);

/**
 * source_load() - All policies of one moment as a new table
 * @ret_left_out: Gets the number of those that cannot be served: their ids are none
 */
int source_load(PGconn *pg, unsigned int tag_length, struct table **ret, struct source_state *state,
                size_t *ret_left_out, struct err *e);

/**
 * source_changes() - What changed after @since
 * @ret: Rows for source_change(), complete if @state->changes_from is not after @since
 */
int source_changes(PGconn *pg, int64_t since, struct source_state *state, PGresult **ret,
                   struct err *e);

/** struct source_change - One row of source_changes() */
struct source_change {
        bool added;
        struct policy policy; /* borrowed from the result */
};

/** source_change() - Return: false where the row holds none */
bool source_change(const PGresult *res, int row, struct source_change *ret);

#endif
