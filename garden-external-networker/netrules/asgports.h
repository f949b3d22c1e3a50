/* SPDX-License-Identifier: Apache-2.0 */
/* The step "ports" of asgtree.h. */
#ifndef NETWORKER_ASGPORTS_H
#define NETWORKER_ASGPORTS_H

#include "garden-external-networker/netrules/asgchain.h"

/**
 * asg_ports() - Chains for boxes that have an address in common, and one protocol
 *
 * The last chain made is where to start. Ranges of kinds must be such as a rule can
 * say: of ICMP there may be one kind only.
 */
int asg_ports(struct asg_plan *plan, const struct asg_box *boxes, size_t count,
              const struct asg_ways *ways, struct err *e);

#endif
