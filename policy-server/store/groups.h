/* SPDX-License-Identifier: Apache-2.0 */
/* Tags: the table groups. */
#ifndef NETMAN_POLICY_SERVER_STORE_GROUPS_H
#define NETMAN_POLICY_SERVER_STORE_GROUPS_H

#include "policy-server/store/db.h"

/**
 * groups_ensure() - See to it that each of @ids has a tag; under the state's lock
 * @ids: Array literal, may name an id twice
 * @e:   FAULT_CONFLICT: not enough tags are left
 *
 * Tags never used are given first, then the one that has been free the longest.
 */
int groups_ensure(struct db_conn *c, const char *ids, const char *type, uint32_t tag_max,
                  struct err *e);

#endif
