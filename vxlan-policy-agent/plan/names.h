/* SPDX-License-Identifier: Apache-2.0 */
/* Short names of apps, for their chains. */
#ifndef VXLAN_POLICY_AGENT_NAMES_H
#define VXLAN_POLICY_AGENT_NAMES_H

#include "vxlan-policy-agent/plan/compile.h"

/**
 * plan_key() - A name of at most PLAN_KEY_MAX characters
 * @before, @after: The ids next to @id in sorted order, NULL at the ends
 *
 * The first eight characters where they are letters and digits that no neighbour
 * shares, as in a GUID; otherwise a checksum of the id. Two checksums may agree,
 * once in a billion pairs: plan_make() finds that, and refuses.
 */
void plan_key(const char *id, const char *before, const char *after, char key[PLAN_KEY_MAX + 1]);

#endif
