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

/** enforce_present() - Do rules of an earlier run stand in the kernel? */
int enforce_present(bool *ret, struct err *e);

#endif
