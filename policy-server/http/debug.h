/* SPDX-License-Identifier: Apache-2.0 */
/* The debug listener, for operators on the machine: metrics, log level. */
#ifndef NETMAN_POLICY_SERVER_HTTP_DEBUG_H
#define NETMAN_POLICY_SERVER_HTTP_DEBUG_H

#include "netman/http_server.h"

const struct http_route *routes_debug(void);

#endif
