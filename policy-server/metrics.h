/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server tells of itself: GET /metrics on the debug listener for
 * Prometheus, and dropsonde with the names that operators' dashboards know.
 */
#ifndef NETMAN_POLICY_SERVER_METRICS_H
#define NETMAN_POLICY_SERVER_METRICS_H

#include "netman/dropsonde.h"
#include "netman/http_server.h"
#include "netman/metrics.h"

struct ps;

/** ps_metrics_start() - When database and feed are there, before anybody may ask */
int ps_metrics_start(struct ps *ps, struct err *e);

/** ps_metrics_stop() - When nobody asks any more, before database and feed go */
void ps_metrics_stop(struct ps *ps);

/** ps_metrics_answered() - Counts a request: http_server_config.answered of every listener */
void ps_metrics_answered(struct http_request *rq, unsigned int status);

/**
 * ps_metrics_store() - An operation on the policies has ended
 * @operation: "Create", …; the reference's name for it without "Store"
 */
void ps_metrics_store(struct ps *ps, const char *operation, int64_t took_us, bool ok);

/** ps_metrics_show() - Handler of GET /metrics */
void ps_metrics_show(struct http_request *rq);

#endif
