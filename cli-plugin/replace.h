/* SPDX-License-Identifier: Apache-2.0 */
/* Some policies in place of others: two requests that are to be one. */
#ifndef NETMAN_PLUGIN_REPLACE_H
#define NETMAN_PLUGIN_REPLACE_H

#include "cli-plugin/session.h"

#include "netman/policy.h"

/**
 * replace_policies() - Add, then remove; where that fails, undo it
 * @add, @remove: Sorted; either may be empty
 * @e: Says whether nothing was changed, or something that could not be undone
 *
 * SIGINT, SIGTERM and SIGHUP act when all is over, and standard error tells what they
 * came too late for. SIGKILL between the two requests leaves the additions.
 */
int replace_policies(struct session *s, const struct policy_list *add,
                     const struct policy_list *remove, struct err *e);

#endif
