/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/fw_dispatch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * Inner chains below the root. Level 0 is the root itself; a chain of level n is
 * named after the bits of the key that it stands for.
 */
#define LEVELS 3

/** struct shape - What the levels of a kind of tree look at */
struct shape {
        unsigned int bits;        /* in the whole key */
        unsigned int len[LEVELS]; /* bits of the key decided when in that level's chain */
};

static const struct shape shapes[] = {
        [FW_BY_SRC] = { 32, { 20, 24, 28 } },
        [FW_BY_DST] = { 32, { 20, 24, 28 } },
        [FW_BY_DPORT] = { 16, { 4, 8, 12 } },
};

typedef char chain_name[FW_CHAIN_MAX + 1];

/**
 * chain_of() - Name of the chain that @value passes at @level
 */
static int chain_of(const struct fw_tree *tree, uint32_t value, unsigned int level, chain_name ret,
                    struct err *e)
{
        const struct shape *shape = &shapes[tree->key];
        int n;

        if (strlen(tree->root) > FW_TREE_ROOT_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "chain name %s is too long", tree->root);
        if (level == 0)
                n = snprintf(ret, sizeof(chain_name), "%s", tree->root);
        else
                n = snprintf(ret, sizeof(chain_name), "%s-%0*" PRIx32, tree->root,
                             (int)shape->len[level - 1] / 4,
                             value >> (shape->bits - shape->len[level - 1]));
        return n > 0 ? 0 : err_set(e, FAULT_SYSTEM, 0, "chain name");
}

/**
 * set_key() - Make @r match the values that share @value's first @len bits
 */
static void set_key(const struct fw_tree *tree, struct fw_rule *r, uint32_t value, unsigned int len)
{
        uint32_t rest = len < 16 ? 0xffffU >> len : 0;

        switch (tree->key) {
        case FW_BY_SRC:
                r->src = (struct fw_net){ .addr = value & fw_mask(len), .len = (uint8_t)len };
                break;
        case FW_BY_DST:
                r->dst = (struct fw_net){ .addr = value & fw_mask(len), .len = (uint8_t)len };
                break;
        case FW_BY_DPORT:
                r->proto = FW_TCP;
                r->dports.lo = (uint16_t)(value & ~rest);
                r->dports.hi = (uint16_t)(value | rest);
                break;
        }
}

/**
 * leaf_has() - Does a rule of a lowest chain decide about @value?
 */
static bool leaf_has(const struct fw_tree *tree, const struct fw_rule *r, uint32_t value)
{
        struct fw_rule key = { 0 };

        set_key(tree, &key, value, shapes[tree->key].bits);
        switch (tree->key) {
        case FW_BY_SRC:
                return r->src.addr == key.src.addr && r->src.len == 32 && !r->src.other;
        case FW_BY_DST:
                return r->dst.addr == key.dst.addr && r->dst.len == 32 && !r->dst.other;
        case FW_BY_DPORT:
                return r->proto == FW_TCP && r->dports.lo == key.dports.lo &&
                       r->dports.hi == key.dports.hi;
        }
        return false;
}

/**
 * step() - The goto from @value's chain at @level to the one below
 */
static int step(const struct fw_tree *tree, uint32_t value, unsigned int level, struct fw_rule *ret,
                struct err *e)
{
        chain_name below;
        struct fw_rule r = { .verb = FW_GOTO };

        if (chain_of(tree, value, level + 1, below, e) < 0)
                return -1;
        set_key(tree, &r, value, shapes[tree->key].len[level]);
        fw_to(&r, "%s", below);
        *ret = r;
        return 0;
}

/**
 * lay_path() - Have all chains and steps that lead to @value's leaf
 */
static int lay_path(struct fw_table *t, const struct fw_tree *tree, uint32_t value, chain_name last,
                    struct err *e)
{
        struct fw_rule r;
        chain_name chain;

        if (chain_of(tree, value, 0, chain, e) < 0 || fw_chain_ensure(t, chain, e) < 0)
                return -1;
        for (unsigned int level = 0; level < LEVELS; level++) {
                if (chain_of(tree, value, level, chain, e) < 0 ||
                    chain_of(tree, value, level + 1, last, e) < 0 ||
                    fw_chain_ensure(t, last, e) < 0 || step(tree, value, level, &r, e) < 0)
                        return -1;
                if (fw_find(t, chain, &r, 0) < 0 && fw_append(t, chain, &r, e) < 0)
                        return -1;
        }
        return 0;
}

/**
 * prune_path() - Take away what of @value's path leads nowhere, from below
 */
static int prune_path(struct fw_table *t, const struct fw_tree *tree, uint32_t value, struct err *e)
{
        for (unsigned int level = LEVELS; level > 0; level--) {
                chain_name chain, above;
                struct fw_rule r;
                ssize_t at;

                if (chain_of(tree, value, level, chain, e) < 0 ||
                    chain_of(tree, value, level - 1, above, e) < 0 ||
                    step(tree, value, level - 1, &r, e) < 0)
                        return -1;
                if (fw_chain_count(t, chain) > 0)
                        return 0;
                at = fw_chain_exists(t, above) ? fw_find(t, above, &r, 0) : -1;
                if (at >= 0 && fw_delete(t, above, (size_t)at, e) < 0)
                        return -1;
                if (fw_chain_delete(t, chain, e) < 0)
                        return -1;
        }
        return 0;
}

/**
 * leaf_at() - Position of @value's leaf in @chain, from @from on, or -1
 * @ret: Gets the rule
 */
static int leaf_at(struct fw_table *t, const struct fw_tree *tree, const char *chain,
                   uint32_t value, ssize_t *ret_at, struct fw_rule *ret, struct err *e)
{
        OWN(fw_rules) struct fw_rules rules = { 0 };

        *ret_at = -1;
        if (!fw_chain_exists(t, chain))
                return 0;
        if (fw_chain_read(t, chain, &rules, e) < 0)
                return -1;
        for (size_t i = 0; i < rules.count; i++) {
                if (!leaf_has(tree, &rules.items[i], value))
                        continue;
                *ret_at = (ssize_t)i;
                *ret = rules.items[i];
                return 0;
        }
        return 0;
}

/**
 * drop_leaves() - Delete every leaf of @value in @chain but one same as @keep
 * @ret_kept: Was there such a one?
 */
static int drop_leaves(struct fw_table *t, const struct fw_tree *tree, const char *chain,
                       uint32_t value, const struct fw_rule *keep, bool *ret_kept, struct err *e)
{
        OWN(fw_rules) struct fw_rules rules = { 0 };

        *ret_kept = false;
        if (!fw_chain_exists(t, chain))
                return 0;
        if (fw_chain_read(t, chain, &rules, e) < 0)
                return -1;
        for (size_t i = rules.count; i > 0; i--) {
                const struct fw_rule *r = &rules.items[i - 1];

                if (!leaf_has(tree, r, value))
                        continue;
                if (keep && !*ret_kept && fw_rule_same(r, keep))
                        *ret_kept = true;
                else if (fw_delete(t, chain, i - 1, e) < 0)
                        return -1;
        }
        return 0;
}

int fw_tree_put(struct fw_table *t, const struct fw_tree *tree, uint32_t value,
                const struct fw_rule *leaf, struct err *e)
{
        struct fw_rule r = *leaf;
        chain_name chain;
        bool there;

        set_key(tree, &r, value, shapes[tree->key].bits);
        if (lay_path(t, tree, value, chain, e) < 0 ||
            drop_leaves(t, tree, chain, value, &r, &there, e) < 0)
                return -1;
        return there ? 0 : fw_append(t, chain, &r, e);
}

int fw_tree_get(struct fw_table *t, const struct fw_tree *tree, uint32_t value, struct fw_rule *ret,
                struct err *e)
{
        chain_name chain;
        ssize_t at;

        if (chain_of(tree, value, LEVELS, chain, e) < 0 ||
            leaf_at(t, tree, chain, value, &at, ret, e) < 0)
                return -1;
        return at >= 0;
}

int fw_tree_cut(struct fw_table *t, const struct fw_tree *tree, uint32_t value, struct err *e)
{
        chain_name chain;
        bool kept;

        if (chain_of(tree, value, LEVELS, chain, e) < 0 ||
            drop_leaves(t, tree, chain, value, NULL, &kept, e) < 0)
                return -1;
        return prune_path(t, tree, value, e);
}

/**
 * leaf_value() - The key that a leaf decides about
 */
static uint32_t leaf_value(const struct fw_tree *tree, const struct fw_rule *r)
{
        switch (tree->key) {
        case FW_BY_SRC:
                return r->src.addr;
        case FW_BY_DST:
                return r->dst.addr;
        case FW_BY_DPORT:
                return r->dports.lo;
        }
        return 0;
}

/*
 * Lowest chains are told by the length of their names, so that one that nothing
 * leads to any more is found as well.
 */
int fw_tree_leaves(struct fw_table *t, const struct fw_tree *tree, struct fw_rules *ret,
                   struct err *e)
{
        OWN(mem) char **names = NULL;
        chain_name sample, prefix;
        size_t count;

        if (chain_of(tree, 0, LEVELS, sample, e) < 0)
                return -1;
        (void)snprintf(prefix, sizeof prefix, "%s-", tree->root);
        if (fw_chain_names(t, prefix, &names, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                if (strlen(names[i]) != strlen(sample))
                        continue;
                if (fw_chain_read(t, names[i], ret, e) < 0)
                        return -1;
        }
        return 0;
}

int fw_tree_cut_owner(struct fw_table *t, const struct fw_tree *tree, const char *owner,
                      struct err *e)
{
        OWN(fw_rules) struct fw_rules leaves = { 0 };
        struct fw_rule mine = { 0 };

        fw_comment(&mine, "%s", owner); /* cut as the leaves' own comments were */
        if (fw_tree_leaves(t, tree, &leaves, e) < 0)
                return -1;
        for (size_t i = 0; i < leaves.count; i++) {
                if (strcmp(leaves.items[i].comment, mine.comment) != 0)
                        continue;
                if (fw_tree_cut(t, tree, leaf_value(tree, &leaves.items[i]), e) < 0)
                        return -1;
        }
        return 0;
}

/**
 * drop_jumps() - Delete the rules of @from that lead to @to
 */
static int drop_jumps(struct fw_table *t, const char *from, const char *to, struct err *e)
{
        OWN(fw_rules) struct fw_rules rules = { 0 };

        if (!fw_chain_exists(t, from))
                return 0;
        if (fw_chain_read(t, from, &rules, e) < 0)
                return -1;
        for (size_t i = rules.count; i > 0; i--) {
                const struct fw_rule *r = &rules.items[i - 1];

                if ((r->verb != FW_JUMP && r->verb != FW_GOTO) || strcmp(r->to, to) != 0)
                        continue;
                if (fw_delete(t, from, i - 1, e) < 0)
                        return -1;
        }
        return 0;
}

int fw_chain_cut(struct fw_table *t, const char *chain, const char *from, struct err *e)
{
        if (drop_jumps(t, from, chain, e) < 0)
                return -1;
        return fw_chain_delete(t, chain, e);
}

int fw_tree_trim(struct fw_table *t, const struct fw_tree *tree, const char *from, struct err *e)
{
        if (fw_chain_count(t, tree->root) > 0)
                return 0;
        return fw_chain_cut(t, tree->root, from, e);
}

int fw_jump_ensure(struct fw_table *t, const char *chain, size_t at, const struct fw_rule *jump,
                   struct err *e)
{
        size_t count = fw_chain_count(t, chain);
        ssize_t first = fw_find(t, chain, jump, 0);
        ssize_t again;

        if (first < 0)
                return fw_insert(t, chain, at < count ? at : count, jump, e);
        while ((again = fw_find(t, chain, jump, (size_t)first + 1)) >= 0)
                if (fw_delete(t, chain, (size_t)again, e) < 0)
                        return -1;
        return 0;
}
