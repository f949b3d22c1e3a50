/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces of the compiler; only plan/ includes this. */
#ifndef VXLAN_POLICY_AGENT_COMPILE_H
#define VXLAN_POLICY_AGENT_COMPILE_H

#include "vxlan-policy-agent/plan/plan.h"

#define PLAN_SRC  AGENT_SRC          /* tree on the source: marks */
#define PLAN_DENY PLAN_PREFIX "deny" /* tree on the destination: logs of refusals */
#define PLAN_TO   PLAN_PREFIX "to-"  /* and an app's key: its chain */

#define PLAN_KEY_MAX 8

/* A packet walks a chain rule by rule up to this many; longer ones become trees. */
#define PLAN_FAN 16

/**
 * plan_add_chain() - A new, empty chain
 * @ret_index: Its place in @p->chains, which moves when more are added
 */
int plan_add_chain(struct plan *p, const char *name, size_t *ret_index, struct err *e);

/** plan_add_rule() - Append a rule to a chain */
int plan_add_rule(struct plan *p, size_t chain, const struct fw_rule *r, struct err *e);

/** plan_add_root() - The chain that every forwarded packet meets first */
int plan_add_root(struct plan *p, const struct plan_settings *s, struct err *e);

/** struct addr_leaf - What to do with one address */
struct addr_leaf {
        uint32_t ip;
        struct fw_rule rule; /* the address match is set by the tree */
};

/**
 * plan_addr_tree() - A tree on the source or destination address
 * @root:   Name of its first chain, which is made even if there are no leaves
 * @by_src: Look at the source, not the destination
 * @leaves: Sorted by address, no address twice
 */
int plan_addr_tree(struct plan *p, const char *root, bool by_src, const struct addr_leaf *leaves,
                   size_t count, struct err *e);

/**
 * struct decision - What one of the trees on tags and ports decides
 * @chain:    Its first chain
 * @key:      Short, unique, for the names of the chains below
 * @id:       The destination app; NULL for what leaves for other cells
 * @policies: Sorted by source tag, protocol, start, end; tags are in 1 … PLAN_TAG_MAX
 */
struct decision {
        const char *chain, *key, *id;
        const struct policy *const *policies;
        size_t count;
};

/** plan_decision() - The chains that accept what the policies say */
int plan_decision(struct plan *p, const struct plan_settings *s, const struct decision *d,
                  struct err *e);

#endif
