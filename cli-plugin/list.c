/* SPDX-License-Identifier: Apache-2.0 */
/* list-access */
#include "cli-plugin/cc.h"
#include "cli-plugin/run.h"

#include "netman/jsonx.h"

#include <stdlib.h>

/**
 * struct names - What ids in policies are called
 * @all: Apps of all spaces, with names of spaces and organisations
 */
struct names {
        bool all;
        struct app_list apps, spaces, orgs;
};

static void names_drop(struct names *n)
{
        app_list_done(&n->apps);
        app_list_done(&n->spaces);
        app_list_done(&n->orgs);
}

/** struct place - Where an app is */
struct place {
        const struct app *app, *space, *org;
};

static struct place place_of(const struct names *n, const char *id)
{
        struct place p = { .app = app_list_find(&n->apps, id) };

        if (p.app)
                p.space = app_list_find(&n->spaces, p.app->parent);
        if (p.space)
                p.org = app_list_find(&n->orgs, p.space->parent);
        return p;
}

static const char *name_or_empty(const struct app *a)
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

static int get_names(struct session *s, const struct policy_list *policies, struct names *n,
                     struct err *e)
{
        int rc = n->all ? names_of_all(s, policies, n, e) : s->ops->apps(s, &n->apps, e);

        if (rc < 0)
                return err_add(e, "getting apps");
        app_list_sort(&n->apps);
        return 0;
}

void print_ports(const struct policy *p, struct str *s)
{
        str_addf(s, p->start == p->end ? "%d" : "%d-%d", p->start, p->end);
}

static int add_place(struct table *t, const struct names *n, const struct place *p, struct err *e)
{
        if (table_cell(t, name_or_empty(p->app), e) < 0)
                return -1;
        if (!n->all)
                return 0;
        if (table_cell(t, name_or_empty(p->space), e) < 0)
                return -1;
        return table_cell(t, name_or_empty(p->org), e);
}

static int add_row(struct table *t, const struct names *n, const struct policy *p, struct err *e)
{
        struct place source = place_of(n, p->source), destination = place_of(n, p->destination);
        OWN(str) struct str ports = { 0 };

        if (!source.app || !destination.app)
                return 0; /* of another space, or not for this user to see */
        print_ports(p, &ports);
        if (str_ok(&ports, e) < 0 || add_place(t, n, &source, e) < 0 ||
            add_place(t, n, &destination, e) < 0 ||
            table_cell(t, policy_proto_name(p->proto), e) < 0)
                return -1;
        return table_cell(t, ports.data, e);
}

static int print_table(const struct policy_list *policies, const struct names *n, struct out *o,
                       struct err *e)
{
        static const char *const here[] = { "Source", "Destination", "Protocol", "Port" };
        static const char *const everywhere[] = { "Source",      "Source Space", "Source Org",
                                                  "Destination", "Dest. Space",  "Dest. Org",
                                                  "Protocol",    "Port" };
        OWN(table) struct table t = { .columns = n->all ? 8 : 4, .cyan_mask = n->all ? 0x9 : 0x3 };

        for (size_t i = 0; i < t.columns; i++) {
                if (table_cell(&t, n->all ? everywhere[i] : here[i], e) < 0)
                        return -1;
        }
        for (size_t i = 0; i < policies->count; i++) {
                if (add_row(&t, n, &policies->items[i], e) < 0)
                        return -1;
        }
        table_print(&t, o);
        return 0;
}

/** end_json() - One end of a policy; names only where they are known */
static json_t *end_json(const struct names *n, const char *id)
{
        struct place p = place_of(n, id);
        json_t *end = json_pack("{s:s}", "id", id);

        if (p.app)
                (void)json_object_set_new(end, "name", json_string(p.app->name));
        if (p.space)
                (void)json_object_set_new(end, "space", json_string(p.space->name));
        if (p.org)
                (void)json_object_set_new(end, "org", json_string(p.org->name));
        return end;
}

static int print_json(const struct policy_list *policies, const struct names *n, struct out *o,
                      struct err *e)
{
        OWN(json) json_t *list = json_array();
        OWN(mem) char *text = NULL;

        for (size_t i = 0; i < policies->count; i++) {
                const struct policy *p = &policies->items[i];
                json_t *item;

                if (!app_list_find(&n->apps, p->source) || !app_list_find(&n->apps, p->destination))
                        continue;
                item = json_pack("{s:o, s:o, s:s, s:{s:i, s:i}}", "source", end_json(n, p->source),
                                 "destination", end_json(n, p->destination), "protocol",
                                 policy_proto_name(p->proto), "ports", "start", p->start, "end",
                                 p->end);
                if (json_array_append_new(list, item) < 0)
                        return err_oom(e);
        }
        text = json_dumps(list, JSON_INDENT(2));
        if (!text)
                return err_oom(e);
        str_addf(&o->text, "{\"total_policies\": %zu, \"policies\": %s}\n", json_array_size(list),
                 text);
        return 0;
}

/** filter_by() - The ids of the apps that the options name */
static int filter_by(struct session *s, const char *name, char **id, const char **filter,
                     struct err *e)
{
        if (!name)
                return 0;
        if (s->ops->app(s, name, id, e) < 0)
                return err_add(e, "getting app");
        *filter = *id;
        return 0;
}

static int get_policies(struct session *s, const struct args *a, struct policy_list *ret,
                        struct err *e)
{
        OWN(mem) char *either = NULL;
        OWN(mem) char *source = NULL;
        OWN(mem) char *destination = NULL;
        struct policy_filter f = { 0 };

        if (filter_by(s, a->app, &either, &f.either, e) < 0 ||
            filter_by(s, a->source, &source, &f.source, e) < 0 ||
            filter_by(s, a->destination, &destination, &f.destination, e) < 0)
                return -1;
        return policies_list(s, &f, ret, e);
}

int run_list(struct session *s, const struct args *a, struct out *o, struct err *e)
{
        OWN(policy_list) struct policy_list policies = { 0 };
        OWN(names) struct names n = { .all = a->all };

        if (!a->json) {
                str_add(&o->text, "Listing policies");
                if (say_user(s, o, e) < 0 || out_flush(o, e) < 0)
                        return -1;
        }
        if (get_policies(s, a, &policies, e) < 0 || get_names(s, &policies, &n, e) < 0)
                return -1;
        if (a->json)
                return print_json(&policies, &n, o, e);
        say_ok(o);
        return print_table(&policies, &n, o, e);
}
