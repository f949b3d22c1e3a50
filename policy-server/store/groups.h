/* SPDX-License-Identifier: Apache-2.0 */
/* Tags: the table groups. */
#ifndef NETMAN_POLICY_SERVER_STORE_GROUPS_H
#define NETMAN_POLICY_SERVER_STORE_GROUPS_H

#include "policy-server/store/store.h"

/**
 * groups_ensure() - See to it that each of @ids has a tag; under the state's lock
 * @ids:       Array literal, may name an id twice
 * @ret_early: Number of tags given that were still in quarantine
 * @e:         FAULT_CONFLICT: not enough tags are left
 *
 * Tags never used are given first, then the one that has been free the longest:
 * so one in quarantine is given only when no other is left. A tag is in
 * quarantine for some time after it was freed, but no longer than until every
 * live cell has enforced the revision that freed it. Of an instance that has
 * gone, the last word on its cells counts for twice the time that a silent cell
 * is taken for alive: by then they have asked another, or are not.
 */
int groups_ensure(struct db_conn *c, const char *ids, const char *type,
                  const struct store_limits *limits, int64_t *ret_early, struct err *e);

#endif
