/* SPDX-License-Identifier: Apache-2.0 */
/* list-access */
#include "cli-plugin/names.h"
#include "cli-plugin/run.h"

#include "netman/jsonx.h"

void print_ports(const struct policy *p, struct str *s)
{
        str_addf(s, p->start == p->end ? "%d" : "%d-%d", p->start, p->end);
}

static int add_place(struct table *t, const struct names *n, const struct place *p, struct err *e)
{
        if (table_cell(t, names_text(p->app), e) < 0)
                return -1;
        if (!n->all)
                return 0;
        if (table_cell(t, names_text(p->space), e) < 0)
                return -1;
        return table_cell(t, names_text(p->org), e);
}

static int add_row(struct table *t, const struct names *n, const struct policy *p, struct err *e)
{
        struct place source = names_place(n, p->source),
                     destination = names_place(n, p->destination);
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
        struct place p = names_place(n, id);
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
        if (get_policies(s, a, &policies, e) < 0 || names_get(s, &policies, &n, e) < 0)
                return -1;
        if (a->json)
                return print_json(&policies, &n, o, e);
        say_ok(o);
        return print_table(&policies, &n, o, e);
}
