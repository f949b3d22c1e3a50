/* SPDX-License-Identifier: Apache-2.0 */
/* Who has changed which policies, in the log: the names are the reference's. */
#ifndef NETMAN_POLICY_SERVER_AUDIT_H
#define NETMAN_POLICY_SERVER_AUDIT_H

#include "netman/policy.h"

/* A log line must fit into what collects it: of more policies the first are told, and
 * the count of all. */
#define AUDIT_POLICIES_MAX 100

/**
 * audit() - Tell of a change that was made
 * @event:      "created-policies", …
 * @request_id: NULL where none asked for it
 * @user:       The same
 */
void audit(const char *event, const char *request_id, const struct policy_list *list,
           int64_t revision, const char *user);

#endif
