/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/metrics.h"

#include "netman/clock.h"
#include "netman/debug_routes.h"
#include "netman/log.h"
#include "policy-server/http/call.h"
#include "policy-server/server.h"
#include "policy-server/store/store.h"

#define TELL_S 30 /* between two tellings of what is told regularly */
/* A database that answered this recently may be asked one thing more. */
#define ANSWERS_MS 2000

enum {
        UPTIME,
        POLICIES,
        REVISION,
        SNAPSHOT_AGE,
        WATCHERS,
        TAGS_IN_USE,
        TAGS,
        REQUESTS,
        DURATION,
        CONNECTIONS,
        IN_FLIGHT,
        QUEUED,
        DB_OPEN,
        DB_IDLE,
        DB_MAX,
        DB_WAITS,
        DB_WAITED,
        DB_QUERIES,
        STORE,
        METRON_SENT,
        METRON_LOST,
};

static const struct metric table[] = {
        [UPTIME] = METRIC(GAUGE, "netman_uptime_seconds", "Since the start."),
        [POLICIES] = METRIC(GAUGE, "netman_policies", "Policies in the snapshot."),
        [REVISION] = METRIC(GAUGE, "netman_revision", "Revision of the snapshot."),
        [SNAPSHOT_AGE] = METRIC(GAUGE, "netman_snapshot_age_seconds",
                                "Since the snapshot was known to be the newest."),
        [WATCHERS] = METRIC(GAUGE, "netman_watchers_parked", "Requests that wait for a change."),
        [TAGS_IN_USE] = METRIC(GAUGE, "netman_tags_in_use", "Tags that apps and routers hold."),
        [TAGS] = METRIC(GAUGE, "netman_tags", "Tags that there are."),
        [REQUESTS] = METRIC(COUNTER, "netman_http_requests_total", "Answered requests.", "listener",
                            "route", "code"),
        [DURATION] = METRIC(HISTOGRAM, "netman_http_request_duration_seconds",
                            "From a request's head to its answer, without the time it was parked.",
                            "listener", "route"),
        [CONNECTIONS] = METRIC(GAUGE, "netman_http_connections", "Open connections.", "listener"),
        [IN_FLIGHT] = METRIC(GAUGE, "netman_http_requests_in_flight",
                             "Requests not answered yet, parked ones included.", "listener"),
        [QUEUED] = METRIC(GAUGE, "netman_http_requests_queued", "Requests that wait for a thread.",
                          "listener"),
        [DB_OPEN] = METRIC(GAUGE, "netman_db_connections_open", "Connections in the pool."),
        [DB_IDLE] = METRIC(GAUGE, "netman_db_connections_idle", "Of those, not in use."),
        [DB_MAX] = METRIC(GAUGE, "netman_db_connections_max", "As many as the pool may open."),
        [DB_WAITS] = METRIC(COUNTER, "netman_db_connection_waits_total",
                            "Times that all connections were in use."),
        [DB_WAITED] = METRIC(COUNTER, "netman_db_connection_wait_seconds_total",
                             "Time spent waiting for one."),
        [DB_QUERIES] = METRIC(COUNTER, "netman_db_queries_total", "Statements run.", "result"),
        [STORE] = METRIC(HISTOGRAM, "netman_store_duration_seconds",
                         "Operations on policies and tags.", "operation", "result"),
        [METRON_SENT] = METRIC(COUNTER, "netman_metron_datagrams_total", "Sent to metron."),
        [METRON_LOST] = METRIC(COUNTER, "netman_metron_lost_total",
                               "Metrics that could not be sent to metron."),
        { 0 },
};

/* ---- What happens ---- */

void ps_metrics_answered(struct http_request *rq, unsigned int status)
{
        const struct http_route *route = http_request_route(rq);
        const struct endpoint *to = route ? route->data : NULL;
        const struct call *call = to ? http_request_own(rq) : NULL;
        int64_t took_us = clock_us() - http_request_began_us(rq) - (call ? call->parked_us : 0);
        const char *name = to ? to->name : route ? "Options" : "none";
        const struct ps *ps = http_request_app(rq);
        char code[8], text[DROPSONDE_NAME_MAX];

        (void)snprintf(code, sizeof code, "%u", status);
        metrics_add(ps->metrics, REQUESTS, 1, METRIC_LABELS(http_request_listener(rq), name, code));
        metrics_observe_us(ps->metrics, DURATION, took_us,
                           METRIC_LABELS(http_request_listener(rq), name));
        if (!to)
                return;
        (void)snprintf(text, sizeof text, "%sRequestTime", name);
        dropsonde_value(ps->metron, text, (double)took_us / 1e3, "ms");
        (void)snprintf(text, sizeof text, "%sRequestCount", name);
        dropsonde_count(ps->metron, text, 1);
        if (status >= 400)
                dropsonde_count(ps->metron, "http_error", 1);
}

void ps_metrics_store(struct ps *ps, const char *operation, int64_t took_us, bool ok)
{
        char text[DROPSONDE_NAME_MAX];

        metrics_observe_us(ps->metrics, STORE, took_us,
                           METRIC_LABELS(operation, ok ? "success" : "error"));
        (void)snprintf(text, sizeof text, "Store%s%sTime", operation, ok ? "Success" : "Error");
        dropsonde_value(ps->metron, text, (double)took_us / 1e3, "ms");
        if (ok)
                return;
        (void)snprintf(text, sizeof text, "Store%sError", operation);
        dropsonde_count(ps->metron, text, 1);
}

static void operation_done(void *arg, const char *operation, int64_t took_us, bool ok)
{
        ps_metrics_store(arg, operation, took_us, ok);
}

/* ---- What is ---- */

static size_t count_policies(struct feed *f)
{
        size_t n = table_count(feed_lock(f)->table);

        feed_unlock(f);
        return n;
}

/** uptime_s() - Whole seconds, as the reference counts them */
static int64_t uptime_s(const struct ps *ps)
{
        return (clock_us() - ps->started_us) / 1000000;
}

/** tell() - To metron, with the reference's names */
static void tell(struct dropsonde *metron, void *arg)
{
        const struct ps *ps = arg;
        struct db_stats db;
        struct db_peaks peaks;

        db_stats(ps->db, &db);
        db_peaks(ps->db, &peaks);
        dropsonde_value(metron, "uptime", (double)uptime_s(ps), "seconds");
        dropsonde_value(metron, "totalPolicies", (double)count_policies(ps->feed), "");
        dropsonde_value(metron, "DBOpenConnections", db.open, "");
        dropsonde_value(metron, "DBQueriesTotal", (double)db.queries, "");
        dropsonde_value(metron, "DBQueriesSucceeded", (double)(db.queries - db.failed), "");
        dropsonde_value(metron, "DBQueriesFailed", (double)db.failed, "");
        dropsonde_value(metron, "DBQueriesInFlight", peaks.in_flight, "");
        dropsonde_value(metron, "DBQueryDurationMax", (double)peaks.slowest_us / 1e6, "seconds");
}

static void see_snapshot(struct metrics *m, struct feed *f)
{
        const struct feed_view *v = feed_lock(f);
        size_t policies = table_count(v->table);
        int64_t revision = v->revision;

        feed_unlock(f);
        metrics_set(m, POLICIES, (double)policies, NULL);
        metrics_set(m, REVISION, (double)revision, NULL);
        metrics_set(m, SNAPSHOT_AGE, (double)(clock_ms() - feed_checked_ms(f)) / 1e3, NULL);
        metrics_set(m, WATCHERS, (double)watch_count(feed_watch(f)), NULL);
}

static void see_tags(const struct ps *ps)
{
        struct err why = { 0 };
        int64_t count = 0;

        metrics_set(ps->metrics, TAGS, policy_tag_max((unsigned int)ps->config.tag_length), NULL);
        metrics_unset(ps->metrics, TAGS_IN_USE);
        if (clock_ms() - feed_checked_ms(ps->feed) > ANSWERS_MS)
                return; /* metrics must come when the database does not */
        if (store_tag_count(ps->db, &count, &why) < 0)
                log_debug("tags-not-counted", LOG_WHY(&why));
        else
                metrics_set(ps->metrics, TAGS_IN_USE, (double)count, NULL);
}

static void see_listener(struct metrics *m, const char *name, struct http_server *s)
{
        struct http_server_stats st;

        if (!s)
                return;
        http_server_stats(s, &st);
        metrics_set(m, CONNECTIONS, st.connections, METRIC_LABELS(name));
        metrics_set(m, IN_FLIGHT, st.in_flight, METRIC_LABELS(name));
        metrics_set(m, QUEUED, st.queued, METRIC_LABELS(name));
}

static void see_database(struct metrics *m, struct db *db)
{
        struct db_stats st;

        db_stats(db, &st);
        metrics_set(m, DB_OPEN, st.open, NULL);
        metrics_set(m, DB_IDLE, st.open - st.busy, NULL);
        metrics_set(m, DB_MAX, st.max, NULL);
        metrics_set(m, DB_WAITS, (double)st.waits, NULL);
        metrics_set(m, DB_WAITED, (double)st.waited_us / 1e6, NULL);
        metrics_set(m, DB_QUERIES, (double)(st.queries - st.failed), METRIC_LABELS("success"));
        metrics_set(m, DB_QUERIES, (double)st.failed, METRIC_LABELS("error"));
}

void ps_metrics_show(struct http_request *rq)
{
        const struct ps *ps = http_request_app(rq);
        struct dropsonde_stats metron;
        struct metrics *m = ps->metrics;

        dropsonde_stats(ps->metron, &metron);
        metrics_set(m, UPTIME, (double)uptime_s(ps), NULL);
        metrics_set(m, METRON_SENT, (double)metron.sent, NULL);
        metrics_set(m, METRON_LOST, (double)metron.lost, NULL);
        see_snapshot(m, ps->feed);
        see_tags(ps);
        see_database(m, ps->db);
        see_listener(m, "external", ps->external);
        see_listener(m, "internal", ps->internal);
        see_listener(m, "health", ps->health);
        debug_metrics(rq, m);
}

/* ---- Start and stop ---- */

int ps_metrics_start(struct ps *ps, struct err *e)
{
        const struct dropsonde_config c = {
                .address = ps->config.metron_address,
                .origin = ps->role == PS_INTERNAL ? "policy-server-internal" : "policy-server",
                .turn = tell,
                .arg = ps,
                .every_s = TELL_S,
        };

        if (metrics_new(table, &ps->metrics, e) < 0)
                return -1;
        db_observe(ps->db, operation_done, ps);
        return c.address && *c.address ? dropsonde_start(&c, &ps->metron, e) : 0;
}

void ps_metrics_stop(struct ps *ps)
{
        dropsonde_stop(ps->metron);
        metrics_free(ps->metrics);
}
