/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the database edge: db*.c only. */
#ifndef NETMAN_POLICY_SERVER_STORE_DB_IMPL_H
#define NETMAN_POLICY_SERVER_STORE_DB_IMPL_H

#include "policy-server/store/db.h"

#include <stdbool.h>

/**
 * struct db_conn - A connection of the pool, used by one thread at a time
 * @retry: The last error was one that a new transaction may not meet again
 * @fresh: Opened for this lease: an idle one may have died unnoticed
 */
struct db_conn {
        struct db_conn *next;
        struct db *db; /* the pool it belongs to */
        PGconn *pg;
        int64_t born_ms;
        bool prepared[ST_COUNT_];
        bool retry, fresh;
};

/** db_take() - A connection, waiting for one if all are busy */
int db_take(struct db *db, struct db_conn **ret, struct err *e);

/** db_query_begins(), db_query_ended() - Count a statement. Return: when it began */
int64_t db_query_begins(struct db *db);
void db_query_ended(struct db *db, int64_t began_us, bool ok);

/** db_operation_ended() - Tell db_observe()'s function */
void db_operation_ended(struct db *db, const char *operation, int64_t began_us, bool ok);

/** db_give() - Bring it back; a broken one is closed, and the idle ones with it */
void db_give(struct db *db, struct db_conn *c);

#endif
