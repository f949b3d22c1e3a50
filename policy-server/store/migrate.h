/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETMAN_POLICY_SERVER_STORE_MIGRATE_H
#define NETMAN_POLICY_SERVER_STORE_MIGRATE_H

#include "netman/err.h"
#include "policy-server/config.h"

/**
 * migrate() - Bring the database's schema to this program's
 * @ret_applied: Number of steps that were missing
 *
 * One session at a time, by an advisory lock: any number of instances may start
 * together on an empty database. Each step is a transaction.
 */
int migrate(const struct ps_config *c, int *ret_applied, struct err *e);

#endif
