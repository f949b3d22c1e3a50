/* SPDX-License-Identifier: Apache-2.0 */
/* The step "addresses" of asgtree.h. */
#ifndef NETWORKER_ASGADDRS_H
#define NETWORKER_ASGADDRS_H

#include "garden-external-networker/netrules/asgchain.h"

/**
 * asg_addrs() - Chains for boxes of one protocol, and if it is ICMP of one kind
 * @boxes: By first address, and unsorted afterwards
 *
 * The last chain made is where to start.
 */
int asg_addrs(struct asg_plan *plan, struct asg_box *boxes, size_t count,
              const struct asg_ways *ways, struct err *e);

#endif
