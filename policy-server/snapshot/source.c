/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/snapshot/source.h"

#include <inttypes.h>

/* A database that takes longer than this is not there, as far as readers go. */
#define QUERY_MS 3000

int source_open(const struct ps_config *c, int limit_s, PGconn **ret, struct err *e)
{
        OWN(pgconn) PGconn *pg = NULL;

        if (db_connect(c, limit_s, &pg, e) < 0 ||
            db_exec_on(pg, "LISTEN policy_changes", QUERY_MS, NULL, e) < 0 ||
            db_prepare_on(pg, ST_STATE, QUERY_MS, e) < 0 ||
            db_prepare_on(pg, ST_POLICIES, QUERY_MS, e) < 0 ||
            db_prepare_on(pg, ST_CHANGES, QUERY_MS, e) < 0)
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

/**
 * is_ours() - Could we have written this policy?
 *
 * A database that was taken over may hold ids that no API has let in. A cell that is
 * told one believes nothing of the whole answer.
 */
static bool is_ours(const struct policy *p)
{
        return policy_id_ok(p->source) && policy_id_ok(p->destination);
}

/** fill() - @left_out: Gets the number of rows that are not served */
static int fill(const PGresult *res, struct table *t, size_t *left_out, struct err *e)
{
        *left_out = 0;
        for (int i = 0; i < PQntuples(res); i++) {
                struct policy p = { .source = PQgetvalue(res, i, 1),
                                    .source_tag = (uint32_t)db_int(res, i, 2),
                                    .destination = PQgetvalue(res, i, 3),
                                    .destination_tag = (uint32_t)db_int(res, i, 4),
                                    .start = (uint16_t)db_int(res, i, 6),
                                    .end = (uint16_t)db_int(res, i, 7) };

                if (policy_proto_parse(PQgetvalue(res, i, 5), &p.proto, NULL) < 0)
                        continue; /* another program's row: not ours to serve */
                if (!is_ours(&p))
                        (*left_out)++;
                else if (table_add(t, &p, e) < 0)
                        return -1;
        }
        return 0;
}

int source_load(PGconn *pg, unsigned int tag_length, struct table **ret, struct source_state *state,
                size_t *ret_left_out, struct err *e)
{
        OWN(pgresult) PGresult *head = NULL;
        OWN(pgresult) PGresult *rows = NULL;
        OWN(table) struct table *t = NULL;

        if (table_new(tag_length, &t, e) < 0 ||
            db_exec_on(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", QUERY_MS, NULL, e) <
                    0 ||
            db_query_on(pg, ST_STATE, NULL, QUERY_MS, &head, e) < 0 ||
            db_query_on(pg, ST_POLICIES, NULL, DB_STATEMENT_MS, &rows, e) < 0 ||
            db_exec_on(pg, "COMMIT", QUERY_MS, NULL, e) < 0)
                return -1;
        if (PQntuples(head) != 1)
                return err_set(e, FAULT_UPSTREAM, 0, "the database has no policy_state");
        read_state(head, state);
        if (fill(rows, t, ret_left_out, e) < 0)
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
        if (db_query_on(pg, ST_CHANGES, params, QUERY_MS, &res, e) < 0)
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
        return policy_proto_parse(PQgetvalue(res, row, 9), &ret->policy.proto, NULL) == 0 &&
               is_ours(&ret->policy);
}
