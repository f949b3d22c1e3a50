/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/clock.h"
#include "netman/str.h"
#include "policy-server/store/db_impl.h"

#include <string.h>

/* A transaction that loses this often loses for another reason. */
#define ATTEMPTS 6

static bool sqlstate_is(const PGresult *res, const char *state)
{
        const char *got = PQresultErrorField(res, PG_DIAG_SQLSTATE);

        return got && strncmp(got, state, strlen(state)) == 0;
}

static enum fault fault_of(const PGconn *pg, const PGresult *res)
{
        if (PQstatus(pg) != CONNECTION_OK || !res || sqlstate_is(res, "08") ||
            sqlstate_is(res, "57P"))
                return FAULT_UPSTREAM;
        return sqlstate_is(res, "23505") ? FAULT_CONFLICT : FAULT_SYSTEM;
}

/**
 * said() - The database's complaint, without the DETAIL lines that quote values
 */
static int said(const PGconn *pg, const PGresult *res, const char *what, struct err *e)
{
        const char *text = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;

        if (!text)
                text = PQerrorMessage(pg);
        return err_set(e, fault_of(pg, res), 0, "%s: %.*s", what, (int)strcspn(text, "\n"), text);
}

/** may_go_better() - Was it an error that a new transaction may not meet again? */
static bool may_go_better(const PGconn *pg, const PGresult *res)
{
        return PQstatus(pg) != CONNECTION_OK || sqlstate_is(res, "40001") ||
               sqlstate_is(res, "40P01") || sqlstate_is(res, "57P");
}

int db_prepare_on(PGconn *pg, enum statement st, struct err *e)
{
        const struct statement_text *t = statement_text(st);
        OWN(pgresult) PGresult *res = PQprepare(pg, t->name, t->sql, t->params, NULL);

        if (PQresultStatus(res) != PGRES_COMMAND_OK)
                return said(pg, res, t->name, e);
        return 0;
}

/** run_on() - @ret: Set on failure as well, for who wants to know the SQLSTATE */
static int run_on(PGconn *pg, enum statement st, const char *const *params, PGresult **ret,
                  struct err *e)
{
        const struct statement_text *t = statement_text(st);
        OWN(pgresult) PGresult *res = PQexecPrepared(pg, t->name, t->params, params, NULL, NULL, 0);
        ExecStatusType status = PQresultStatus(res);

        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
                if (ret && res)
                        *ret = GIVE(res); /* for who wants to know the SQLSTATE */
                return said(pg, ret && *ret ? *ret : res, t->name, e);
        }
        if (ret)
                *ret = GIVE(res);
        return 0;
}

static int run_counted(struct db_conn *c, enum statement st, const char *const *params,
                       PGresult **ret, struct err *e)
{
        int64_t began_us = db_query_begins(c->db);
        int rc = run_on(c->pg, st, params, ret, e);

        db_query_ended(c->db, began_us, rc == 0);
        return rc;
}

int db_run(struct db_conn *c, enum statement st, const char *const *params, PGresult **ret,
           struct err *e)
{
        OWN(pgresult) PGresult *res = NULL;

        if (!c->prepared[st]) {
                if (db_prepare_on(c->pg, st, e) < 0) {
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

static int plain(struct db_conn *c, const char *sql, struct err *e)
{
        OWN(pgresult) PGresult *res = PQexec(c->pg, sql);

        if (PQresultStatus(res) == PGRES_COMMAND_OK)
                return 0;
        c->retry = may_go_better(c->pg, res);
        return said(c->pg, res, sql, e);
}

static int attempt(struct db_conn *c, int (*work)(struct db_conn *, void *, struct err *),
                   void *arg, struct err *e)
{
        if (plain(c, "BEGIN", e) < 0)
                return -1;
        if (work(c, arg, e) < 0) {
                bool retry = c->retry;

                if (PQstatus(c->pg) == CONNECTION_OK)
                        (void)plain(c, "ROLLBACK", NULL); /* the first error is the one to tell */
                c->retry = retry;
                return -1;
        }
        return plain(c, "COMMIT", e);
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
                again = c->retry && i < ATTEMPTS && (PQstatus(c->pg) == CONNECTION_OK || !c->fresh);
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
