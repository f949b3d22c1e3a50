/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/http/cors.h"

#include "policy-server/http/routes.h"

#include <string.h>

/** allowed_origin() - What to answer for the request's Origin; NULL for nothing */
static const char *allowed_origin(const struct ps *ps, struct http_request *rq)
{
        const struct conf_strs *domains = &ps->config.allowed_cors_domains;
        const char *origin = http_request_header(rq, "Origin");

        for (size_t i = 0; origin && i < domains->count; i++) {
                if (str_eq(domains->items[i], "*") || str_eq(domains->items[i], origin))
                        return domains->items[i];
        }
        return NULL;
}

void cors_headers(const struct ps *ps, struct http_request *rq, struct http_reply *reply)
{
        const char *origin = allowed_origin(ps, rq);

        http_reply_header(reply, "X-Content-Type-Options", "nosniff");
        http_reply_header(reply, "X-XSS-Protection", "1; mode=block");
        http_reply_header(reply, "X-Frame-Options", "deny");
        http_reply_header(reply, "Content-Security-Policy", "frame-ancestors 'none'");
        if (ps->config.enable_tls)
                http_reply_header(reply, HSTS_HEADER);
        if (origin)
                http_reply_header(reply, "Access-Control-Allow-Origin", origin);
}

void cors_options(struct http_request *rq)
{
        OWN(http_reply) struct http_reply reply = { .status = 200 };
        const char *pattern = http_request_route(rq)->pattern;
        OWN(str) struct str methods = { 0 };

        for (const struct http_route *r = routes_external(); r->method; r++) {
                if (strcmp(r->pattern, pattern) == 0)
                        str_addf(&methods, "%s%s", methods.len ? "," : "", r->method);
        }
        http_reply_header(&reply, "Content-Type", "application/json");
        http_reply_header(&reply, "Access-Control-Allow-Methods", str_text(&methods));
        http_reply_header(&reply, "Access-Control-Allow-Headers", "authorization");
        cors_headers(http_request_app(rq), rq, &reply);
        http_answer(rq, &reply);
}
