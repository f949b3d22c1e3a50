/* SPDX-License-Identifier: Apache-2.0 */
/* The agent as a whole: start everything, run until told to stop. */
#ifndef VXLAN_POLICY_AGENT_AGENT_H
#define VXLAN_POLICY_AGENT_AGENT_H

#include "netman/err.h"
#include "vxlan-policy-agent/config.h"

/**
 * agent_run() - Run until SIGTERM or SIGINT
 * @e: The agent could not start; nothing that happens later ends it
 *
 * The rules stay in the kernel when it returns.
 */
int agent_run(const struct agent_config *config, struct err *e);

#endif
