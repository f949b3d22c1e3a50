/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/clock.h"
#include "netman/str.h"
#include "policy-server/store/db_impl.h"

#include <string.h>

/* A transaction that loses this often loses for another reason. */
#define ATTEMPTS 6

/** may_go_better() - Was it an error that a new transaction may not meet again? */
static bool may_go_better(const PGconn *pg, const PGresult *res)
{
        return PQstatus(pg) != CONNECTION_OK || db_sqlstate_is(res, "40001") ||
               db_sqlstate_is(res, "40P01") || db_sqlstate_is(res, "57P");
}

static int run_counted(struct db_conn *c, enum statement st, const char *const *params,
                       PGresult **ret, struct err *e)
{
        int64_t began_us = db_query_begins(c->db);
        int rc = db_query_on(c->pg, st, params, DB_STATEMENT_MS, ret, e);

        db_query_ended(c->db, began_us, rc == 0);
        return rc;
}

int db_run(struct db_conn *c, enum statement st, const char *const *params, PGresult **ret,
           struct err *e)
{
        OWN(pgresult) PGresult *res = NULL;

        if (!c->prepared[st]) {
                if (db_prepare_on(c->pg, st, DB_STATEMENT_MS, e) < 0) {
                        c->retry = PQstatus(c->pg) != CONNECTION_OK;
                        return -1;
                }
                c->prepared[st] = true;
        }
        if (run_counted(c, st, params, &res, e) < 0) {
                c->retry = may_go_better(c->pg, res);
                return -1;
        }
        if (ret)
                *ret = GIVE(res);
        return 0;
}

int64_t db_affected(const PGresult *res)
{
        int64_t n = 0;

        (void)str_to_int(PQcmdTuples((PGresult *)(uintptr_t)res), 0, INT64_MAX, &n, NULL);
        return n;
}

int64_t db_int(const PGresult *res, int row, int column)
{
        int64_t n = 0;

        if (!PQgetisnull(res, row, column))
                (void)str_to_int(PQgetvalue(res, row, column), INT64_MIN, INT64_MAX, &n, NULL);
        return n;
}

static int plain(struct db_conn *c, const char *sql, int timeout_ms, struct err *e)
{
        OWN(pgresult) PGresult *res = NULL;

        if (db_exec_on(c->pg, sql, timeout_ms, &res, e) == 0)
                return 0;
        c->retry = may_go_better(c->pg, res);
        return -1;
}

/** lost() - Is the connection of no use any more? */
static bool lost(const struct db_conn *c)
{
        return PQstatus(c->pg) != CONNECTION_OK || PQtransactionStatus(c->pg) == PQTRANS_ACTIVE;
}

static int begin(struct db_conn *c, struct err *e)
{
        if (plain(c, "BEGIN", DB_ALIVE_MS, e) == 0)
                return 0;
        c->retry |= lost(c); /* nothing was asked yet */
        return -1;
}

static int attempt(struct db_conn *c, int (*work)(struct db_conn *, void *, struct err *),
                   void *arg, struct err *e)
{
        if (begin(c, e) < 0)
                return -1;
        if (work(c, arg, e) < 0) {
                bool retry = c->retry;

                if (PQtransactionStatus(c->pg) == PQTRANS_INERROR ||
                    PQtransactionStatus(c->pg) == PQTRANS_INTRANS)
                        /* The first error is the one to tell. */
                        (void)plain(c, "ROLLBACK", DB_ALIVE_MS, NULL);
                c->retry = retry;
                return -1;
        }
        return plain(c, "COMMIT", DB_STATEMENT_MS, e);
}

static int repeat(struct db *db, int (*work)(struct db_conn *c, void *arg, struct err *e),
                  void *arg, struct err *e)
{
        for (int i = 1;; i++) {
                struct db_conn *c = NULL;
                bool again;

                if (db_take(db, &c, e) < 0)
                        return -1;
                if (attempt(c, work, arg, e) == 0) {
                        db_give(db, c);
                        return 0;
                }
                /* Losing a connection that was just made says that the database is gone;
                 * losing an idle one only that it went for a moment. */
                again = c->retry && i < ATTEMPTS && (!lost(c) || !c->fresh);
                db_give(db, c);
                if (!again)
                        return -1;
                if (i > 1)
                        clock_sleep_ms(5 * i);
        }
}

int db_transaction(struct db *db, const char *operation,
                   int (*work)(struct db_conn *c, void *arg, struct err *e), void *arg,
                   struct err *e)
{
        int64_t began_us = clock_us();
        struct err why = { 0 };
        int rc = repeat(db, work, arg, &why);

        /* A refusal, of one policy too many, is an operation that went well. */
        db_operation_ended(db, operation, began_us, rc == 0 || why.fault == FAULT_DENIED);
        if (rc < 0 && e)
                *e = why;
        return rc;
}

static int ping(struct db_conn *c, void *arg, struct err *e)
{
        OWN(pgresult) PGresult *res = NULL;

        (void)arg;
        if (db_run(c, ST_PING, NULL, &res, e) < 0)
                return -1;
        return PQntuples(res) ? 0 : err_set(e, FAULT_SYSTEM, 0, "policy_state is empty");
}

int db_ping(struct db *db, struct err *e)
{
        return db_transaction(db, "CheckDatabase", ping, NULL, e);
}
