/* SPDX-License-Identifier: Apache-2.0 */
/* A session that the cf CLI provides to its plugin. */
#ifndef NETMAN_PLUGIN_CF_H
#define NETMAN_PLUGIN_CF_H

#include "cli-plugin/rpc.h"
#include "cli-plugin/session.h"

/**
 * cf_open() - Session over a connection
 * @r: Stays the caller's, must outlive the session
 */
void cf_open(struct rpc *r, struct session *ret);

/** cf_is_recent() - Is the CLI at least version METADATA_MIN_CLI? */
int cf_is_recent(struct rpc *r, bool *ret, struct err *e);

#endif
