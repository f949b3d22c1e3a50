/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/http/routes.h"

#include "policy-server/handlers/handlers.h"
#include "policy-server/http/call.h"
#include "policy-server/http/cors.h"

#define EXTERNAL "/networking/:version/external"
#define INTERNAL "/networking/:version/internal"

#define ENDPOINT(n, who, which, h)                                                                 \
        {                                                                                          \
                .name = (n), .audience = (who), .versions = (which), .handler = (h)                \
        }

static const struct endpoint uptime = ENDPOINT("Uptime", FOR_ALL, 0, handle_uptime);
static const struct endpoint health = ENDPOINT("Health", FOR_ALL, 0, handle_health);
static const struct endpoint whoami = ENDPOINT("WhoAmI", FOR_ADMINS, V0 | V1, handle_whoami);
static const struct endpoint create =
        ENDPOINT("CreatePolicies", FOR_WRITERS, V0 | V1, handle_create);
static const struct endpoint delete =
        ENDPOINT("DeletePolicies", FOR_WRITERS, V0 | V1, handle_delete);
static const struct endpoint policies =
        ENDPOINT("PoliciesIndex", FOR_WRITERS, V0 | V1, handle_index);
static const struct endpoint cleanup = ENDPOINT("Cleanup", FOR_ADMINS, V0 | V1, handle_cleanup);
static const struct endpoint status = ENDPOINT("PoliciesStatus", FOR_WRITERS, V1, handle_status);
static const struct endpoint tags = ENDPOINT("TagsIndex", FOR_ADMINS, V0 | V1, handle_tags);
static const struct endpoint internal_policies = { .name = "InternalPolicies",
                                                   .audience = FOR_CELLS,
                                                   .versions = V0 | V1,
                                                   .handler = handle_internal_index,
                                                   .parks = true };
static const struct endpoint last_updated =
        ENDPOINT("InternalPoliciesLastUpdated", FOR_CELLS, V1, handle_last_updated);
static const struct endpoint tag_make = ENDPOINT("CreateTags", FOR_CELLS, V1, handle_tag_make);
static const struct endpoint health_port = ENDPOINT("Health", FOR_CELLS, 0, handle_health_port);

#define OPTIONS(path)                                                                              \
        {                                                                                          \
                .method = "OPTIONS", .pattern = (path), .handler = cors_options                    \
        }
#define TO(m, path, endpoint)                                                                      \
        {                                                                                          \
                .method = (m), .pattern = (path), .handler = call_front, .data = &(endpoint)       \
        }

static const struct http_route external_routes[] = {
        TO("GET", "/", uptime),
        TO("GET", "/networking", uptime),
        TO("GET", "/health", health),
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
        { .method = "GET",
          .pattern = INTERNAL "/policies",
          .handler = call_front,
          .data = &internal_policies,
          .quick = true },
        TO("GET", INTERNAL "/policies_last_updated", last_updated),
        TO("PUT", INTERNAL "/tags", tag_make),
        { 0 },
};

static const struct http_route health_routes[] = {
        TO("GET", "/", uptime),
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
