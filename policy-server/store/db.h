/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Postgres: a pool of connections, prepared statements, errors by class. Libpq
 * is called below store/, and by the snapshot's feed and source, which follow
 * the database on a connection of their own.
 */
#ifndef NETMAN_POLICY_SERVER_STORE_DB_H
#define NETMAN_POLICY_SERVER_STORE_DB_H

#include "netman/err.h"
#include "netman/own.h"
#include "policy-server/config.h"
#include "policy-server/store/statements.h"

#include <libpq-fe.h>
#include <stdbool.h>
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

/*
 * How long the database may take. It ends a statement by itself after 30 s: whoever
 * waits longer waits for nobody. A live one answers the small questions (BEGIN,
 * settings) at once, and connects as fast; only at the start of a program is it
 * waited for as long as the configuration says.
 */
#define DB_STATEMENT_MS 35000
#define DB_ALIVE_MS     5000
#define DB_CONNECT_S    5

/**
 * db_connect() - A connection of its own, outside the pool, for who listens or migrates
 * @limit_s: Wait no longer, whatever the configuration says; 0: as it says
 */
int db_connect(const struct ps_config *c, int limit_s, PGconn **ret, struct err *e);

/**
 * db_query_on() - A prepared statement on a connection from db_connect()
 * @ret: The result; on failure too where there is one, for who wants to know the
 *       SQLSTATE. NULL if nobody wants it
 * @e:   FAULT_UPSTREAM: the connection is lost, or no answer came within
 *       @timeout_ms and it is of no use any more; FAULT_SYSTEM: anything else the
 *       database says
 */
int db_query_on(PGconn *pg, enum statement st, const char *const *params, int timeout_ms,
                PGresult **ret, struct err *e);

/** db_prepare_on(), db_exec_on() - The same for preparing one, for SQL without parameters */
int db_prepare_on(PGconn *pg, enum statement st, int timeout_ms, struct err *e);
int db_exec_on(PGconn *pg, const char *sql, int timeout_ms, PGresult **ret, struct err *e);

/** db_sqlstate_is() - Does the error's SQLSTATE begin with @state? */
bool db_sqlstate_is(const PGresult *res, const char *state);

/**
 * db_ping() - Does the database answer, and hold our tables? After a failover it
 *             may be another one
 */
int db_ping(struct db *db, struct err *e);

/**
 * db_run() - One prepared statement on a connection
 * @params: As many as the statement has, as text; NULL for an SQL null
 * @ret:    Its rows; NULL if nobody wants them
 * @e:      FAULT_UPSTREAM: the connection is lost; FAULT_SYSTEM: anything else the
 *          database says
 */
int db_run(struct db_conn *c, enum statement st, const char *const *params, PGresult **ret,
           struct err *e);

/** db_affected() - Rows a statement inserted, updated or deleted */
int64_t db_affected(const PGresult *res);

/** db_int() - A field as a number; 0 where it is null */
int64_t db_int(const PGresult *res, int row, int column);

/**
 * struct db_stats - For metrics; counts since the start
 * @open, @busy, @max: Connections in the pool, of those in use, at most
 * @waits, @waited_us: How often, and how long together, none was to be had
 * @queries, @failed:  Statements, and those of them that failed
 */
struct db_stats {
        unsigned int open, busy, max;
        uint64_t waits, queries, failed;
        int64_t waited_us;
};
void db_stats(struct db *db, struct db_stats *ret);

/** struct db_peaks - Most statements at once and the slowest one, since the last call */
struct db_peaks {
        unsigned int in_flight;
        int64_t slowest_us;
};
void db_peaks(struct db *db, struct db_peaks *ret);

/** db_observe() - From now on tell @fn of every operation that has a name */
void db_observe(struct db *db,
                void (*fn)(void *arg, const char *operation, int64_t took_us, bool ok), void *arg);

/**
 * db_transaction() - Run @work in a transaction, again where that helps
 * @operation: For db_observe(); NULL: nobody wants to know
 * @work: Returns -1 with @e set to roll back. May be called several times:
 *        deadlock, serialisation failure and a lost connection start it over,
 *        so what it does must not depend on an earlier run
 */
int db_transaction(struct db *db, const char *operation,
                   int (*work)(struct db_conn *c, void *arg, struct err *e), void *arg,
                   struct err *e);

#endif
