/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: Net-out rules as a tree of chains
 *
 * The maps of a list (asgmap.h) as chains of at most 16 rules: the root tells the
 * kinds of protocol apart, below it each chain leads on by address ranges, at the
 * bottom by ports. Every chain ends in a refusal, so a packet that finds no rule
 * never falls out. The chains are named after a hash of all that is in them:
 * containers with the same rules share them.
 */
#ifndef NETWORKER_ASGPLAN_H
#define NETWORKER_ASGPLAN_H

#include "garden-external-networker/ipc/request.h"
#include "netman/err.h"
#include "netman/fw_rule.h"

#include <stddef.h>

#define ASG_PREFIX      "asg-"
#define ASG_LITERAL_MAX 32 /* rules that go into the kernel as they came */

/** struct asg_chain - A chain that is to be */
struct asg_chain {
        char name[FW_CHAIN_MAX + 1];
        struct fw_rules rules;
};

/** struct asg_plan - Chains, each before those that lead to it; the last is the root */
struct asg_plan {
        struct asg_chain *chains;
        size_t count, cap;
};

/**
 * asg_plan_make() - The chains of a list of rules
 * @log_chain: Where logged packets go on; an empty name if nothing is ever logged
 * @log_all:   Log what any rule accepts
 * @tail:      Ends every chain: the refusal
 * @e:         FAULT_CONFLICT: no tree can be made of it, use the list
 */
int asg_plan_make(const struct egress_list *list, const char *log_chain, bool log_all,
                  const struct fw_rules *tail, struct asg_plan *ret, struct err *e);
void asg_plan_done(struct asg_plan *plan);

static inline void asg_plan_drop(struct asg_plan *plan)
{
        asg_plan_done(plan);
}

/** asg_plan_root() - Name of the chain to go to */
const char *asg_plan_root(const struct asg_plan *plan);

#endif
