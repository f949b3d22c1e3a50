/* SPDX-License-Identifier: Apache-2.0 */
/* apply-access: make the policies of a space those of a file. */
#include "cli-plugin/replace.h"
#include "cli-plugin/run.h"
#include "cli-plugin/wishes.h"

#include "netman/file.h"

#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)16 << 20)

/** struct name - An app in the list that is sorted by name */
struct name {
        const struct app *app;
};

/**
 * struct plan - What there is, what is wanted, and the difference
 * @apps:    Of the targeted space, by id
 * @by_name: The same apps, sorted by name
 * @kept:    How many are there and wanted
 */
struct plan {
        struct app_list apps;
        struct name *by_name;
        struct policy_list wanted, present, add, remove;
        size_t kept;
};

static void plan_drop(struct plan *p)
{
        app_list_done(&p->apps);
        free(p->by_name);
        policy_list_done(&p->wanted);
        policy_list_done(&p->present);
        policy_list_done(&p->add);
        policy_list_done(&p->remove);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(((const struct name *)a)->app->name, ((const struct name *)b)->app->name);
}

static int index_names(struct plan *p, struct err *e)
{
        p->by_name = calloc(p->apps.count + 1, sizeof *p->by_name);
        if (!p->by_name)
                return err_oom(e);
        for (size_t i = 0; i < p->apps.count; i++)
                p->by_name[i].app = &p->apps.items[i];
        qsort(p->by_name, p->apps.count, sizeof *p->by_name, compare_names);
        return 0;
}

static int id_of(const struct plan *p, const char *name, char **ret, struct err *e)
{
        const struct app named = { .name = (char *)name }; /* only compared */
        const struct name key = { &named }, *found;

        found = bsearch(&key, p->by_name, p->apps.count, sizeof *p->by_name, compare_names);
        if (!found)
                return err_set(e, FAULT_ABSENT, 0, "App %.100s not found", name);
        *ret = found->app->id;
        return 0;
}

static int read_wishes(struct plan *p, const char *path, struct err *e)
{
        OWN(policy_list) struct policy_list named = { 0 };
        OWN(str) struct str text = { 0 };

        if (file_read(path, FILE_MAX, &text, e) < 0)
                return -1;
        if (wishes_parse(str_text(&text), text.len, &named, e) < 0)
                return err_add(e, "%s", path);
        for (size_t i = 0; i < named.count; i++) {
                struct policy wish = named.items[i];

                if (id_of(p, named.items[i].source, &wish.source, e) < 0 ||
                    id_of(p, named.items[i].destination, &wish.destination, e) < 0 ||
                    policy_list_add(&p->wanted, &wish, e) < 0)
                        return err_add(e, "%s", path);
        }
        policy_list_sort(&p->wanted);
        return 0;
}

/** read_present() - Policies whose two apps are in the space: others are not this file's */
static int read_present(struct session *s, struct plan *p, struct err *e)
{
        OWN(policy_list) struct policy_list all = { 0 };

        if (policies_list(s, &(struct policy_filter){ 0 }, &all, e) < 0)
                return -1;
        for (size_t i = 0; i < all.count; i++) {
                const struct policy *it = &all.items[i];

                if (app_list_find(&p->apps, it->source) &&
                    app_list_find(&p->apps, it->destination) &&
                    policy_list_add(&p->present, it, e) < 0)
                        return -1;
        }
        policy_list_sort(&p->present);
        return 0;
}

/** compare_lists() - Both are sorted: walk them side by side */
static int compare_lists(struct plan *p, struct err *e)
{
        size_t w = 0, h = 0;

        while (w < p->wanted.count || h < p->present.count) {
                int order = w == p->wanted.count ? 1
                            : h == p->present.count
                                    ? -1
                                    : policy_compare(&p->wanted.items[w], &p->present.items[h]);

                if (order < 0 && policy_list_add(&p->add, &p->wanted.items[w], e) < 0)
                        return -1;
                if (order > 0 && policy_list_add(&p->remove, &p->present.items[h], e) < 0)
                        return -1;
                p->kept += order == 0;
                w += order <= 0;
                h += order >= 0;
        }
        return 0;
}

static void say_list(const struct plan *p, const struct policy_list *list, const char *sign,
                     enum style style, struct out *o)
{
        for (size_t i = 0; i < list->count; i++) {
                const struct policy *it = &list->items[i];
                OWN(str) struct str line = { 0 };

                str_addf(&line, "%s %s -> %s %s ", sign, app_list_find(&p->apps, it->source)->name,
                         app_list_find(&p->apps, it->destination)->name,
                         policy_proto_name(it->proto));
                print_ports(it, &line);
                out_add(o, style, str_text(&line));
                str_add(&o->text, "\n");
        }
}

static void say_difference(const struct plan *p, const struct args *a, struct out *o)
{
        say_list(p, &p->add, "+", STYLE_GREEN, o);
        if (a->prune)
                say_list(p, &p->remove, "-", STYLE_RED, o);
        str_addf(&o->text, "%zu to add, %zu to remove, %zu unchanged", p->add.count,
                 a->prune ? p->remove.count : 0, p->kept);
        if (!a->prune && p->remove.count)
                str_addf(&o->text, ", %zu not in the file (--prune removes them)", p->remove.count);
        str_add(&o->text, "\n");
}

int run_apply(struct session *s, const struct args *a, struct out *o, struct err *e)
{
        static const struct policy_list nothing = { 0 };
        OWN(plan) struct plan p = { 0 };

        str_addf(&o->text, "Applying policies of %s", a->file);
        if (say_user(s, o, e) < 0 || out_flush(o, e) < 0)
                return -1;
        if (s->ops->apps(s, &p.apps, e) < 0)
                return err_add(e, "getting apps");
        app_list_sort(&p.apps);
        if (index_names(&p, e) < 0 || read_wishes(&p, a->file, e) < 0 ||
            read_present(s, &p, e) < 0 || compare_lists(&p, e) < 0)
                return -1;
        say_difference(&p, a, o);
        if (a->dry_run) {
                str_add(&o->text, "Dry run: nothing was changed\n");
                return 0;
        }
        if (out_flush(o, e) < 0 || check_wait(s, a, e) < 0 ||
            replace_policies(s, &p.add, a->prune ? &p.remove : &nothing, e) < 0 ||
            wait_for_cells(s, a, o, e) < 0)
                return -1;
        say_ok(o);
        return 0;
}
