/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The route tables: one place that says what each path of the API does and who
 * may call it.
 */
#ifndef NETMAN_POLICY_SERVER_HTTP_ROUTES_H
#define NETMAN_POLICY_SERVER_HTTP_ROUTES_H

#include "netman/http_server.h"

const struct http_route *routes_external(void);
const struct http_route *routes_internal(void);
const struct http_route *routes_health(void);

/**
 * routes_check() - Does every route of a table say who may call it?
 * @e: FAULT_BAD_INPUT, naming one that does not: the server must not start
 */
int routes_check(const struct http_route *routes, struct err *e);

#endif
