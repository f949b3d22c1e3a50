/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/server.h"

#include "netman/clock.h"
#include "netman/log.h"
#include "policy-server/agents.h"
#include "policy-server/cleanup.h"
#include "policy-server/http/call.h"
#include "policy-server/http/cors.h"
#include "policy-server/http/debug.h"
#include "policy-server/http/routes.h"
#include "policy-server/metrics.h"
#include "policy-server/store/migrate.h"

#include <string.h>

/** refuse() - Our own words where the HTTP server speaks by itself */
static void refuse(struct http_request *rq, struct http_reply *reply)
{
        const struct ps *ps = http_request_app(rq);

        if (reply->status == 413)
                reply_error(reply, 400, "failed reading request body");
        else if (reply->status == 503)
                reply_error(reply, 503, "server is busy");
        cors_headers(ps, rq, reply);
}

/** limits_of() - A client gets half of all connections by default: nobody takes them all */
static struct http_limits limits_of(const struct ps_config *c, unsigned int workers,
                                    unsigned int loops)
{
        return (struct http_limits){ .workers = workers,
                                     .loops = loops,
                                     .per_address = (unsigned int)c->max_connections_per_client,
                                     .request_s = (unsigned int)c->request_timeout };
}

static int listen_external(struct ps *ps, struct err *e)
{
        const struct ps_config *c = &ps->config;
        const struct http_tls tls = { .cert_file = c->server_cert_file,
                                      .key_file = c->server_key_file };
        const struct http_server_config conf = { .name = "external",
                                                 .host = c->listen_host,
                                                 .port = (uint16_t)c->listen_port,
                                                 .tls = c->enable_tls ? &tls : NULL,
                                                 .limits = limits_of(c, 16, 1),
                                                 .routes = routes_external(),
                                                 .app = ps,
                                                 .body_use = call_body_use,
                                                 .refuse = refuse,
                                                 .answered = ps_metrics_answered };

        return http_server_start(&conf, &ps->external, e);
}

static int listen_internal(struct ps *ps, struct err *e)
{
        const struct ps_config *c = &ps->config;
        const struct http_tls tls = { .cert_file = c->server_cert_file,
                                      .key_file = c->server_key_file,
                                      .client_ca_file = c->ca_cert_file };
        const struct http_server_config conf = { .name = "internal",
                                                 .host = c->listen_host,
                                                 .port = (uint16_t)c->internal_listen_port,
                                                 .tls = &tls,
                                                 .limits = limits_of(c, 8, 2),
                                                 .routes = routes_internal(),
                                                 .app = ps,
                                                 .body_use = call_body_use,
                                                 .answered = ps_metrics_answered };

        return http_server_start(&conf, &ps->internal, e);
}

/** listen_small() - A listener for a few clients of our own */
static int listen_small(struct ps *ps, const char *name, const char *host, int64_t port,
                        const struct http_route *routes, struct http_server **ret, struct err *e)
{
        const struct http_server_config conf = {
                .name = name,
                .host = host,
                .port = (uint16_t)port,
                .limits = { .workers = 1, .queue = 16, .body_max = 4096, .connections = 64 },
                .routes = routes,
                .app = ps,
                .answered = ps_metrics_answered
        };

        return port ? http_server_start(&conf, ret, e) : 0;
}

static int listen_all(struct ps *ps, struct err *e)
{
        const struct ps_config *c = &ps->config;
        bool internal = ps->role == PS_INTERNAL || (c->internal_listen_port && c->ca_cert_file);

        if (ps->role == PS_EXTERNAL && listen_external(ps, e) < 0)
                return -1;
        if (internal && (agents_start(ps, &ps->agents, e) < 0 || listen_internal(ps, e) < 0))
                return -1;
        /* The reference's, too, is for who asks on the machine itself. */
        if (listen_small(ps, "health", "127.0.0.1", c->health_check_port, routes_health(),
                         &ps->health, e) < 0)
                return -1;
        return listen_small(ps, "debug", c->debug_server_host, c->debug_server_port, routes_debug(),
                            &ps->debug, e);
}

static int open_database(struct ps *ps, struct err *e)
{
        int applied = 0;

        if (db_open(&ps->config, &ps->db, e) < 0)
                return err_add(e, "db connect: unable to ping");
        if (migrate(&ps->config, &applied, e) < 0)
                return -1;
        if (applied)
                log_info("migrated", LOG_INT("steps", applied));
        return db_ping(ps->db, e);
}

int ps_open(struct ps_config *config, enum ps_role role, struct ps **ret, struct err *e)
{
        OWN(ps) struct ps *ps = calloc(1, sizeof *ps);

        if (!ps)
                return err_oom(e);
        ps->config = *config;
        *config = (struct ps_config){ 0 };
        ps->role = role;
        ps->started_us = clock_us();
        if (open_database(ps, e) < 0)
                return -1;
        *ret = GIVE(ps);
        return 0;
}

int ps_start(struct ps *ps, struct err *e)
{
        const struct ps_config *c = &ps->config;
        bool external = ps->role == PS_EXTERNAL;

        if (external && (uaa_new(c, &ps->uaa, e) < 0 || cc_new(c, ps->uaa, &ps->cc, e) < 0))
                return -1;
        if (routes_check(routes_external(), e) < 0 || routes_check(routes_internal(), e) < 0 ||
            routes_check(routes_health(), e) < 0)
                return -1;
        if (feed_start(c, &ps->feed, e) < 0 || ps_metrics_start(ps, e) < 0 || listen_all(ps, e) < 0)
                return -1;
        return external ? cleanup_start(ps, &ps->cleanup, e) : 0;
}

int ps_reload(struct ps *ps, struct err *e)
{
        if (ps->external && http_server_reload(ps->external, e) < 0)
                return -1;
        return ps->internal ? http_server_reload(ps->internal, e) : 0;
}

void ps_stop(struct ps *ps)
{
        int64_t until = clock_ms() + PS_GRACE_MS;

        if (!ps)
                return;
        if (ps->feed) /* whoever is parked is answered before the listeners drain */
                watch_close(feed_watch(ps->feed));
        http_server_drain(ps->external, 0); /* it need not accept while the other drains */
        http_server_drain(ps->internal, PS_GRACE_MS);
        http_server_drain(ps->external, (int)(until - clock_ms()));
        uaa_stop(ps->uaa);
        cc_stop(ps->cc);
        cleanup_stop(ps->cleanup);
        http_server_stop(ps->external, 0);
        http_server_stop(ps->internal, 0);
        http_server_stop(ps->health, 0);
        http_server_stop(ps->debug, 0);
        agents_stop(ps->agents);
        ps_metrics_stop(ps);
        feed_stop(ps->feed);
        cc_free(ps->cc);
        uaa_free(ps->uaa);
        db_close(ps->db);
        ps_config_done(&ps->config);
        free(ps);
}
