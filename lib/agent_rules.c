/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/agent_rules.h"

#include "netman/own.h"

#include <stdlib.h>
#include <string.h>

static int by_ip(const void *a, const void *b)
{
        const struct agent_owner *x = a, *y = b;

        return (x->ip > y->ip) - (x->ip < y->ip);
}

/**
 * leaf_address() - The one address that a leaf speaks for
 * Return: false where it is a step inside a tree, or no rule of one
 */
static bool leaf_address(const struct fw_rule *r, uint32_t *ret)
{
        bool marks = str_starts(r->comment, "src:"), leads = str_starts(r->comment, "dst:");
        struct fw_net net = marks ? r->src : r->dst;

        *ret = net.addr;
        return (marks || leads) && net.len == 32 && !net.other;
}

bool agent_leaf_stale(const struct fw_rule *r, const struct agent_owners *owners)
{
        const struct agent_owner *owner = NULL;
        struct agent_owner want = { 0 };
        struct fw_rule right = { 0 };

        if (!leaf_address(r, &want.ip))
                return false;
        if (owners->count)
                owner = bsearch(&want, owners->items, owners->count, sizeof want, by_ip);
        if (!owner || !owner->app)
                return owner || owners->all;
        fw_comment(&right, "%.4s%s", r->comment, owner->app); /* cut as the rule's was */
        return strcmp(right.comment, r->comment) != 0;
}

static int drop_in(struct fw_table *t, const char *chain, const struct agent_owners *owners,
                   size_t *ret_count, struct err *e)
{
        OWN(fw_rules) struct fw_rules rules = { 0 };

        if (fw_chain_read(t, chain, &rules, e) < 0)
                return -1;
        for (size_t i = rules.count; i-- > 0;) {
                if (!agent_leaf_stale(&rules.items[i], owners))
                        continue;
                if (fw_delete(t, chain, i, e) < 0)
                        return -1;
                ++*ret_count;
        }
        return 0;
}

int agent_leaves_drop(struct fw_table *t, const struct agent_owners *owners, size_t *ret_count,
                      struct err *e)
{
        static const char *const trees[] = { AGENT_SRC, AGENT_DST };

        *ret_count = 0;
        for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
                OWN(mem) char **names = NULL;
                size_t count = 0;

                if (fw_chain_names(t, trees[i], &names, &count, e) < 0)
                        return -1;
                for (size_t j = 0; j < count; j++)
                        if (drop_in(t, names[j], owners, ret_count, e) < 0)
                                return -1;
        }
        return 0;
}
