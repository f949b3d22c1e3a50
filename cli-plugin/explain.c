/* SPDX-License-Identifier: Apache-2.0 */
/* explain-access: is it allowed, and why? */
#include "cli-plugin/run.h"

#include <inttypes.h>

/** covering() - The policy for @port that reaches furthest, or NULL */
static const struct policy *covering(const struct policy_list *list, enum policy_proto proto,
                                     unsigned int port)
{
        const struct policy *best = NULL;

        for (size_t i = 0; i < list->count; i++) {
                const struct policy *p = &list->items[i];

                if (p->proto == proto && p->start <= port && p->end >= port &&
                    (!best || p->end > best->end))
                        best = p;
        }
        return best;
}

/**
 * covered() - Are all the ports asked for allowed, by one policy or by several?
 * @why: Gets the policies, "tcp 80, tcp 81-90"
 */
static bool covered(const struct policy_list *list, const struct args *a, struct str *why)
{
        unsigned int port = a->start;

        while (port <= a->end) {
                const struct policy *p = covering(list, a->proto, port);

                if (!p)
                        return false;
                str_addf(why, "%s%s ", why->len ? ", " : "", policy_proto_name(p->proto));
                print_ports(p, why);
                port = p->end + 1U;
        }
        return true;
}

static void say_all(const struct policy_list *list, struct str *s)
{
        for (size_t i = 0; i < list->count; i++) {
                str_addf(s, "%s%s ", i ? ", " : "", policy_proto_name(list->items[i].proto));
                print_ports(&list->items[i], s);
        }
}

/** struct pair - The two apps and what is allowed between them, each way */
struct pair {
        char *source, *destination;
        struct policy_list there, back;
};

static void pair_drop(struct pair *p)
{
        free(p->source);
        free(p->destination);
        policy_list_done(&p->there);
        policy_list_done(&p->back);
}

static int between(struct session *s, const char *source, const char *destination,
                   struct policy_list *ret, struct err *e)
{
        struct policy_filter f = { .source = source, .destination = destination };

        return policies_list(s, &f, ret, e);
}

static int look(struct session *s, const struct args *a, struct pair *p, struct err *e)
{
        if (s->ops->app(s, a->source, &p->source, e) < 0)
                return err_add(e, "resolving source app");
        if (s->ops->app(s, a->destination, &p->destination, e) < 0)
                return err_add(e, "resolving destination app");
        if (between(s, p->source, p->destination, &p->there, e) < 0)
                return -1;
        return between(s, p->destination, p->source, &p->back, e);
}

/** say_refused() - Why not, and what would change it */
static void say_refused(const struct pair *p, const struct args *a, struct out *o)
{
        OWN(str) struct str unused = { 0 };

        if (p->there.count) {
                str_add(&o->text, "   policies allow only: ");
                say_all(&p->there, &o->text);
                str_add(&o->text, "\n");
        } else {
                str_addf(&o->text,
                         "   no policy from %s to %s: containers refuse what no policy "
                         "allows\n",
                         a->source, a->destination);
        }
        if (covered(&p->back, a, &unused))
                str_addf(&o->text, "   the other direction, %s to %s, is allowed\n", a->destination,
                         a->source);
        str_addf(&o->text, "   to allow it: cf allow-access %s %s --protocol %s --port ", a->source,
                 a->destination, policy_proto_name(a->proto));
        print_ports(&(struct policy){ .start = a->start, .end = a->end }, &o->text);
        str_add(&o->text, "\n");
}

/** say_allowed() - By which policies; and who enforces them, as far as the server tells */
static void say_allowed(struct session *s, const struct str *why, struct out *o)
{
        struct policies_status st = { 0 };
        struct err e;

        str_addf(&o->text, "   by policy %s\n", str_text(why));
        if (policies_status(s, 0, &st, &e) < 0)
                str_addf(&o->text, "   it is not known how many cells enforce it (%s)\n", e.msg);
        else if (st.known && !st.agents)
                str_add(&o->text, "   the policy server knows of no live cell to enforce it\n");
        else if (st.known)
                str_addf(&o->text,
                         "   the newest policies are enforced by %" PRId64 " of %" PRId64
                         " cells\n",
                         st.enforced, st.agents);
}

int run_explain(struct session *s, const struct args *a, struct out *o, struct err *e)
{
        OWN(pair) struct pair p = { 0 };
        OWN(str) struct str why = { 0 };
        bool allowed;

        if (look(s, a, &p, e) < 0)
                return -1;
        allowed = covered(&p.there, a, &why);
        out_add(o, STYLE_CYAN, a->source);
        str_add(&o->text, " -> ");
        out_add(o, STYLE_CYAN, a->destination);
        str_addf(&o->text, " %s ", policy_proto_name(a->proto));
        print_ports(&(struct policy){ .start = a->start, .end = a->end }, &o->text);
        str_add(&o->text, ": ");
        out_add(o, allowed ? STYLE_GREEN : STYLE_RED, allowed ? "allowed" : "not allowed");
        str_add(&o->text, "\n");
        if (allowed)
                say_allowed(s, &why, o);
        else
                say_refused(&p, a, o);
        o->status = allowed ? 0 : 1;
        return 0;
}
