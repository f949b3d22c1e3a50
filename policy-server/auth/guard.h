/* SPDX-License-Identifier: Apache-2.0 */
/* May this user touch these apps? Admins may touch all. */
#ifndef NETMAN_POLICY_SERVER_AUTH_GUARD_H
#define NETMAN_POLICY_SERVER_AUTH_GUARD_H

#include "netman/policy.h"
#include "policy-server/auth/cc.h"

/**
 * guard_may_touch() - Is every app of the list in a space the user develops in?
 * @e: UAA or the Cloud Controller could not say
 */
int guard_may_touch(struct cc *cc, const struct token *t, const struct policy_list *list, bool *ret,
                    struct err *e);

/** guard_filter() - Drop the policies whose apps the user may not both see */
int guard_filter(struct cc *cc, const struct token *t, struct policy_list *list, struct err *e);

#endif
