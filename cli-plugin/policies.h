/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the policy server. */
#ifndef NETMAN_PLUGIN_POLICIES_H
#define NETMAN_PLUGIN_POLICIES_H

#include "cli-plugin/session.h"

#include "netman/policy.h"

/** policies_create() - All or none; those that exist already are no error */
int policies_create(struct session *s, const struct policy_list *list, struct err *e);

/** policies_delete() - All or none; those that do not exist are no error */
int policies_delete(struct session *s, const struct policy_list *list, struct err *e);

/**
 * struct policy_filter - Ids of apps; NULL: any
 * @either: Source or destination
 */
struct policy_filter {
        const char *either, *source, *destination;
};

/** policies_list() - Those that the user may see and that pass; with ranges, if the server has any
 */
int policies_list(struct session *s, const struct policy_filter *f, struct policy_list *ret,
                  struct err *e);

/**
 * struct policies_status - How far the cells are
 * @known: false: the server is one that cannot tell
 */
struct policies_status {
        bool known;
        int64_t revision, agents, enforced, oldest_enforced;
};

/** policies_status() - @timeout_ms: what it may take at most, if that is less than some seconds */
int policies_status(struct session *s, int timeout_ms, struct policies_status *ret, struct err *e);

/**
 * policies_wait() - Until every live cell enforces what holds now
 * @seconds: At most so long; a server in trouble is asked again until then
 * @ret:     As last seen
 * @e:       FAULT_UPSTREAM: time is over, and how many cells are behind, or why
 *           that is not known
 */
int policies_wait(struct session *s, int seconds, struct policies_status *ret, struct err *e);

#endif
