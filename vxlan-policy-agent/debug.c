/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/debug.h"

#include "netman/debug_routes.h"
#include "netman/jsonx.h"
#include "netman/own.h"

#include <string.h>

#define TIMEOUT_S 60
#define BODY_MAX  4096

static void answer(struct http_request *rq, unsigned int status, const char *type, struct str *body)
{
        OWN(http_reply) struct http_reply reply = { .status = status };

        reply.body = *body;
        *body = (struct str){ 0 };
        http_reply_header(&reply, "Content-Type", type);
        http_answer(rq, &reply);
}

/**
 * parse_logging() - {"enabled":bool}
 *
 * Return: NULL, or the answer that says what is wrong
 */
static const char *parse_logging(struct http_request *rq, bool *ret)
{
        OWN(json) json_t *root = NULL;
        const json_t *enabled;
        const char *body;
        size_t len = 0;

        body = http_request_body(rq, &len);
        if (jsonx_parse(body, len, &root, NULL) < 0 || !json_is_object(root))
                return "{ \"error\": \"decoding request body as json\" }";
        enabled = json_object_get(root, "enabled");
        if (!enabled || json_is_null(enabled))
                return "{ \"error\": \"missing required key 'enabled'\" }";
        if (!json_is_boolean(enabled))
                return "{ \"error\": \"decoding request body as json\" }";
        *ret = json_is_true(enabled);
        return NULL;
}

static void get_logging(struct http_request *rq)
{
        struct status *status = http_request_app(rq);

        http_answer_text(rq, 200, "application/json",
                         status_logging(status) ? "{\"enabled\":true}\n" : "{\"enabled\":false}\n");
}

static void put_logging(struct http_request *rq)
{
        bool enabled = false;
        const char *wrong = parse_logging(rq, &enabled);

        if (wrong) {
                http_answer_text(rq, 400, "application/json", wrong);
                return;
        }
        status_set_logging(http_request_app(rq), enabled);
        get_logging(rq);
}

static void get_plan(struct http_request *rq)
{
        OWN(str) struct str text = { 0 };
        struct err e = { 0 };

        if (status_plan(http_request_app(rq), TIMEOUT_S, &text, &e) == 0)
                answer(rq, 200, "text/plain", &text);
        else
                http_answer_text(rq, 500, "text/plain", e.msg);
}

static void get_metrics(struct http_request *rq)
{
        struct status *status = http_request_app(rq);
        struct counts counts = status_counts(status);

        meter_show(&status->meter, &counts);
        debug_metrics(rq, status->meter.metrics);
}

static void force(struct http_request *rq)
{
        OWN(str) struct str text = { 0 };
        struct err e = { 0 };

        if (status_force(http_request_app(rq), TIMEOUT_S, &e) == 0) {
                http_answer_text(rq, 200, "text/plain", "");
                return;
        }
        str_addf(&text, "failed to force policy poll cycle: %s", e.msg);
        answer(rq, 500, "text/plain", &text);
}

static const struct http_route debug_routes[] = {
        { .method = "POST", .pattern = "/log-level", .handler = debug_log_level, .quick = true },
        { .method = "PUT", .pattern = "/log-level", .handler = debug_log_level, .quick = true },
        { .method = "GET", .pattern = "/iptables-logging", .handler = get_logging, .quick = true },
        { .method = "PUT", .pattern = "/iptables-logging", .handler = put_logging, .quick = true },
        { .method = "GET", .pattern = "/plan", .handler = get_plan },
        { .method = "GET", .pattern = "/metrics", .handler = get_metrics, .quick = true },
        { 0 },
};

static const struct http_route force_routes[] = {
        { .method = "GET", .pattern = "/force-policy-poll-cycle", .handler = force },
        { 0 },
};

static int start(const char *host, uint16_t port, const struct http_route *routes,
                 struct status *status, struct http_server **ret, struct err *e)
{
        const struct http_server_config config = {
                .host = host,
                .port = port,
                .routes = routes,
                .app = status,
                .limits = { .body_max = BODY_MAX, .connections = 64, .workers = 2, .queue = 64 },
        };

        return http_server_start(&config, ret, e);
}

int debug_start(const char *host, uint16_t port, struct status *status, struct http_server **ret,
                struct err *e)
{
        return start(host, port, debug_routes, status, ret, e);
}

int force_start(const char *host, uint16_t port, struct status *status, struct http_server **ret,
                struct err *e)
{
        return start(host, port, force_routes, status, ret, e);
}
