/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/store/groups.h"

#include "policy-server/store/arrays.h"

#include <string.h>

#define NUMBER_TEXT 24

static int64_t count_true(const PGresult *res)
{
        int64_t n = 0;

        for (int i = 0; i < PQntuples(res); i++)
                n += *PQgetvalue(res, i, 0) == 't';
        return n;
}

int groups_ensure(struct db_conn *c, const char *ids, const char *type,
                  const struct store_limits *limits, int64_t *ret_early, struct err *e)
{
        OWN(pgresult) PGresult *missing = NULL;
        OWN(pgresult) PGresult *taken = NULL;
        OWN(str) struct str wanted = { 0 };
        char count[NUMBER_TEXT], max[NUMBER_TEXT], quarantine[NUMBER_TEXT];
        const char *who[] = { ids }, *grow[] = { count, max },
                   *take[] = { NULL, type, max, quarantine };
        int n;

        *ret_early = 0;
        if (db_run(c, ST_MISSING_GROUPS, who, &missing, e) < 0)
                return -1;
        n = PQntuples(missing);
        if (!n)
                return 0;
        for (int i = 0; i < n; i++)
                array_add(&wanted, PQgetvalue(missing, i, 0));
        take[0] = array_end(&wanted);
        if (str_ok(&wanted, e) < 0)
                return -1;
        (void)snprintf(count, sizeof count, "%d", n);
        (void)snprintf(max, sizeof max, "%u", (unsigned int)limits->tag_max);
        (void)snprintf(quarantine, sizeof quarantine, "%lld", (long long)limits->quarantine_s);
        if (db_run(c, ST_GROW_GROUPS, grow, NULL, e) < 0 ||
            db_run(c, ST_TAKE_GROUPS, take, &taken, e) < 0)
                return -1;
        if (db_affected(taken) < n)
                return err_set(e, FAULT_CONFLICT, 0,
                               "all %u tags are in use: %lld more are needed, %lld are free",
                               (unsigned int)limits->tag_max, (long long)n,
                               (long long)db_affected(taken));
        *ret_early = count_true(taken);
        return 0;
}

static int read_tags(struct db_conn *c, void *arg, struct err *e)
{
        struct store_tags *tags = arg;
        OWN(pgresult) PGresult *res = NULL;

        store_tags_done(tags);
        if (db_run(c, ST_TAGS, NULL, &res, e) < 0)
                return -1;
        tags->items = calloc((size_t)PQntuples(res) + 1, sizeof *tags->items);
        if (!tags->items)
                return err_oom(e);
        for (int i = 0; i < PQntuples(res); i++) {
                struct store_tag *t = &tags->items[tags->count++];

                t->id = strdup(PQgetvalue(res, i, 0));
                t->type = strdup(PQgetvalue(res, i, 1));
                t->tag = (uint32_t)db_int(res, i, 2);
                if (!t->id || !t->type)
                        return err_oom(e);
        }
        return 0;
}

int store_tags(struct db *db, struct store_tags *ret, struct err *e)
{
        if (db_transaction(db, "Tags", read_tags, ret, e) == 0)
                return 0;
        store_tags_done(ret);
        return -1;
}

void store_tags_done(struct store_tags *tags)
{
        for (size_t i = 0; i < tags->count; i++) {
                free(tags->items[i].id);
                free(tags->items[i].type);
        }
        free(tags->items);
        *tags = (struct store_tags){ 0 };
}

static int count_tags(struct db_conn *c, void *arg, struct err *e)
{
        OWN(pgresult) PGresult *res = NULL;

        if (db_run(c, ST_TAG_COUNT, NULL, &res, e) < 0)
                return -1;
        *(int64_t *)arg = db_int(res, 0, 0);
        return 0;
}

int store_tag_count(struct db *db, int64_t *ret, struct err *e)
{
        return db_transaction(db, NULL, count_tags, ret, e);
}

/** struct tag_wish - One id that wants a tag */
struct tag_wish {
        const char *id, *type;
        const struct store_limits *limits;
        uint32_t tag;
        int64_t early;
};

static int make_tag(struct db_conn *c, void *arg, struct err *e)
{
        struct tag_wish *w = arg;
        OWN(str) struct str ids = { 0 };
        OWN(pgresult) PGresult *res = NULL;
        const char *who[] = { w->id };

        array_add(&ids, w->id);
        (void)array_end(&ids);
        if (str_ok(&ids, e) < 0 || db_run(c, ST_QUEUE_UP, NULL, NULL, e) < 0 ||
            db_run(c, ST_LOCK_STATE, NULL, NULL, e) < 0 ||
            groups_ensure(c, ids.data, w->type, w->limits, &w->early, e) < 0 ||
            db_run(c, ST_GROUP, who, &res, e) < 0)
                return -1;
        if (PQntuples(res) != 1)
                return err_set(e, FAULT_SYSTEM, 0, "the tag just made is not there");
        if (!str_eq(PQgetvalue(res, 0, 1), w->type))
                return err_set(e, FAULT_CONFLICT, 0, "'%s' has a tag of type '%s'", w->id,
                               PQgetvalue(res, 0, 1));
        w->tag = (uint32_t)db_int(res, 0, 0);
        return 0;
}

int store_tag_make(struct db *db, const char *id, const char *type,
                   const struct store_limits *limits, uint32_t *ret_tag, int64_t *ret_early,
                   struct err *e)
{
        struct tag_wish w = { .id = id, .type = type, .limits = limits };

        if (db_transaction(db, "CreateTag", make_tag, &w, e) < 0)
                return -1;
        *ret_tag = w.tag;
        *ret_early = w.early;
        return 0;
}
