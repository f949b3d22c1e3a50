/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others may know of the policy agent's chains in the filter table: their
 * names, and which of their rules speak for one address.
 *
 * The agent marks packets of a container with its app's tag, and leads packets to a
 * container into its app's chain. While it is down, or knows nothing, an address can
 * change hands: its new owner would be taken for the old one's app, if whoever gives
 * the address away, or sees that it was, did not drop these two rules.
 */
#ifndef NETMAN_AGENT_RULES_H
#define NETMAN_AGENT_RULES_H

#include "netman/err.h"
#include "netman/fw_rule.h"
#include "netman/fw_tx.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENT_PREFIX "vpa--"        /* of all its chains; nobody else's start like this */
#define AGENT_ROOT   "vpa--forward" /* where FORWARD leads first */
#define AGENT_SRC    "vpa--src"     /* tree on the source address, leaves "src:APP": marks */
#define AGENT_DST    "vpa--dst"     /* tree on the destination address, leaves "dst:APP" */

/** struct agent_owner - Whose an address is; @app NULL: no app's */
struct agent_owner {
        uint32_t ip;
        const char *app;
};

/**
 * struct agent_owners - What is known of owners
 * @items: Sorted by address, each once
 * @all:   Every other address is nobody's; false: nothing is known of others
 */
struct agent_owners {
        const struct agent_owner *items;
        size_t count;
        bool all;
};

/** agent_leaf_stale() - Does the rule speak for an address in the name of another app? */
bool agent_leaf_stale(const struct fw_rule *r, const struct agent_owners *owners);

/**
 * agent_leaves_drop() - Inside an edit of the filter table: drop the stale ones
 * @ret_count: How many there were
 */
int agent_leaves_drop(struct fw_table *t, const struct agent_owners *owners, size_t *ret_count,
                      struct err *e);

#endif
