/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/enforce/enforce.h"

#include "netman/own.h"

#include <stdlib.h>
#include <string.h>

#define HOOK "FORWARD"

static const struct fw_rule entrance = { .verb = FW_JUMP, .to = PLAN_ROOT };

/**
 * put_first() - Make the entrance the first rule of FORWARD, and the only one of its kind
 *
 * Anything before it could accept what the plan refuses.
 */
static int put_first(struct fw_table *t, struct err *e)
{
        ssize_t at;

        if (fw_find(t, HOOK, &entrance, 0) != 0 && fw_insert(t, HOOK, 0, &entrance, e) < 0)
                return -1;
        while ((at = fw_find(t, HOOK, &entrance, 1)) > 0)
                if (fw_delete(t, HOOK, (size_t)at, e) < 0)
                        return -1;
        return 0;
}

/**
 * drop_stale() - Remove chains of ours that the plan does not have
 *
 * They may be another version's, or the reference's, which FORWARD leads to by a
 * name that changes with each of its cycles. All are emptied before any is
 * deleted: they may lead to each other.
 */
static int drop_stale(struct fw_table *t, const struct plan *p, struct err *e)
{
        OWN(mem) char **names = NULL;
        size_t count = 0;

        if (fw_chain_names(t, PLAN_PREFIX, &names, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (!plan_chain(p, names[i]) && fw_chain_flush(t, names[i], e) < 0)
                        return -1;
        for (size_t i = 0; i < count; i++)
                if (!plan_chain(p, names[i]) &&
                    (fw_chain_unlink(t, names[i], e) < 0 || fw_chain_delete(t, names[i], e) < 0))
                        return -1;
        return 0;
}

static int apply(struct fw_table *t, void *ctx, struct err *e)
{
        const struct plan *p = ctx;

        for (size_t i = 0; i < p->count; i++)
                if (fw_chain_ensure(t, p->chains[i].name, e) < 0)
                        return -1;
        for (size_t i = 0; i < p->count; i++) {
                const struct plan_chain *c = &p->chains[i];

                if (fw_chain_set(t, c->name, c->rules.items, c->rules.count, e) < 0)
                        return -1;
        }
        return put_first(t, e) < 0 ? -1 : drop_stale(t, p, e);
}

int enforce_plan(const struct fw_where *where, const struct plan *p, struct fw_cost *ret_cost,
                 struct err *e)
{
        struct plan view = *p; /* borrowed: an edit's context is not const */

        return fw_edit(where, "filter", apply, &view, ret_cost, e);
}

/**
 * stands() - Does FORWARD lead to rules of ours, of whatever version?
 */
static int stands(struct fw_table *t, bool *ret, struct err *e)
{
        OWN(fw_rules) struct fw_rules forward = { 0 };

        *ret = false;
        if (fw_chain_read(t, HOOK, &forward, e) < 0)
                return -1;
        for (size_t i = 0; i < forward.count && !*ret; i++) {
                const struct fw_rule *r = &forward.items[i];

                *ret = (r->verb == FW_JUMP || r->verb == FW_GOTO) &&
                       str_starts(r->to, PLAN_PREFIX) && fw_chain_count(t, r->to) > 0;
        }
        return 0;
}

/** struct holding - What an edit of enforce_hold() works with */
struct holding {
        struct plan plan; /* borrowed, as above */
        struct enforce_held *held;
};

static int hold(struct fw_table *t, void *ctx, struct err *e)
{
        struct holding *h = ctx;

        if (stands(t, &h->held->stood, e) < 0)
                return -1;
        if (!h->held->stood)
                return apply(t, &h->plan, e);
        if (fw_chain_count(t, PLAN_ROOT) > 0 && put_first(t, e) < 0)
                return -1;
        return agent_leaves_drop(t, &h->held->owners, &h->held->dropped, e);
}

int enforce_hold(const struct fw_where *where, const struct plan *p, struct enforce_held *held,
                 struct fw_cost *ret_cost, struct err *e)
{
        struct holding h = { .plan = *p, .held = held };

        return fw_edit(where, "filter", hold, &h, ret_cost, e);
}
