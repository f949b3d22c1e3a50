/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two loopback servers:
 *   debug: POST /log-level, GET|PUT /iptables-logging, GET /plan, GET /metrics
 *   force: GET /force-policy-poll-cycle
 */
#ifndef VXLAN_POLICY_AGENT_DEBUG_H
#define VXLAN_POLICY_AGENT_DEBUG_H

#include "netman/err.h"
#include "netman/http_server.h"
#include "vxlan-policy-agent/status.h"

#include <stdint.h>

int debug_start(const char *host, uint16_t port, struct status *status, struct http_server **ret,
                struct err *e);
int force_start(const char *host, uint16_t port, struct status *status, struct http_server **ret,
                struct err *e);

#endif
