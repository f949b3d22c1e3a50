/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/http/debug.h"

#include "netman/clock.h"
#include "netman/log.h"
#include "policy-server/server.h"

#include <inttypes.h>
#include <string.h>

static void gauge(struct str *out, const char *name, const char *help, int64_t value)
{
        str_addf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %" PRId64 "\n", name, help, name, name,
                 value);
}

static void listener(struct str *out, const char *name, struct http_server *s)
{
        struct http_server_stats st;

        if (!s)
                return;
        http_server_stats(s, &st);
        str_addf(out, "netman_http_connections{listener=\"%s\"} %u\n", name, st.connections);
        str_addf(out, "netman_http_requests_in_flight{listener=\"%s\"} %u\n", name, st.in_flight);
        str_addf(out, "netman_http_requests_queued{listener=\"%s\"} %u\n", name, st.queued);
        str_addf(out, "netman_http_requests_total{listener=\"%s\"} %" PRIu64 "\n", name,
                 st.requests);
}

static void snapshot(struct str *out, struct feed *f)
{
        const struct feed_view *v = feed_lock(f);
        size_t policies = table_count(v->table);
        int64_t revision = v->revision;

        feed_unlock(f);
        gauge(out, "netman_policies", "Policies in the snapshot.", (int64_t)policies);
        gauge(out, "netman_revision", "Revision of the snapshot.", revision);
        gauge(out, "netman_snapshot_age_ms", "Since it was known to be the newest.",
              clock_ms() - feed_checked_ms(f));
        gauge(out, "netman_watchers_parked", "Requests that wait for a change.",
              (int64_t)watch_count(feed_watch(f)));
}

static void metrics(struct http_request *rq)
{
        const struct ps *ps = http_request_app(rq);
        OWN(http_reply) struct http_reply reply = { .status = 200 };
        struct db_stats db;

        db_stats(ps->db, &db);
        snapshot(&reply.body, ps->feed);
        gauge(&reply.body, "netman_db_connections_open", "To the database, in the pool.", db.open);
        gauge(&reply.body, "netman_db_connections_busy", "Of those, in use.", db.busy);
        gauge(&reply.body, "netman_uptime_seconds", "Since the start.",
              (clock_us() - ps->started_us) / 1000000);
        listener(&reply.body, "external", ps->external);
        listener(&reply.body, "internal", ps->internal);
        http_reply_header(&reply, "Content-Type", "text/plain; version=0.0.4");
        http_answer(rq, &reply);
}

/** set_level() - The body names the level, as `curl -X PUT -d debug …/log-level` sends it */
static void set_level(struct http_request *rq)
{
        enum log_level level;
        struct err e;

        if (log_level_parse(http_request_body(rq, NULL), &level, &e) < 0) {
                http_answer_text(rq, 400, "text/plain", e.msg);
                return;
        }
        log_set_level(level);
        http_answer_text(rq, 200, "text/plain", "");
}

static const struct http_route debug_routes[] = {
        { .method = "GET", .pattern = "/metrics", .handler = metrics },
        { .method = "PUT", .pattern = "/log-level", .handler = set_level },
        { 0 },
};

const struct http_route *routes_debug(void)
{
        return debug_routes;
}
