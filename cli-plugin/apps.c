/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/apps.h"

#include <stdlib.h>
#include <string.h>

static void app_done(struct app *a)
{
        free(a->id);
        free(a->name);
        free(a->parent);
        *a = (struct app){ 0 };
}

static int reserve(struct app_list *l, struct err *e)
{
        size_t cap = l->cap ? l->cap * 2 : 16;
        struct app *items;

        if (l->count < l->cap)
                return 0;
        items = reallocarray(l->items, cap, sizeof *items);
        if (!items)
                return err_oom(e);
        l->items = items;
        l->cap = cap;
        return 0;
}

int app_list_add(struct app_list *l, const char *id, const char *name, const char *parent,
                 struct err *e)
{
        struct app *a;

        if (reserve(l, e) < 0)
                return -1;
        a = &l->items[l->count];
        *a = (struct app){ strdup(id), strdup(name), strdup(parent) };
        if (!a->id || !a->name || !a->parent) {
                app_done(a);
                return err_oom(e);
        }
        l->count++;
        return 0;
}

static int compare(const void *a, const void *b)
{
        return strcmp(((const struct app *)a)->id, ((const struct app *)b)->id);
}

void app_list_sort(struct app_list *l)
{
        size_t kept = 0;

        if (l->count)
                qsort(l->items, l->count, sizeof *l->items, compare);
        for (size_t i = 0; i < l->count; i++) {
                if (kept && compare(&l->items[kept - 1], &l->items[i]) == 0)
                        app_done(&l->items[i]);
                else
                        l->items[kept++] = l->items[i];
        }
        l->count = kept;
}

const struct app *app_list_find(const struct app_list *l, const char *id)
{
        struct app key = { .id = (char *)id }; /* only compared */

        return l->count ? bsearch(&key, l->items, l->count, sizeof *l->items, compare) : NULL;
}

void app_list_done(struct app_list *l)
{
        for (size_t i = 0; i < l->count; i++)
                app_done(&l->items[i]);
        free(l->items);
        *l = (struct app_list){ 0 };
}
