/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/http/routes.h"

#include "policy-server/handlers/handlers.h"
#include "policy-server/http/call.h"
#include "policy-server/http/cors.h"

#define EXTERNAL "/networking/:version/external"
#define INTERNAL "/networking/:version/internal"

#define ENDPOINT(n, who, which, h, ...)                                                            \
        {                                                                                          \
                .name = (n), .audience = (who), .versions = (which), .handler = (h), __VA_ARGS__   \
        }

static const struct endpoint uptime = ENDPOINT("Uptime", FOR_ALL, 0, handle_uptime);
static const struct endpoint health = ENDPOINT("Health", FOR_ALL, 0, handle_health);
static const struct endpoint whoami = ENDPOINT("WhoAmI", FOR_ADMINS, V0 | V1, handle_whoami);
static const struct endpoint create =
        ENDPOINT("CreatePolicies", FOR_WRITERS, V0 | V1, handle_create, .reads_body = true);
static const struct endpoint delete =
        ENDPOINT("DeletePolicies", FOR_WRITERS, V0 | V1, handle_delete, .reads_body = true);
static const struct endpoint policies =
        ENDPOINT("PoliciesIndex", FOR_WRITERS, V0 | V1, handle_index);
static const struct endpoint cleanup = ENDPOINT("Cleanup", FOR_ADMINS, V0 | V1, handle_cleanup);
static const struct endpoint status = ENDPOINT("PoliciesStatus", FOR_WRITERS, V1, handle_status);
static const struct endpoint tags = ENDPOINT("TagsIndex", FOR_ADMINS, V0 | V1, handle_tags);
static const struct endpoint internal_policies =
        ENDPOINT("InternalPolicies", FOR_CELLS, V0 | V1, handle_internal_index, .parks = true);
static const struct endpoint last_updated =
        ENDPOINT("InternalPoliciesLastUpdated", FOR_CELLS, V1, handle_last_updated);
static const struct endpoint tag_make =
        ENDPOINT("CreateTags", FOR_CELLS, V1, handle_tag_make, .reads_body = true);
static const struct endpoint health_port = ENDPOINT("Health", FOR_CELLS, 0, handle_health_port);

#define OPTIONS(path)                                                                              \
        {                                                                                          \
                .method = "OPTIONS", .pattern = (path), .handler = cors_options, .quick = true     \
        }
#define TO(m, path, endpoint, ...)                                                                 \
        {                                                                                          \
                .method = (m), .pattern = (path), .handler = call_front, .data = &(endpoint),      \
                __VA_ARGS__                                                                        \
        }

static const struct http_route external_routes[] = {
        TO("GET", "/", uptime, .quick = true),
        TO("GET", "/networking", uptime, .quick = true),
        TO("GET", "/health", health, .reserved = true),
        TO("GET", EXTERNAL "/whoami", whoami),
        TO("POST", EXTERNAL "/policies", create),
        TO("POST", EXTERNAL "/policies/delete", delete),
        TO("GET", EXTERNAL "/policies", policies),
        TO("POST", EXTERNAL "/policies/cleanup", cleanup),
        TO("GET", EXTERNAL "/policies/status", status),
        TO("GET", EXTERNAL "/tags", tags),
        OPTIONS("/"),
        OPTIONS("/networking"),
        OPTIONS("/health"),
        OPTIONS(EXTERNAL "/whoami"),
        OPTIONS(EXTERNAL "/policies"),
        OPTIONS(EXTERNAL "/policies/delete"),
        OPTIONS(EXTERNAL "/policies/cleanup"),
        OPTIONS(EXTERNAL "/policies/status"),
        OPTIONS(EXTERNAL "/tags"),
        { 0 },
};

static const struct http_route internal_routes[] = {
        TO("GET", INTERNAL "/policies", internal_policies, .quick = true),
        TO("GET", INTERNAL "/policies_last_updated", last_updated),
        TO("PUT", INTERNAL "/tags", tag_make),
        { 0 },
};

static const struct http_route health_routes[] = {
        TO("GET", "/", uptime, .quick = true),
        TO("GET", "/health", health_port),
        { 0 },
};

const struct http_route *routes_external(void)
{
        return external_routes;
}

const struct http_route *routes_internal(void)
{
        return internal_routes;
}

const struct http_route *routes_health(void)
{
        return health_routes;
}

int routes_check(const struct http_route *routes, struct err *e)
{
        for (const struct http_route *r = routes; r->method; r++) {
                const struct endpoint *to = r->data;

                /* OPTIONS tells everybody which methods there are, and needs no endpoint. */
                if (to ? to->audience == FOR_NOBODY : r->handler != cors_options)
                        return err_set(e, FAULT_BAD_INPUT, 0,
                                       "%s %s: the route does not say who may call it", r->method,
                                       r->pattern);
        }
        return 0;
}
