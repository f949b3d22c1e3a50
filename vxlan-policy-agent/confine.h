/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent may still do once it has started. */
#ifndef VXLAN_POLICY_AGENT_CONFINE_H
#define VXLAN_POLICY_AGENT_CONFINE_H

#include "netman/err.h"

/**
 * confine_self() - Give up all privileges but those for the tables, for good
 * @e: A privilege that we have could not be given up, or the two are missing
 *
 * Keeps CAP_NET_ADMIN and CAP_NET_RAW, whoever started us, and the system calls
 * that the agent is known to need: no program can be executed any more, no
 * namespace entered or made, nothing mounted or traced, no packet socket opened.
 * Call it before threads are made: they inherit it.
 */
int confine_self(struct err *e);

#endif
