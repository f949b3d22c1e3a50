/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: writing
 *
 * Every writing transaction first locks the one row of policy_state and moves
 * its revision if anything changed. So there is one writer at a time in the
 * whole deployment: revisions become visible in their order, tags cannot be
 * given twice, and no two writers can block each other. Before that it takes an
 * advisory lock, whose queue is fair: a row goes to whoever grabs it.
 */
#include "policy-server/store/arrays.h"
#include "policy-server/store/groups.h"
#include "policy-server/store/store.h"

#include <inttypes.h>
#include <string.h>

/* Readers that are further behind than this read everything anew. */
#define CHANGES_KEPT  20000
#define PRUNE_EVERY   512
#define REVISION_TEXT 24

/**
 * struct write - One create or delete, so that it can be started over
 * @columns:  The policies as parameters
 * @next:     The revision it will have if it changes something
 * @revision: The one that holds when it is done
 * @early:    Tags that were given out of quarantine
 */
struct write {
        const struct policy_list *list;
        const struct store_limits *limits;
        struct policy_arrays columns;
        char next[REVISION_TEXT];
        int64_t revision, early;
};

static int lock_state(struct db_conn *c, struct write *w, struct err *e)
{
        OWN(pgresult) PGresult *res = NULL;

        if (db_run(c, ST_QUEUE_UP, NULL, NULL, e) < 0 ||
            db_run(c, ST_LOCK_STATE, NULL, &res, e) < 0)
                return -1;
        w->revision = db_int(res, 0, 1);
        (void)snprintf(w->next, sizeof w->next, "%" PRId64, w->revision + 1);
        return 0;
}

static int commit_revision(struct db_conn *c, struct write *w, struct err *e)
{
        const char *params[] = { w->next };
        char until[REVISION_TEXT];

        w->revision++;
        if (db_run(c, ST_COMMIT_REVISION, params, NULL, e) < 0)
                return -1;
        if (w->revision % PRUNE_EVERY || w->revision <= CHANGES_KEPT)
                return 0;
        (void)snprintf(until, sizeof until, "%" PRId64, w->revision - CHANGES_KEPT);
        params[0] = until;
        return db_run(c, ST_PRUNE_CHANGES, params, NULL, e);
}

static int check_quota(struct db_conn *c, const struct write *w, struct err *e)
{
        OWN(pgresult) PGresult *res = NULL;
        char max[REVISION_TEXT];
        const char *params[] = { w->next, max };

        if (!w->limits->max_policies)
                return 0;
        (void)snprintf(max, sizeof max, "%" PRId64, w->limits->max_policies);
        if (db_run(c, ST_OVER_QUOTA, params, &res, e) < 0)
                return -1;
        return PQntuples(res) ? err_set(e, FAULT_DENIED, 0, "policy quota exceeded") : 0;
}

/** ids_of() - All apps of a list, sources first, as an array literal */
static int ids_of(const struct policy_list *list, struct str *array, struct err *e)
{
        for (size_t i = 0; i < list->count; i++) {
                array_add(array, list->items[i].source);
                array_add(array, list->items[i].destination);
        }
        (void)array_end(array);
        return str_ok(array, e);
}

static int create(struct db_conn *c, void *arg, struct err *e)
{
        struct write *w = arg;
        const struct policy_arrays *a = &w->columns;
        const char *destinations[] = { a->destinations.data, a->protocols.data, a->starts.data,
                                       a->ends.data };
        const char *policies[] = { a->sources.data, a->destinations.data, a->protocols.data,
                                   a->starts.data,  a->ends.data,         w->next };
        OWN(str) struct str ids = { 0 };
        OWN(pgresult) PGresult *added = NULL;

        if (ids_of(w->list, &ids, e) < 0 || lock_state(c, w, e) < 0 ||
            groups_ensure(c, ids.data, "app", w->limits, &w->early, e) < 0 ||
            db_run(c, ST_ADD_DESTINATIONS, destinations, NULL, e) < 0 ||
            db_run(c, ST_ADD_POLICIES, policies, &added, e) < 0)
                return -1;
        if (!db_affected(added))
                return 0;
        return check_quota(c, w, e) < 0 ? -1 : commit_revision(c, w, e);
}

static int delete (struct db_conn *c, void *arg, struct err *e)
{
        struct write *w = arg;
        const struct policy_arrays *a = &w->columns;
        const char *policies[] = { a->sources.data, a->destinations.data, a->protocols.data,
                                   a->starts.data,  a->ends.data,         w->next };
        const char *revision[] = { w->next };
        OWN(pgresult) PGresult *gone = NULL;

        if (lock_state(c, w, e) < 0 || db_run(c, ST_DELETE_POLICIES, policies, &gone, e) < 0)
                return -1;
        if (!db_affected(gone))
                return 0;
        if (db_run(c, ST_DELETE_DESTINATIONS, revision, NULL, e) < 0 ||
            db_run(c, ST_FREE_GROUPS, revision, NULL, e) < 0)
                return -1;
        return commit_revision(c, w, e);
}

static int run(struct db *db, const char *operation,
               int (*work)(struct db_conn *, void *, struct err *), struct write *w, struct err *e)
{
        int rc = -1;

        if (policy_arrays_fill(&w->columns, w->list, e) == 0)
                rc = db_transaction(db, operation, work, w, e);
        policy_arrays_done(&w->columns);
        return rc;
}

int store_create(struct db *db, const struct policy_list *list, const struct store_limits *limits,
                 struct store_created *ret, struct err *e)
{
        struct write w = { .list = list, .limits = limits };

        if (run(db, "Create", create, &w, e) < 0)
                return -1;
        *ret = (struct store_created){ .revision = w.revision, .tags_early = w.early };
        return 0;
}

int store_delete(struct db *db, const struct policy_list *list, int64_t *ret_revision,
                 struct err *e)
{
        struct write w = { .list = list };

        if (run(db, "Delete", delete, &w, e) < 0)
                return -1;
        *ret_revision = w.revision;
        return 0;
}

static int read_unfit(struct db_conn *c, void *arg, struct err *e)
{
        struct policy_list *list = arg;
        OWN(pgresult) PGresult *res = NULL;

        policy_list_done(list);
        if (db_run(c, ST_UNFIT, NULL, &res, e) < 0)
                return -1;
        for (int i = 0; i < PQntuples(res); i++) {
                struct policy p = { .source = PQgetvalue(res, i, 1),
                                    .destination = PQgetvalue(res, i, 3),
                                    .start = (uint16_t)db_int(res, i, 6),
                                    .end = (uint16_t)db_int(res, i, 7) };

                if (policy_proto_parse(PQgetvalue(res, i, 5), &p.proto, NULL) == 0 &&
                    policy_list_add(list, &p, e) < 0)
                        return -1;
        }
        return 0;
}

int store_unfit(struct db *db, struct policy_list *list, struct err *e)
{
        OWN(policy_list) struct policy_list found = { 0 };

        if (db_transaction(db, NULL, read_unfit, &found, e) < 0)
                return -1;
        return policy_list_append(list, &found, e);
}
