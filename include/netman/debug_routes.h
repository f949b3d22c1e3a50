/* SPDX-License-Identifier: Apache-2.0 */
/* What every program's debug server, on loopback, answers alike. */
#ifndef NETMAN_DEBUG_ROUTES_H
#define NETMAN_DEBUG_ROUTES_H

#include "netman/http_server.h"
#include "netman/metrics.h"

/**
 * debug_log_level() - Handler of POST and PUT /log-level
 *
 * The body names the level: "debug", "d" or "0", … "fatal", "f" or "3".
 */
void debug_log_level(struct http_request *rq);

/** debug_metrics() - Answer with all metrics */
void debug_metrics(struct http_request *rq, struct metrics *m);

#endif
