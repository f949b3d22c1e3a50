/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server we ask: UAA or Cloud Controller. Holds a few clients, so that worker
 * threads can ask at the same time over kept connections.
 */
#ifndef NETMAN_POLICY_SERVER_AUTH_UPSTREAM_H
#define NETMAN_POLICY_SERVER_AUTH_UPSTREAM_H

#include "netman/http_client.h"
#include "netman/jsonx.h"

struct upstream;

/** upstream_new() - @ca_file: NULL for the system's authorities */
int upstream_new(const char *base_url, const char *ca_file, bool skip_verify, struct upstream **ret,
                 struct err *e);
void upstream_free(struct upstream *u);
OWN_DROP(upstream, struct upstream *, upstream_free)

/** upstream_stop() - Calls under way and all later ones fail at once */
void upstream_stop(struct upstream *u);

/**
 * upstream_json() - Ask, from any thread; 200 and a JSON object are wanted
 * @e: FAULT_UPSTREAM; FAULT_ABSENT for 404; FAULT_DENIED for 401
 */
int upstream_json(struct upstream *u, const struct http_call *call, json_t **ret, struct err *e);

#endif
