/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/http/debug.h"

#include "netman/debug_routes.h"
#include "policy-server/metrics.h"

static const struct http_route debug_routes[] = {
        { .method = "GET", .pattern = "/metrics", .handler = ps_metrics_show },
        { .method = "POST", .pattern = "/log-level", .handler = debug_log_level },
        { .method = "PUT", .pattern = "/log-level", .handler = debug_log_level },
        { 0 },
};

const struct http_route *routes_debug(void)
{
        return debug_routes;
}
