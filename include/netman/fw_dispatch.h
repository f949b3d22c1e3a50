/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: Dispatch trees
 *
 * A chain with one rule per container costs each packet a walk along all of
 * them. A dispatch tree holds the same rules below chains that each look at four
 * bits of the key, so that a packet compares with a few dozen rules at most:
 *
 *   netman--src           -s 10.255.16.0/20 -g netman--src-0aff1
 *   netman--src-0aff1     -s 10.255.30.0/24 -g netman--src-0aff1e
 *   netman--src-0aff1e    -s 10.255.30.0/28 -g netman--src-0aff1e0
 *   netman--src-0aff1e0   -s 10.255.30.2/32 -m comment --comment HANDLE -g netout--HANDLE
 *
 * All steps are gotos: a RETURN in the leaf's chain, or a key that has no leaf,
 * comes back to whoever jumped to the root. The functions edit the table that
 * an edit function of netman/fw_tx.h was given; inner chains come with their
 * first leaf and go with their last.
 */
#ifndef NETMAN_FW_DISPATCH_H
#define NETMAN_FW_DISPATCH_H

#include "netman/err.h"
#include "netman/fw_rule.h"
#include "netman/fw_tx.h"

#include <stdbool.h>
#include <stdint.h>

/* What a tree looks at. */
enum fw_key {
        FW_BY_SRC,   /* source address; levels /20, /24, /28 */
        FW_BY_DST,   /* destination address; the same levels */
        FW_BY_DPORT, /* TCP destination port; levels of 4096, 256, 16 ports */
};

#define FW_TREE_ROOT_MAX 20 /* characters of a root's name: inner chains add up to 8 */

/**
 * struct fw_tree - A tree by its name; it may exist or not
 * @root: Chain where it starts
 */
struct fw_tree {
        const char *root;
        enum fw_key key;
};

/**
 * fw_tree_put() - Make @leaf the one rule for @value
 * @value: Address in host byte order, or port
 * @leaf:  The rule; the match on the key is set here. Its comment names the owner
 *
 * Any other leaf of @value goes. The root is created if need be; whoever wants
 * packets in it jumps to it.
 */
int fw_tree_put(struct fw_table *t, const struct fw_tree *tree, uint32_t value,
                const struct fw_rule *leaf, struct err *e);

/**
 * fw_tree_get() - The leaf of @value
 *
 * Return: 1 with @ret filled in; 0: there is none; -1: @e
 */
int fw_tree_get(struct fw_table *t, const struct fw_tree *tree, uint32_t value, struct fw_rule *ret,
                struct err *e);

/** fw_tree_cut() - Remove the leaf of @value; one that is not there is no error */
int fw_tree_cut(struct fw_table *t, const struct fw_tree *tree, uint32_t value, struct err *e);

/**
 * fw_tree_cut_owner() - Remove every leaf whose comment is @owner
 *
 * For the clean-up after a container of which nothing but the name is known.
 */
int fw_tree_cut_owner(struct fw_table *t, const struct fw_tree *tree, const char *owner,
                      struct err *e);

/** fw_tree_leaves() - All leaves, appended to @ret */
int fw_tree_leaves(struct fw_table *t, const struct fw_tree *tree, struct fw_rules *ret,
                   struct err *e);

/**
 * fw_tree_trim() - If the tree has no leaf, delete its root and @from's jump to it
 * @from: Chain that may hold rules leading to the root
 */
int fw_tree_trim(struct fw_table *t, const struct fw_tree *tree, const char *from, struct err *e);

/** fw_chain_cut() - Delete a chain and @from's rules that lead to it; none is no error */
int fw_chain_cut(struct fw_table *t, const char *chain, const char *from, struct err *e);

/**
 * fw_jump_ensure() - Have exactly one rule same as @jump in @chain, at @at or wherever it is
 * @at: Position if it has to be added; past the end means at the end
 */
int fw_jump_ensure(struct fw_table *t, const char *chain, size_t at, const struct fw_rule *jump,
                   struct err *e);

#endif
