/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: cleaning up after deleted apps
 *
 * Policies of apps that the Cloud Controller no longer knows are deleted. It is
 * asked for every app in a policy, to the last page: a part of the truth must
 * not delete anything. An admin's request deletes at once. The server by itself
 * is slower to believe: an app must be absent twice, with some time in between,
 * and a run that would delete a large part of all policies is taken for a fault
 * of the Cloud Controller and does nothing.
 */
#ifndef NETMAN_POLICY_SERVER_CLEANUP_H
#define NETMAN_POLICY_SERVER_CLEANUP_H

#include "netman/policy.h"

struct ps;
struct cleanup;

/**
 * cleanup_now() - Delete at once, for who asked
 * @deleted: Gets what went
 *
 * Policies go with the others whose ids can be no app's.
 */
int cleanup_now(struct ps *ps, const char *request_id, const char *user,
                struct policy_list *deleted, struct err *e);

/** cleanup_start() - Do it every cleanup_interval; @ps is borrowed */
int cleanup_start(struct ps *ps, struct cleanup **ret, struct err *e);
void cleanup_stop(struct cleanup *c);

#endif
