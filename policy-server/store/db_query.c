/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: questions to the database, with deadlines of our own
 *
 * The server gives up on a statement by itself (statement_timeout), unless it is
 * stopped, or its machine is gone and something in between keeps the connection
 * open: then only our clock tells. A question that was not answered in time leaves
 * its connection useless; that shows as PQTRANS_ACTIVE.
 */
#include "netman/clock.h"
#include "netman/str.h"
#include "policy-server/store/db.h"

#include <poll.h>
#include <string.h>

bool db_sqlstate_is(const PGresult *res, const char *state)
{
        const char *got = PQresultErrorField(res, PG_DIAG_SQLSTATE);

        return got && strncmp(got, state, strlen(state)) == 0;
}

static enum fault fault_of(const PGconn *pg, const PGresult *res)
{
        return PQstatus(pg) != CONNECTION_OK || !res || db_sqlstate_is(res, "08") ||
                               db_sqlstate_is(res, "57P")
                       ? FAULT_UPSTREAM
                       : FAULT_SYSTEM;
}

/**
 * said() - The database's complaint, without the DETAIL lines that quote values
 */
static int said(const PGconn *pg, const PGresult *res, const char *what, struct err *e)
{
        const char *text = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;

        if (!res && PQtransactionStatus(pg) == PQTRANS_ACTIVE)
                text = "no answer in time";
        if (!text)
                text = PQerrorMessage(pg);
        return err_set(e, fault_of(pg, res), 0, "%s: %.*s", what, (int)strcspn(text, "\n"), text);
}

/** wait_ready() - Until all is sent and the next result is there; -1: it will not be */
static int wait_ready(PGconn *pg, int64_t until_ms)
{
        for (;;) {
                int unsent = PQflush(pg);
                struct pollfd p = { .fd = PQsocket(pg),
                                    .events = (short)(POLLIN | (unsent ? POLLOUT : 0)) };
                int64_t left = until_ms - clock_ms();

                if (unsent < 0)
                        return -1;
                if (!unsent && !PQisBusy(pg))
                        return 0;
                if (left <= 0)
                        return -1;
                if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
                        return -1;
                if (p.revents & ~POLLOUT && !PQconsumeInput(pg))
                        return -1;
        }
}

/**
 * collect() - Wait for the answer to what was sent; of several results the last counts
 * @sent: Did libpq take the question?
 * @ret:  As for db_query_on()
 */
static int collect(PGconn *pg, int sent, const char *what, int timeout_ms, PGresult **ret,
                   struct err *e)
{
        int64_t until_ms = clock_ms() + timeout_ms;
        OWN(pgresult) PGresult *last = NULL;
        ExecStatusType status;
        PGresult *res;

        if (!sent)
                return said(pg, NULL, what, e);
        do {
                if (wait_ready(pg, until_ms) < 0)
                        return said(pg, NULL, what, e);
                res = PQgetResult(pg);
                if (res) {
                        PQclear(last);
                        last = res;
                }
        } while (res);
        status = PQresultStatus(last);
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
                (void)said(pg, last, what, e);
        if (ret)
                *ret = GIVE(last);
        return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ? 0 : -1;
}

int db_query_on(PGconn *pg, enum statement st, const char *const *params, int timeout_ms,
                PGresult **ret, struct err *e)
{
        const struct statement_text *t = statement_text(st);
        int sent = PQsendQueryPrepared(pg, t->name, t->params, params, NULL, NULL, 0);

        return collect(pg, sent, t->name, timeout_ms, ret, e);
}

int db_prepare_on(PGconn *pg, enum statement st, int timeout_ms, struct err *e)
{
        const struct statement_text *t = statement_text(st);
        int sent = PQsendPrepare(pg, t->name, t->sql, t->params, NULL);

        return collect(pg, sent, t->name, timeout_ms, NULL, e);
}

int db_exec_on(PGconn *pg, const char *sql, int timeout_ms, PGresult **ret, struct err *e)
{
        return collect(pg, PQsendQuery(pg, sql), sql, timeout_ms, ret, e);
}
