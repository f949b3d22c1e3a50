/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/poll/containers.h"

#include "netman/own.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/**
 * index_items() - Fill in what the planner and the query for policies need
 *
 * An id that no app can have is treated as none: it would spoil the query for
 * all others.
 */
static int index_items(struct containers *c, struct err *e)
{
        size_t n = 0;

        c->items = calloc(c->list.count + 1, sizeof *c->items);
        c->ids = calloc(c->list.count + 1, sizeof *c->ids);
        if (!c->items || !c->ids)
                return err_oom(e);
        for (size_t i = 0; i < c->list.count; i++) {
                const struct ds_container *from = &c->list.items[i];
                const char *app = ds_container_meta(from, "policy_group_id");

                if (app && !policy_id_ok(app))
                        app = NULL;
                c->items[c->count++] = (struct plan_container){ .handle = from->handle,
                                                                .app = app,
                                                                .ip = ntohl(from->ip_be) };
                if (app)
                        c->ids[n++] = app;
        }
        qsort(c->ids, n, sizeof *c->ids, by_text);
        for (size_t i = 0; i < n; i++)
                if (!i || strcmp(c->ids[i], c->ids[c->id_count - 1]) != 0)
                        c->ids[c->id_count++] = c->ids[i];
        return 0;
}

int containers_read(const char *path, struct containers *ret, struct err *e)
{
        OWN(containers) struct containers c = { 0 };

        if (datastore_read(path, &c.list, e) < 0 || index_items(&c, e) < 0)
                return -1;
        containers_done(ret);
        *ret = c;
        c = (struct containers){ 0 };
        return 0;
}

bool containers_stale(const char *path, const struct containers *c)
{
        struct ds_stamp now;

        return datastore_stamp(path, &now, NULL) < 0 || !ds_stamp_eq(&now, &c->list.stamp);
}

bool containers_same_ids(const struct containers *a, const struct containers *b)
{
        if (a->id_count != b->id_count)
                return false;
        for (size_t i = 0; i < a->id_count; i++)
                if (strcmp(a->ids[i], b->ids[i]) != 0)
                        return false;
        return true;
}

void containers_swap(struct containers *a, struct containers *b)
{
        struct containers c = *a;

        *a = *b;
        *b = c;
}

void containers_done(struct containers *c)
{
        free(c->items);
        free(c->ids);
        ds_list_done(&c->list);
        *c = (struct containers){ 0 };
}
