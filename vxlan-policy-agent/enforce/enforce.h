/* SPDX-License-Identifier: Apache-2.0 */
/* A plan into the kernel: only what differs, in one commit. */
#ifndef VXLAN_POLICY_AGENT_ENFORCE_H
#define VXLAN_POLICY_AGENT_ENFORCE_H

#include "netman/err.h"
#include "netman/fw_tx.h"
#include "vxlan-policy-agent/plan/plan.h"

/**
 * enforce_plan() - Make the filter table hold the plan
 *
 * Our chains are exactly the plan's, and FORWARD's first rule is the jump to
 * PLAN_ROOT. Chains of an older version of this program go. Other chains and
 * rules stay as they are. What the kernel holds already is not written again.
 *
 * @ret_cost: Its committed tells whether anything differed
 */
int enforce_plan(const struct fw_where *where, const struct plan *p, struct fw_cost *ret_cost,
                 struct err *e);

/**
 * struct enforce_held - What to hold, and what came of it
 * @owners:  Of the addresses of this cell's containers
 * @stood:   Rules of an earlier run stood, this program's or another version's
 * @dropped: Those of them that were for an address's former owner
 */
struct enforce_held {
        struct agent_owners owners;
        bool stood;
        size_t dropped;
};

/**
 * enforce_hold() - Rules that stand stay, but for those of former owners; where none do, the plan
 *
 * FORWARD leading to any chain of ours that has rules counts as that: the chain may
 * be the reference's, which is called otherwise.
 */
int enforce_hold(const struct fw_where *where, const struct plan *p, struct enforce_held *held,
                 struct fw_cost *ret_cost, struct err *e);

#endif
