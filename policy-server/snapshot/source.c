/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/snapshot/source.h"

#include "netman/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>

/* A database that takes longer than this is not there, as far as readers go. */
#define QUERY_MS 3000
#define LOAD_MS  60000

static int broken(PGconn *pg, const PGresult *res, const char *what, struct err *e)
{
        const char *text = res ? PQresultErrorMessage(res) : PQerrorMessage(pg);

        return err_set(e, FAULT_UPSTREAM, 0, "%s: %.*s", what, (int)strcspn(text, "\n"), text);
}

/** collect() - Wait for the answer to what was sent; the last result counts */
static int collect(PGconn *pg, const char *what, int timeout_ms, PGresult **ret, struct err *e)
{
        int64_t until = clock_ms() + timeout_ms;
        OWN(pgresult) PGresult *last = NULL;
        PGresult *res;
        ExecStatusType status;

        while (PQisBusy(pg)) {
                struct pollfd p = { .fd = PQsocket(pg), .events = POLLIN };
                int64_t left = until - clock_ms();

                if (left <= 0)
                        return err_set(e, FAULT_UPSTREAM, ETIMEDOUT, "%s", what);
                if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
                        return err_set(e, FAULT_SYSTEM, errno, "%s", what);
                if (!PQconsumeInput(pg))
                        return broken(pg, NULL, what, e);
        }
        while ((res = PQgetResult(pg))) {
                PQclear(last);
                last = res;
        }
        status = PQresultStatus(last);
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
                return broken(pg, last, what, e);
        if (ret)
                *ret = GIVE(last);
        return 0;
}

static int query(PGconn *pg, enum statement st, const char *const *params, int timeout_ms,
                 PGresult **ret, struct err *e)
{
        const struct statement_text *t = statement_text(st);

        if (!PQsendQueryPrepared(pg, t->name, t->params, params, NULL, NULL, 0))
                return broken(pg, NULL, t->name, e);
        return collect(pg, t->name, timeout_ms, ret, e);
}

static int plain(PGconn *pg, const char *sql, struct err *e)
{
        if (!PQsendQuery(pg, sql))
                return broken(pg, NULL, sql, e);
        return collect(pg, sql, QUERY_MS, NULL, e);
}

int source_open(const struct ps_config *c, PGconn **ret, struct err *e)
{
        OWN(pgconn) PGconn *pg = NULL;

        if (db_connect(c, &pg, e) < 0 || plain(pg, "LISTEN policy_changes", e) < 0 ||
            db_prepare_on(pg, ST_STATE, e) < 0 || db_prepare_on(pg, ST_POLICIES, e) < 0 ||
            db_prepare_on(pg, ST_CHANGES, e) < 0)
                return -1;
        *ret = GIVE(pg);
        return 0;
}

static void read_state(const PGresult *res, struct source_state *state)
{
        (void)snprintf(state->epoch, sizeof state->epoch, "%s", PQgetvalue(res, 0, 0));
        state->revision = db_int(res, 0, 1);
        state->changes_from = db_int(res, 0, 2);
}

static int fill(const PGresult *res, struct table *t, struct err *e)
{
        for (int i = 0; i < PQntuples(res); i++) {
                struct policy p = { .source = PQgetvalue(res, i, 1),
                                    .source_tag = (uint32_t)db_int(res, i, 2),
                                    .destination = PQgetvalue(res, i, 3),
                                    .destination_tag = (uint32_t)db_int(res, i, 4),
                                    .start = (uint16_t)db_int(res, i, 6),
                                    .end = (uint16_t)db_int(res, i, 7) };

                if (policy_proto_parse(PQgetvalue(res, i, 5), &p.proto, NULL) < 0)
                        continue; /* another program's row: not ours to serve */
                if (table_add(t, &p, e) < 0)
                        return -1;
        }
        return 0;
}

int source_load(PGconn *pg, unsigned int tag_length, struct table **ret, struct source_state *state,
                struct err *e)
{
        OWN(pgresult) PGresult *head = NULL;
        OWN(pgresult) PGresult *rows = NULL;
        OWN(table) struct table *t = NULL;

        if (table_new(tag_length, &t, e) < 0 ||
            plain(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", e) < 0 ||
            query(pg, ST_STATE, NULL, QUERY_MS, &head, e) < 0 ||
            query(pg, ST_POLICIES, NULL, LOAD_MS, &rows, e) < 0 || plain(pg, "COMMIT", e) < 0)
                return -1;
        if (PQntuples(head) != 1)
                return err_set(e, FAULT_UPSTREAM, 0, "the database has no policy_state");
        read_state(head, state);
        if (fill(rows, t, e) < 0)
                return -1;
        *ret = GIVE(t);
        return 0;
}

int source_changes(PGconn *pg, int64_t since, struct source_state *state, PGresult **ret,
                   struct err *e)
{
        OWN(pgresult) PGresult *res = NULL;
        char text[24];
        const char *params[] = { text };

        (void)snprintf(text, sizeof text, "%" PRId64, since);
        if (query(pg, ST_CHANGES, params, QUERY_MS, &res, e) < 0)
                return -1;
        if (PQntuples(res) < 1)
                return err_set(e, FAULT_UPSTREAM, 0, "the database has no policy_state");
        read_state(res, state);
        *ret = GIVE(res);
        return 0;
}

bool source_change(const PGresult *res, int row, struct source_change *ret)
{
        if (PQgetisnull(res, row, 3))
                return false;
        *ret = (struct source_change){
                .added = *PQgetvalue(res, row, 3) == 't',
                .policy = { .source = PQgetvalue(res, row, 5),
                            .source_tag = (uint32_t)db_int(res, row, 6),
                            .destination = PQgetvalue(res, row, 7),
                            .destination_tag = (uint32_t)db_int(res, row, 8),
                            .start = (uint16_t)db_int(res, row, 10),
                            .end = (uint16_t)db_int(res, row, 11) },
        };
        return policy_proto_parse(PQgetvalue(res, row, 9), &ret->policy.proto, NULL) == 0;
}
