/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/snapshot/table.h"

#include "netman/hash.h"
#include "policy-server/snapshot/table_impl.h"

#include <openssl/sha.h>
#include <string.h>

#define BUCKETS_MIN 1024

static uint64_t hash_id(const char *id, size_t len)
{
        return hash_fold(hash_fnv(id, len)); /* ids come from the Cloud Controller */
}

int table_new(unsigned int tag_length, struct table **ret, struct err *e)
{
        OWN(table) struct table *t = calloc(1, sizeof *t);

        if (!t)
                return err_oom(e);
        t->tag_length = tag_length;
        t->tail = &t->first;
        t->bucket_count = BUCKETS_MIN;
        t->buckets = calloc(t->bucket_count, sizeof *t->buckets);
        if (!t->buckets)
                return err_oom(e);
        *ret = GIVE(t);
        return 0;
}

static void free_app(struct table_app *app)
{
        free(app->out.items);
        free(app->in.items);
        free(app->id);
        free(app);
}

void table_free(struct table *t)
{
        struct table_policy *p;

        if (!t)
                return;
        while ((p = t->first)) {
                t->first = p->next;
                free(p);
        }
        for (size_t i = 0; t->buckets && i < t->bucket_count; i++) {
                struct table_app *app;

                while ((app = t->buckets[i])) {
                        t->buckets[i] = app->next;
                        free_app(app);
                }
        }
        free(t->buckets);
        free(t);
}

struct table_app *table_find(const struct table *t, const char *id, size_t len)
{
        struct table_app *app = t->buckets[hash_id(id, len) & (t->bucket_count - 1)];

        while (app && !(app->id_len == len && memcmp(app->id, id, len) == 0))
                app = app->next;
        return app;
}

static void grow(struct table *t)
{
        size_t count = t->bucket_count * 2;
        struct table_app **buckets = calloc(count, sizeof *buckets);

        if (!buckets)
                return; /* longer chains are slow, not wrong */
        for (size_t i = 0; i < t->bucket_count; i++) {
                struct table_app *app;

                while ((app = t->buckets[i])) {
                        size_t at = hash_id(app->id, app->id_len) & (count - 1);

                        t->buckets[i] = app->next;
                        app->next = buckets[at];
                        buckets[at] = app;
                }
        }
        free(t->buckets);
        t->buckets = buckets;
        t->bucket_count = count;
}

static struct table_app *find_or_make(struct table *t, const char *id)
{
        size_t len = strlen(id), at;
        struct table_app *app = table_find(t, id, len);

        if (app)
                return app;
        if (t->app_count >= t->bucket_count)
                grow(t);
        app = calloc(1, sizeof *app);
        if (!app || !(app->id = strdup(id))) {
                free(app);
                return NULL;
        }
        app->id_len = len;
        at = hash_id(id, len) & (t->bucket_count - 1);
        app->next = t->buckets[at];
        t->buckets[at] = app;
        t->app_count++;
        return app;
}

/** drop_if_idle() - Forget an app that no policy touches */
static void drop_if_idle(struct table *t, struct table_app *app)
{
        struct table_app **at = &t->buckets[hash_id(app->id, app->id_len) & (t->bucket_count - 1)];

        if (app->out.count || app->in.count)
                return;
        while (*at != app)
                at = &(*at)->next;
        *at = app->next;
        t->app_count--;
        free_app(app);
}

static bool vec_add(struct table_vec *v, struct table_policy *p, uint32_t *at)
{
        if (v->count == v->cap) {
                uint32_t cap = v->cap ? v->cap * 2 : 4;
                struct table_policy **items = reallocarray(v->items, cap, sizeof(void *));

                if (!items)
                        return false;
                v->items = items;
                v->cap = cap;
        }
        *at = v->count;
        v->items[v->count++] = p;
        return true;
}

/** vec_remove_out(), vec_remove_in() - Fill the gap with the last one */
static void vec_remove_out(struct table_vec *v, uint32_t at)
{
        v->items[at] = v->items[--v->count];
        v->items[at]->out_at = at;
}

static void vec_remove_in(struct table_vec *v, uint32_t at)
{
        v->items[at] = v->items[--v->count];
        v->items[at]->in_at = at;
}

static bool is(const struct table_policy *p, const struct table_app *src,
               const struct table_app *dst, const struct policy *want)
{
        return p->src == src && p->dst == dst && p->proto == (uint8_t)want->proto &&
               p->start == want->start && p->end == want->end;
}

/** find_policy() - By way of the end that has fewer policies */
static struct table_policy *find_policy(const struct table_app *src, const struct table_app *dst,
                                        const struct policy *want)
{
        const struct table_vec *v = src->out.count < dst->in.count ? &src->out : &dst->in;

        for (uint32_t i = 0; i < v->count; i++) {
                if (is(v->items[i], src, dst, want))
                        return v->items[i];
        }
        return NULL;
}

static void add_fp(struct fingerprint *to, const struct fingerprint *fp)
{
        to->a += fp->a;
        to->b += fp->b;
}

static void sub_fp(struct fingerprint *from, const struct fingerprint *fp)
{
        from->a -= fp->a;
        from->b -= fp->b;
}

/**
 * make_policy() - With its JSON in one piece
 *
 * The v0 form has all that the v1 form has and "port" besides; where that
 * begins and ends is noted, so that one text serves both.
 */
static struct table_policy *make_policy(const struct table *t, const struct policy *p)
{
        OWN(str) struct str v1 = { 0 };
        unsigned char md[SHA256_DIGEST_LENGTH];
        struct table_policy *tp;
        char port[16];
        const char *ports;
        size_t port_len;

        (void)policy_print(p, POLICY_V1, POLICY_INTERNAL, t->tag_length, &v1);
        ports = v1.bad ? NULL : strstr(v1.data, "\"ports\":{\"start\"");
        if (!ports)
                return NULL;
        port_len = (size_t)snprintf(port, sizeof port, "\"port\":%u,", (unsigned int)p->start);
        tp = calloc(1, sizeof *tp + v1.len + port_len);
        if (!tp)
                return NULL;
        tp->head_len = (uint32_t)(ports - v1.data);
        tp->port_len = (uint32_t)port_len;
        tp->len = (uint32_t)(v1.len + port_len);
        memcpy(tp->json, v1.data, tp->head_len);
        memcpy(tp->json + tp->head_len, port, port_len);
        memcpy(tp->json + tp->head_len + port_len, ports, v1.len - tp->head_len);
        tp->proto = (uint8_t)p->proto;
        tp->start = p->start;
        tp->end = p->end;
        (void)SHA256((const unsigned char *)v1.data, v1.len, md);
        memcpy(&tp->fp, md, sizeof tp->fp);
        return tp;
}

static void append(struct table *t, struct table_policy *tp)
{
        tp->prev_next = t->tail;
        *t->tail = tp;
        t->tail = &tp->next;
        t->count++;
        add_fp(&t->fp, &tp->fp);
        add_fp(&tp->src->fp, &tp->fp);
        if (tp->dst != tp->src)
                add_fp(&tp->dst->fp, &tp->fp);
}

int table_add(struct table *t, const struct policy *p, struct err *e)
{
        struct table_app *src = find_or_make(t, p->source);
        struct table_app *dst = src ? find_or_make(t, p->destination) : NULL;
        struct table_policy *tp;

        if (!dst)
                return err_oom(e);
        if (find_policy(src, dst, p))
                return 0;
        tp = make_policy(t, p);
        if (!tp)
                return err_oom(e);
        src->tag = p->source_tag;
        dst->tag = p->destination_tag;
        tp->src = src;
        tp->dst = dst;
        if (!vec_add(&src->out, tp, &tp->out_at)) {
                free(tp);
                return err_oom(e);
        }
        if (!vec_add(&dst->in, tp, &tp->in_at)) {
                src->out.count--;
                free(tp);
                return err_oom(e);
        }
        append(t, tp);
        return 0;
}

void table_remove(struct table *t, const struct policy *p)
{
        struct table_app *src = table_find(t, p->source, strlen(p->source));
        struct table_app *dst = table_find(t, p->destination, strlen(p->destination));
        struct table_policy *tp = src && dst ? find_policy(src, dst, p) : NULL;

        if (!tp)
                return;
        vec_remove_out(&src->out, tp->out_at);
        vec_remove_in(&dst->in, tp->in_at);
        sub_fp(&t->fp, &tp->fp);
        sub_fp(&src->fp, &tp->fp);
        if (dst != src)
                sub_fp(&dst->fp, &tp->fp);
        *tp->prev_next = tp->next;
        if (tp->next)
                tp->next->prev_next = tp->prev_next;
        else
                t->tail = tp->prev_next;
        t->count--;
        free(tp);
        drop_if_idle(t, src);
        if (dst != src)
                drop_if_idle(t, dst);
}

size_t table_count(const struct table *t)
{
        return t->count;
}
