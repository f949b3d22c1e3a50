/* SPDX-License-Identifier: Apache-2.0 */
/* allow-access, remove-access */
#include "cli-plugin/run.h"

#include <inttypes.h>

int say_user(struct session *s, struct out *o, struct err *e)
{
        OWN(mem) char *user = NULL;

        if (s->ops->username(s, &user, e) < 0) {
                str_clear(&o->text); /* half a sentence */
                return err_add(e, "could not resolve username");
        }
        str_add(&o->text, " as ");
        out_add(o, STYLE_CYAN, user);
        str_add(&o->text, "...\n");
        return 0;
}

void say_ok(struct out *o)
{
        out_add(o, STYLE_GREEN, "OK\n");
        str_add(&o->text, "\n");
}

static int resolve(struct session *s, const struct args *a, char **source, char **destination,
                   struct err *e)
{
        if (s->ops->app(s, a->source, source, e) < 0)
                return err_add(e, "resolving source app");
        if (s->ops->app(s, a->destination, destination, e) < 0)
                return err_add(e, "resolving destination app");
        return 0;
}

int check_wait(struct session *s, const struct args *a, struct err *e)
{
        struct policies_status st = { .known = true };
        struct err why;

        if (!a->wait_s)
                return 0;
        /* Trouble may be over by the time that there is something to wait for. */
        if (policies_status(s, 0, &st, &why) < 0 && why.fault != FAULT_UPSTREAM) {
                *e = why;
                return -1;
        }
        if (!st.known)
                return err_set(e, FAULT_UPSTREAM, 0,
                               "the policy server cannot tell what cells enforce: nothing was "
                               "changed, try again without --wait");
        return 0;
}

int wait_for_cells(struct session *s, const struct args *a, struct out *o, struct err *e)
{
        struct policies_status st;

        if (!a->wait_s)
                return 0;
        if (policies_wait(s, a->wait_s, &st, e) < 0)
                return err_add(e, "the change itself was made");
        if (st.agents)
                str_addf(&o->text, "Enforced by %" PRId64 " of %" PRId64 " cells\n", st.agents,
                         st.agents);
        else
                str_add(&o->text, "The policy server knows of no live cell: none to wait for\n");
        return 0;
}

/*
 * Only ranges overlap, so whoever uses none reads what the reference says. An error is
 * no failure of the command: what was to be removed has been.
 */
void say_still_allowed(struct session *s, const struct policy *removed, struct out *o)
{
        struct policy_filter f = { .source = removed->source, .destination = removed->destination };
        OWN(policy_list) struct policy_list list = { 0 };

        if (policies_list(s, &f, &list, NULL) < 0)
                return;
        for (size_t i = 0; i < list.count; i++) {
                const struct policy *p = &list.items[i];

                if (p->proto != removed->proto || p->start > removed->end ||
                    p->end < removed->start)
                        continue;
                str_addf(&o->text, "Still allowed by policy %s ", policy_proto_name(p->proto));
                print_ports(p, &o->text);
                str_add(&o->text, " (to remove that: --port ");
                print_ports(p, &o->text);
                str_add(&o->text, ")\n");
        }
}

int run_change(struct session *s, const struct args *a, struct out *o, struct err *e)
{
        bool allow = a->command->id == COMMAND_ALLOW;
        OWN(mem) char *source = NULL;
        OWN(mem) char *destination = NULL;
        struct policy p = { .proto = a->proto, .start = a->start, .end = a->end };
        struct policy_list list = { .items = &p, .count = 1 };

        str_add(&o->text, allow ? "Allowing traffic from " : "Denying traffic from ");
        out_add(o, STYLE_CYAN, a->source);
        str_add(&o->text, " to ");
        out_add(o, STYLE_CYAN, a->destination);
        if (say_user(s, o, e) < 0)
                return -1;
        /* Now, because what follows may take its time. */
        if (out_flush(o, e) < 0 || resolve(s, a, &source, &destination, e) < 0 ||
            check_wait(s, a, e) < 0)
                return -1;
        p.source = source;
        p.destination = destination;
        if ((allow ? policies_create(s, &list, e) : policies_delete(s, &list, e)) < 0)
                return -1;
        if (!allow)
                say_still_allowed(s, &p, o);
        if (wait_for_cells(s, a, o, e) < 0)
                return -1;
        say_ok(o);
        str_add(&o->text, "\n");
        return 0;
}
