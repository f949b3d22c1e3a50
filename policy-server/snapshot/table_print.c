/* SPDX-License-Identifier: Apache-2.0 */
/* Answers from the table: select apps, gather their policies, copy their JSON. */
#include "policy-server/snapshot/table_impl.h"

#include <string.h>

static size_t count_ids(const char *ids)
{
        size_t n = 1;

        for (; *ids; ids++)
                n += *ids == ',';
        return n;
}

static int by_address(const void *a, const void *b)
{
        const struct table_app *x = *(const struct table_app *const *)a;
        const struct table_app *y = *(const struct table_app *const *)b;

        return (x > y) - (x < y);
}

int table_select(const struct table *t, const char *ids, struct table_selection *ret, struct err *e)
{
        struct table_selection s = { .all = !ids };
        size_t kept = 0;

        if (ids) {
                s.apps = calloc(count_ids(ids), sizeof *s.apps);
                if (!s.apps)
                        return err_oom(e);
        }
        while (ids) {
                size_t len = strcspn(ids, ",");
                const struct table_app *app = table_find(t, ids, len);

                if (app)
                        s.apps[s.count++] = app;
                ids = ids[len] ? ids + len + 1 : NULL;
        }
        if (s.count)
                qsort(s.apps, s.count, sizeof *s.apps, by_address);
        for (size_t i = 0; i < s.count; i++) {
                if (!kept || s.apps[kept - 1] != s.apps[i])
                        s.apps[kept++] = s.apps[i];
        }
        s.count = kept;
        *ret = s;
        return 0;
}

void table_selection_done(struct table_selection *s)
{
        free(s->apps);
        *s = (struct table_selection){ 0 };
}

struct fingerprint table_fingerprint(const struct table *t, const struct table_selection *s)
{
        struct fingerprint fp = { 0 };

        if (s->all)
                return t->fp;
        for (size_t i = 0; i < s->count; i++) {
                fp.a += s->apps[i]->fp.a;
                fp.b += s->apps[i]->fp.b;
        }
        return fp;
}

static bool in_selection(const struct table_selection *s, const struct table_app *app)
{
        return bsearch(&app, s->apps, s->count, sizeof *s->apps, by_address);
}

/** struct gathered - The policies of an answer */
struct gathered {
        const struct table_policy **items;
        size_t count, bytes;
};

static void take(struct gathered *g, const struct table_policy *p, enum policy_version v)
{
        if (v == POLICY_V0 && p->start != p->end)
                return; /* a range does not show in v0 */
        g->items[g->count++] = p;
        g->bytes += p->len + 1;
}

static size_t most(const struct table *t, const struct table_selection *s)
{
        size_t n = 0;

        if (s->all)
                return t->count;
        for (size_t i = 0; i < s->count; i++)
                n += s->apps[i]->out.count + s->apps[i]->in.count;
        return n;
}

static int gather(const struct table *t, const struct table_selection *s, enum policy_version v,
                  struct gathered *g, struct err *e)
{
        g->items = calloc(most(t, s) + 1, sizeof *g->items);
        if (!g->items)
                return err_oom(e);
        for (const struct table_policy *p = s->all ? t->first : NULL; p; p = p->next)
                take(g, p, v);
        for (size_t i = 0; i < s->count; i++) {
                const struct table_app *app = s->apps[i];

                for (uint32_t k = 0; k < app->out.count; k++)
                        take(g, app->out.items[k], v);
                for (uint32_t k = 0; k < app->in.count; k++) {
                        /* Else it was taken, or will be, at its source. */
                        if (!in_selection(s, app->in.items[k]->src))
                                take(g, app->in.items[k], v);
                }
        }
        return 0;
}

static void print_one(const struct table_policy *p, enum policy_version v, struct str *out)
{
        size_t skip = v == POLICY_V1 ? p->port_len : 0;

        str_add_mem(out, p->json, p->head_len);
        str_add_mem(out, p->json + p->head_len + skip, p->len - p->head_len - skip);
}

int table_print(const struct table *t, const struct table_selection *s, enum policy_version v,
                struct str *out, struct err *e)
{
        struct gathered g = { 0 };

        if (gather(t, s, v, &g, e) < 0)
                return -1;
        (void)str_reserve(out, g.bytes + 64); /* str_ok() tells */
        str_addf(out, "{\"total_policies\":%zu,\"policies\":[", g.count);
        for (size_t i = 0; i < g.count; i++) {
                if (i)
                        str_add_mem(out, ",", 1);
                print_one(g.items[i], v, out);
        }
        str_add(out, "]}");
        free(g.items);
        return str_ok(out, e);
}

int table_each(const struct table *t,
               int (*visit)(void *arg, const struct policy *p, struct err *e), void *arg,
               struct err *e)
{
        for (const struct table_policy *tp = t->first; tp; tp = tp->next) {
                const struct policy p = { .source = tp->src->id,
                                          .destination = tp->dst->id,
                                          .source_tag = tp->src->tag,
                                          .destination_tag = tp->dst->tag,
                                          .proto = (enum policy_proto)tp->proto,
                                          .start = tp->start,
                                          .end = tp->end };

                if (visit(arg, &p, e) < 0)
                        return -1;
        }
        return 0;
}
