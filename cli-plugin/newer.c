/* SPDX-License-Identifier: Apache-2.0 */
/*
 * add-network-policy, remove-network-policy, network-policies: cf's own commands of
 * today, with their texts, for those who run us by hand because their cf is older.
 */
#include "cli-plugin/cc.h"
#include "cli-plugin/names.h"
#include "cli-plugin/run.h"

/** struct ends - The two apps of a policy, and where the second one is */
struct ends {
        struct target here;
        char *org, *space; /* ids, where they are not the targeted ones */
        char *source, *destination;
};

static void ends_drop(struct ends *n)
{
        free(n->org);
        free(n->space);
        free(n->source);
        free(n->destination);
}

static int absent(const char *what, const char *name, struct err *e)
{
        return err_set(e, FAULT_ABSENT, 0, "%s '%.100s' not found.", what, name);
}

static int find_space(struct session *s, const struct args *a, struct ends *n, struct err *e)
{
        if (a->org) {
                if (cc_id_by_name(s, "organizations", NULL, NULL, a->org, &n->org, e) < 0)
                        return -1;
                if (!n->org)
                        return absent("Organization", a->org, e);
        }
        if (!a->space)
                return 0;
        if (cc_id_by_name(s, "spaces", "organization_guids", n->org ? n->org : n->here.org_id,
                          a->space, &n->space, e) < 0)
                return -1;
        return n->space ? 0 : absent("Space", a->space, e);
}

static int find_app(struct session *s, const char *space, const char *name, char **ret,
                    struct err *e)
{
        if (cc_id_by_name(s, "apps", "space_guids", space, name, ret, e) < 0)
                return -1;
        return *ret ? 0 : absent("App", name, e);
}

static int find_ends(struct session *s, const struct args *a, struct ends *n, struct err *e)
{
        if (find_space(s, a, n, e) < 0 ||
            find_app(s, n->here.space_id, a->source, &n->source, e) < 0)
                return -1;
        return find_app(s, n->space ? n->space : n->here.space_id, a->destination, &n->destination,
                        e);
}

static void say_place(struct out *o, const char *org, const char *space)
{
        str_add(&o->text, " in org ");
        out_add(o, STYLE_CYAN, org);
        str_add(&o->text, " / space ");
        out_add(o, STYLE_CYAN, space);
}

/** say_change() - "Adding network policy from app A to app B in org O / space S as U..." */
static int say_change(struct session *s, const struct args *a, const struct target *here,
                      const char *what, struct out *o, struct err *e)
{
        str_addf(&o->text, "%s network policy from app ", what);
        out_add(o, STYLE_CYAN, a->source);
        if (a->space)
                say_place(o, here->org, here->space);
        str_add(&o->text, " to app ");
        out_add(o, STYLE_CYAN, a->destination);
        say_place(o, a->org ? a->org : here->org, a->space ? a->space : here->space);
        return say_user(s, o, e);
}

/** begin() - Say what is going to happen, find the apps */
static int begin(struct session *s, const struct args *a, const char *what, struct ends *n,
                 struct out *o, struct err *e)
{
        if (s->ops->target(s, &n->here, e) < 0 || say_change(s, a, &n->here, what, o, e) < 0 ||
            out_flush(o, e) < 0 || check_wait(s, a, e) < 0)
                return -1;
        return find_ends(s, a, n, e);
}

int run_add_policy(struct session *s, const struct args *a, struct out *o, struct err *e)
{
        OWN(ends) struct ends n = { 0 };
        struct policy p = { .proto = a->proto, .start = a->start, .end = a->end };
        struct policy_list list = { .items = &p, .count = 1 };

        if (begin(s, a, "Adding", &n, o, e) < 0)
                return -1;
        p.source = n.source;
        p.destination = n.destination;
        if (policies_create(s, &list, e) < 0 || wait_for_cells(s, a, o, e) < 0)
                return -1;
        say_ok(o);
        return 0;
}

/** is_there() - Is there exactly this policy? */
static int is_there(struct session *s, const struct policy *p, bool *ret, struct err *e)
{
        OWN(policy_list) struct policy_list list = { 0 };
        struct policy_filter f = { .source = p->source, .destination = p->destination };

        if (policies_list(s, &f, &list, e) < 0)
                return -1;
        *ret = false;
        for (size_t i = 0; i < list.count; i++)
                *ret |= policy_compare(&list.items[i], p) == 0;
        return 0;
}

int run_remove_policy(struct session *s, const struct args *a, struct out *o, struct err *e)
{
        OWN(ends) struct ends n = { 0 };
        struct policy p = { .proto = a->proto, .start = a->start, .end = a->end };
        struct policy_list list = { .items = &p, .count = 1 };
        bool there = false;

        if (begin(s, a, "Removing", &n, o, e) < 0)
                return -1;
        p.source = n.source;
        p.destination = n.destination;
        if (is_there(s, &p, &there, e) < 0)
                return -1;
        if (!there)
                str_add(&o->text, "Policy does not exist.\n");
        else if (policies_delete(s, &list, e) < 0)
                return -1;
        say_still_allowed(s, &p, o);
        if (there && wait_for_cells(s, a, o, e) < 0)
                return -1;
        say_ok(o);
        return 0;
}

/** add_row() - A policy whose source is in the targeted space; others are not listed */
static int add_row(struct table *t, const struct names *n, const char *space,
                   const struct policy *p, struct err *e)
{
        struct place source = names_place(n, p->source), dest = names_place(n, p->destination);
        OWN(str) struct str ports = { 0 };
        const char *cells[] = {
                names_text(source.app),      dest.app ? dest.app->name : p->destination,
                policy_proto_name(p->proto), NULL,
                names_text(dest.space),      names_text(dest.org)
        };

        if (!source.app || !str_eq(source.app->parent, space))
                return 0;
        print_ports(p, &ports);
        if (str_ok(&ports, e) < 0)
                return -1;
        cells[3] = ports.data;
        for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
                if (table_cell(t, cells[i], e) < 0)
                        return -1;
        }
        return 0;
}

static int print_policies(const struct policy_list *policies, const struct names *n,
                          const char *space, struct out *o, struct err *e)
{
        static const char *const header[] = { "source", "destination",       "protocol",
                                              "ports",  "destination space", "destination org" };
        OWN(table) struct table t = { .columns = sizeof header / sizeof *header, .spaces = true };

        for (size_t i = 0; i < t.columns; i++) {
                if (table_cell(&t, header[i], e) < 0)
                        return -1;
        }
        for (size_t i = 0; i < policies->count; i++) {
                if (add_row(&t, n, space, &policies->items[i], e) < 0)
                        return -1;
        }
        str_add(&o->text, "\n");
        table_print(&t, o);
        return 0;
}

int run_policies(struct session *s, const struct args *a, struct out *o, struct err *e)
{
        OWN(policy_list) struct policy_list policies = { 0 };
        OWN(names) struct names n = { .all = true };
        OWN(ends) struct ends ends = { 0 };
        struct policy_filter f = { 0 };

        if (s->ops->target(s, &ends.here, e) < 0)
                return -1;
        str_add(&o->text, "Listing network policies");
        if (a->source) {
                str_add(&o->text, " of app ");
                out_add(o, STYLE_CYAN, a->source);
        }
        say_place(o, ends.here.org, ends.here.space);
        if (say_user(s, o, e) < 0 || out_flush(o, e) < 0)
                return -1;
        if (a->source && find_app(s, ends.here.space_id, a->source, &ends.source, e) < 0)
                return -1;
        f.source = ends.source;
        if (policies_list(s, &f, &policies, e) < 0 || names_get(s, &policies, &n, e) < 0)
                return -1;
        return print_policies(&policies, &n, ends.here.space_id, o, e);
}
