/* SPDX-License-Identifier: Apache-2.0 */
/* Ending connections whose policy is gone. */
#ifndef VXLAN_POLICY_AGENT_CUT_H
#define VXLAN_POLICY_AGENT_CUT_H

#include "netman/err.h"
#include "vxlan-policy-agent/plan/plan.h"

#include <stddef.h>

/**
 * struct cut_input - Which connections to look at
 * @plan:       In the kernel by now
 * @overlay:    Source and destination lie in it
 * @containers: Only connections from or to one of ours are judged
 */
struct cut_input {
        const struct plan *plan;
        struct fw_net overlay;
        const struct plan_container *containers;
        size_t container_count;
};

/**
 * cut_connections() - Forget the connections that could not be opened today
 * @ret_count: How many
 *
 * The source app's tag is the connection's mark, saved there when it was opened.
 * Connections without one are left alone: who opened them is not known. Their
 * next packet meets the rules like that of a new one.
 *
 * Both ends forget. If only the destination's cell did, its container could go on
 * sending datagrams that the source's cell takes for answers.
 */
int cut_connections(const struct cut_input *in, size_t *ret_count, struct err *e);

#endif
