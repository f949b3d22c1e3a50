/* SPDX-License-Identifier: Apache-2.0 */
/* Chains on their way to the kernel, and those that look for one net-out rule of many. */
#ifndef NETWORKER_ASGCHAIN_H
#define NETWORKER_ASGCHAIN_H

#include "garden-external-networker/netrules/asgbox.h"
#include "netman/err.h"
#include "netman/fw_rule.h"

#include <stddef.h>

#define ASG_CHAIN_RULES 16 /* rules of a chain, without its end */

/** struct asg_chain - A chain that is to be */
struct asg_chain {
        char name[FW_CHAIN_MAX + 1];
        struct fw_rules rules;
};

/**
 * struct asg_plan - Chains, each before those that lead to it; the last is the root
 * @stem: Name of the root; the other chains add a number
 */
struct asg_plan {
        char stem[FW_CHAIN_MAX + 1];
        struct asg_chain *chains;
        size_t count, cap;
};

void asg_plan_done(struct asg_plan *plan);

static inline void asg_plan_drop(struct asg_plan *plan)
{
        asg_plan_done(plan);
}

/**
 * struct asg_ways - Where packets go
 * @found:  Verb and chain for those that fit a box, [1] where it logs
 * @missed: The end of a chain, for those that fit none
 */
struct asg_ways {
        struct fw_rule found[2];
        const struct fw_rules *missed;
};

/** asg_add_all() - Append copies of rules to @to */
int asg_add_all(struct fw_rules *to, const struct fw_rules *from, struct err *e);

/** asg_chain_add() - A chain of these rules; @end: behind them */
int asg_chain_add(struct asg_plan *plan, const struct fw_rules *rules, const struct fw_rules *end,
                  struct err *e);

/** asg_chain_list() - A chain with a rule for each box, in their order */
int asg_chain_list(struct asg_plan *plan, const struct asg_box *boxes, size_t count,
                   const struct asg_ways *ways, struct err *e);

/** asg_go_to() - Have a rule lead to a chain of the plan */
void asg_go_to(const struct asg_plan *plan, size_t chain, struct fw_rule *r);

/** asg_add_way() - Add a rule to @list that leads to the last chain made; @r: which packets */
int asg_add_way(const struct asg_plan *plan, const struct fw_rule *r, struct fw_rules *list,
                struct err *e);

/** asg_prefix() - The smallest network that holds all addresses from @lo to @hi */
struct fw_net asg_prefix(uint32_t lo, uint32_t hi);

/**
 * asg_set_addrs() - Say a range of destinations
 *
 * As a network where it is one; else the smallest network that holds it stands before
 * the range: what is not in that is soon done with.
 */
void asg_set_addrs(struct fw_rule *r, uint32_t lo, uint32_t hi);

/** asg_set_kinds() - Say protocol and ports, or ICMP's type and code, of a range of kinds */
void asg_set_kinds(struct fw_rule *r, uint32_t kind_lo, uint32_t kind_hi);

#endif
