/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/serve.h"

#include "netman/debug_routes.h"

enum { BODY_MAX = 4096, CONNECTIONS_MAX = 64 };

static void healthz(struct http_request *rq)
{
        http_answer_text(rq, 200, "text/plain; charset=utf-8", "flanneld is running");
}

static void show_metrics(struct http_request *rq)
{
        debug_metrics(rq, http_request_app(rq));
}

static const struct http_route health_routes[] = {
        { .method = "GET", .pattern = "/healthz", .handler = healthz, .quick = true },
        { 0 },
};

static const struct http_route debug_table[] = {
        { .method = "GET", .pattern = "/metrics", .handler = show_metrics, .quick = true },
        { .method = "POST", .pattern = "/log-level", .handler = debug_log_level, .quick = true },
        { .method = "PUT", .pattern = "/log-level", .handler = debug_log_level, .quick = true },
        { 0 },
};

/* A server on @port, if that is not 0. */
static int start(const char *host, int64_t port, const struct http_route *routes, struct metrics *m,
                 struct http_server **ret, struct err *e)
{
        const struct http_server_config c = {
                .host = host,
                .port = (uint16_t)port,
                .routes = routes,
                .app = m,
                .limits = { .body_max = BODY_MAX, .connections = CONNECTIONS_MAX, .workers = 1 },
        };

        return port ? http_server_start(&c, ret, e) : 0;
}

int serve_start(const struct options *o, struct metrics *m, struct serve *ret, struct err *e)
{
        if (start(o->healthz_ip, o->healthz_port, health_routes, m, &ret->health, e) < 0)
                return err_add(e, "--healthz-port");
        if (start("127.0.0.1", o->debug_port, debug_table, m, &ret->debug, e) < 0)
                return err_add(e, "--debug-port");
        return 0;
}

void serve_drop(struct serve *s)
{
        http_server_stop(s->health, 0);
        http_server_stop(s->debug, 0);
}
