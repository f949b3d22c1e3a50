/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Postgres: a pool of connections, prepared statements, errors by class. The
 * only files that call libpq are below store/.
 */
#ifndef NETMAN_POLICY_SERVER_STORE_DB_H
#define NETMAN_POLICY_SERVER_STORE_DB_H

#include "netman/err.h"
#include "netman/own.h"
#include "policy-server/config.h"
#include "policy-server/store/statements.h"

#include <libpq-fe.h>
#include <stdint.h>

OWN_DROP(pgresult, PGresult *, PQclear)
OWN_DROP(pgconn, PGconn *, PQfinish)

struct db;
struct db_conn;

/**
 * db_open() - Make the pool; connects once to see that it can
 * @e: FAULT_UPSTREAM with the database's words
 */
int db_open(const struct ps_config *c, struct db **ret, struct err *e);
void db_close(struct db *db);
OWN_DROP(db, struct db *, db_close)

/**
 * db_connect() - A connection of its own, outside the pool, for who listens or migrates
 */
int db_connect(const struct ps_config *c, PGconn **ret, struct err *e);

/**
 * db_ping() - Does the database answer?
 */
int db_ping(struct db *db, struct err *e);

/**
 * db_run() - One prepared statement on a connection
 * @params: As many as the statement has, as text; NULL for an SQL null
 * @ret:    Its rows; NULL if nobody wants them
 * @e:      FAULT_UPSTREAM: the connection is lost; FAULT_CONFLICT: unique
 *          violation; FAULT_SYSTEM: anything else the database says
 */
int db_run(struct db_conn *c, enum statement st, const char *const *params, PGresult **ret,
           struct err *e);

/** db_run_on() - The same on a bare connection, prepared by the caller */
int db_prepare_on(PGconn *pg, enum statement st, struct err *e);
int db_run_on(PGconn *pg, enum statement st, const char *const *params, PGresult **ret,
              struct err *e);

/** db_affected() - Rows a statement inserted, updated or deleted */
int64_t db_affected(const PGresult *res);

/** db_int() - A field as a number; 0 where it is null */
int64_t db_int(const PGresult *res, int row, int column);

/** struct db_stats - For metrics */
struct db_stats {
        unsigned int open, busy;
};
void db_stats(struct db *db, struct db_stats *ret);

/**
 * db_transaction() - Run @work in a transaction, again where that helps
 * @work: Returns -1 with @e set to roll back. May be called several times:
 *        deadlock, serialisation failure and a lost connection start it over,
 *        so what it does must not depend on an earlier run
 */
int db_transaction(struct db *db, int (*work)(struct db_conn *c, void *arg, struct err *e),
                   void *arg, struct err *e);

#endif
