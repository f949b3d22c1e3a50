/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only adds to what is known cannot end anybody's right to a connection, and
 * nothing has to be looked for among the kernel's connections then.
 */
#ifndef VXLAN_POLICY_AGENT_LOST_H
#define VXLAN_POLICY_AGENT_LOST_H

#include "netman/policy.h"
#include "vxlan-policy-agent/poll/containers.h"

#include <stdbool.h>

/** lost_policy() - Is one of @old not in @fresh? Sorts both */
bool lost_policy(struct policy_list *old, struct policy_list *fresh);

/** lost_container() - Is one of @old not in @fresh, or another app's, or elsewhere? */
bool lost_container(const struct containers *old, const struct containers *fresh);

#endif
