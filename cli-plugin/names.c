/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/names.h"

#include "cli-plugin/cc.h"

#include "netman/own.h"

#include <stdlib.h>

void names_done(struct names *n)
{
        app_list_done(&n->apps);
        app_list_done(&n->spaces);
        app_list_done(&n->orgs);
}

struct place names_place(const struct names *n, const char *id)
{
        struct place p = { .app = app_list_find(&n->apps, id) };

        if (p.app)
                p.space = app_list_find(&n->spaces, p.app->parent);
        if (p.space)
                p.org = app_list_find(&n->orgs, p.space->parent);
        return p;
}

const char *names_text(const struct app *a)
{
        return a ? a->name : "";
}

/**
 * collect() - Ids to ask for, each once, sorted
 * @policies: The apps in these, or NULL
 * @things:   What these belong to, or NULL
 */
static int collect(const struct policy_list *policies, const struct app_list *things,
                   struct app_list *ret, struct err *e)
{
        for (size_t i = 0; policies && i < policies->count; i++) {
                if (app_list_add(ret, policies->items[i].source, "", "", e) < 0 ||
                    app_list_add(ret, policies->items[i].destination, "", "", e) < 0)
                        return -1;
        }
        for (size_t i = 0; things && i < things->count; i++) {
                if (app_list_add(ret, things->items[i].parent, "", "", e) < 0)
                        return -1;
        }
        app_list_sort(ret);
        return 0;
}

static int ask_names(struct session *s, const char *kind, const struct app_list *ids,
                     struct app_list *ret, struct err *e)
{
        OWN(mem) const char **list = calloc(ids->count + 1, sizeof *list);

        if (!list)
                return err_oom(e);
        for (size_t i = 0; i < ids->count; i++)
                list[i] = ids->items[i].id;
        return cc_by_ids(s, kind, list, ids->count, ret, e);
}

/** names_of_all() - Apps of any space, their spaces and organisations */
static int names_of_all(struct session *s, const struct policy_list *policies, struct names *n,
                        struct err *e)
{
        OWN(app_list) struct app_list apps = { 0 };
        OWN(app_list) struct app_list spaces = { 0 };
        OWN(app_list) struct app_list orgs = { 0 };

        if (collect(policies, NULL, &apps, e) < 0 || ask_names(s, "apps", &apps, &n->apps, e) < 0 ||
            collect(NULL, &n->apps, &spaces, e) < 0 ||
            ask_names(s, "spaces", &spaces, &n->spaces, e) < 0 ||
            collect(NULL, &n->spaces, &orgs, e) < 0)
                return -1;
        return ask_names(s, "organizations", &orgs, &n->orgs, e);
}

int names_get(struct session *s, const struct policy_list *policies, struct names *n, struct err *e)
{
        int rc = n->all ? names_of_all(s, policies, n, e) : s->ops->apps(s, &n->apps, e);

        if (rc < 0)
                return err_add(e, "getting apps");
        app_list_sort(&n->apps);
        return 0;
}
