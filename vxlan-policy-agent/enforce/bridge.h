/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers of one cell hang on one bridge: their packets to each other meet
 * iptables only if the kernel is told to show bridged packets to it.
 */
#ifndef VXLAN_POLICY_AGENT_BRIDGE_H
#define VXLAN_POLICY_AGENT_BRIDGE_H

#include "netman/err.h"

#include <stdbool.h>

/**
 * bridge_filters() - Make sure that bridged packets meet iptables
 * @e: They do not, and we may not change that; names the remedy
 *
 * A namespace without any bridge has nothing to filter, which is fine.
 */
int bridge_filters(struct err *e);

#endif
