/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: a tree on addresses cuts a list of more than four at the next two bits in
 * which its members differ: of all trees, those with four branches let a packet
 * look at the fewest rules. Chains are named by the prefix they serve, so a container that
 * comes or goes changes one chain, seldom two.
 */
#include "vxlan-policy-agent/plan/compile.h"

#include <stdio.h>
#include <string.h>

#define CUT_BITS 2
#define LIST_MAX 4 /* leaves that stand in one chain */

/**
 * struct walk - What stays the same all over one tree
 */
struct walk {
        struct plan *plan;
        const char *root;
        bool by_src;
};

static void set_net(const struct walk *w, struct fw_rule *r, struct fw_net net)
{
        *(w->by_src ? &r->src : &r->dst) = net;
}

/**
 * cut_length() - Prefix length of the children of a node
 * @first, @last: Least and greatest address below the node; they differ
 *
 * The next whole multiple of CUT_BITS behind what all addresses share.
 */
static unsigned int cut_length(uint32_t first, uint32_t last)
{
        unsigned int shared = (unsigned int)__builtin_clz(first ^ last);

        return shared / CUT_BITS * CUT_BITS + CUT_BITS;
}

static int fill_node(const struct walk *w, size_t chain, const struct addr_leaf *leaves,
                     size_t count, struct err *e);

/**
 * add_child() - A chain for the leaves that share a prefix, and the step to it
 */
static int add_child(const struct walk *w, size_t chain, const struct addr_leaf *leaves,
                     size_t count, unsigned int len, struct err *e)
{
        uint32_t prefix = leaves[0].ip & fw_mask(len);
        struct fw_rule step = { .verb = FW_GOTO };
        size_t child;

        fw_to(&step, "%s-%08x-%u", w->root, prefix, len);
        set_net(w, &step, (struct fw_net){ .addr = prefix, .len = (uint8_t)len });
        if (plan_add_rule(w->plan, chain, &step, e) < 0 ||
            plan_add_chain(w->plan, step.to, &child, e) < 0)
                return -1;
        return fill_node(w, child, leaves, count, e);
}

static int add_leaf(const struct walk *w, size_t chain, const struct addr_leaf *leaf, struct err *e)
{
        struct fw_rule r = leaf->rule;

        set_net(w, &r, fw_host(leaf->ip));
        return plan_add_rule(w->plan, chain, &r, e);
}

/**
 * run_length() - How many leaves from the first on share its first @len bits
 */
static size_t run_length(const struct addr_leaf *leaves, size_t count, unsigned int len)
{
        size_t n = 1;

        while (n < count && !((leaves[0].ip ^ leaves[n].ip) & fw_mask(len)))
                n++;
        return n;
}

static int fill_node(const struct walk *w, size_t chain, const struct addr_leaf *leaves,
                     size_t count, struct err *e)
{
        unsigned int len = 32; /* a short list: each leaf by itself */
        size_t run;

        if (count > LIST_MAX)
                len = cut_length(leaves[0].ip, leaves[count - 1].ip);
        for (size_t i = 0; i < count; i += run) {
                int rc;

                run = run_length(leaves + i, count - i, len);
                rc = run == 1 ? add_leaf(w, chain, leaves + i, e)
                              : add_child(w, chain, leaves + i, run, len, e);
                if (rc < 0)
                        return -1;
        }
        return 0;
}

int plan_addr_tree(struct plan *p, const char *root, bool by_src, const struct addr_leaf *leaves,
                   size_t count, struct err *e)
{
        struct walk w = { .plan = p, .root = root, .by_src = by_src };
        size_t chain;

        if (plan_add_chain(p, root, &chain, e) < 0)
                return -1;
        return fill_node(&w, chain, leaves, count, e);
}
