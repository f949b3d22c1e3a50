/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/netmon/netmon.h"

#include "cmd/netmon/measure.h"
#include "netman/http_server.h"
#include "netman/log.h"
#include "netman/sonde.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

#define AT(field) .at = offsetof(struct netmon_conf, field)

static const struct conf_key keys[] = {
        { .name = "poll_interval",
          .type = CONF_INT,
          AT(poll_interval),
          .required = true,
          .min = 1,
          .max = 86400 },
        { .name = "metron_address", .type = CONF_STR, AT(metron_address), .required = true },
        { .name = "interface_name", .type = CONF_STR, AT(interface_name), .required = true },
        { .name = "log_level", .type = CONF_STR, AT(log_level), .def_str = "info" },
        { .name = "log_prefix", .type = CONF_STR, AT(log_prefix), .required = true },
        { .name = "iptables_lock_file", .type = CONF_STR, AT(lock_file), .required = true },
        { .name = "telemetry_enabled", .type = CONF_BOOL, AT(telemetry_enabled) },
        { .name = "telemetry_interval", .type = CONF_INT, AT(telemetry_interval), .max = INT_MAX },
        { .name = "debug_port", .type = CONF_INT, AT(debug_port), .max = 65535 },
        { 0 },
};

static void check(const void *conf, struct str *problems)
{
        const struct netmon_conf *c = conf;
        enum log_level level;
        struct err e;

        if (c->log_level && log_level_parse(c->log_level, &level, &e) < 0)
                conf_problem(problems, "log_level", "%s", e.msg);
}

const struct conf_spec netmon_spec = { .keys = keys, .check = check };

/**
 * struct netmon - The cycle
 * @last, @count: Latest readings; under @lock, which the debug server takes too
 */
struct netmon {
        struct nlx *nl;
        struct sonde *sonde;
        struct http_server *debug;
        int signals;
        pthread_mutex_t lock;
        uint64_t last[READING_COUNT_];
        size_t count;
};

static void netmon_drop(struct netmon *n)
{
        http_server_stop(n->debug, 0);
        nlx_close(n->nl);
        sonde_close(n->sonde);
        fd_drop(&n->signals);
        (void)pthread_mutex_destroy(&n->lock);
}

static void show_metrics(struct http_request *rq)
{
        static const char *const lines[] = {
                "# TYPE netmon_interfaces gauge\nnetmon_interfaces",
                "# TYPE netmon_iptables_rules gauge\nnetmon_iptables_rules",
                "# TYPE netmon_overlay_tx_bytes_total counter\nnetmon_overlay_tx_bytes_total",
                "# TYPE netmon_overlay_rx_bytes_total counter\nnetmon_overlay_rx_bytes_total",
                "# TYPE netmon_overlay_rx_dropped_total counter\nnetmon_overlay_rx_dropped_total",
                "# TYPE netmon_overlay_tx_dropped_total counter\nnetmon_overlay_tx_dropped_total",
        };
        struct netmon *n = http_request_app(rq);
        OWN(str) struct str text = { 0 };

        (void)pthread_mutex_lock(&n->lock);
        for (size_t i = 0; i < n->count; i++)
                str_addf(&text, "%s %" PRIu64 "\n", lines[i], n->last[i]);
        (void)pthread_mutex_unlock(&n->lock);
        http_answer_text(rq, 200, "text/plain; version=0.0.4", str_text(&text));
}

static const struct http_route routes[] = {
        { .method = "GET", .pattern = "/metrics", .handler = show_metrics, .quick = true },
        { 0 },
};

static int start(struct netmon *n, const struct netmon_conf *c, struct err *e)
{
        struct http_server_config debug = {
                .host = "127.0.0.1",
                .port = (uint16_t)c->debug_port,
                .routes = routes,
                .limits = { .workers = 1 },
                .app = n,
        };
        enum log_level level = LOG_LEVEL_INFO;
        sigset_t set;

        (void)log_level_parse(c->log_level, &level, NULL); /* checked when it was read */
        log_set_level(level);
        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGTERM);
        (void)sigaddset(&set, SIGINT);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "block signals");
        n->signals = signalfd(-1, &set, SFD_CLOEXEC);
        if (n->signals < 0)
                return err_set(e, FAULT_SYSTEM, errno, "signalfd");
        if (nlx_open(&n->nl, e) < 0 || sonde_open(c->metron_address, "netmon", &n->sonde, e) < 0)
                return -1;
        return c->debug_port ? http_server_start(&debug, &n->debug, e) : 0;
}

/* One cycle: what can be read is kept and sent, what cannot is said. */
static void cycle(struct netmon *n, const struct netmon_conf *c)
{
        uint64_t now[READING_COUNT_];
        struct err e = { 0 };
        size_t count;

        if (measure(n->nl, c->interface_name, now, &count, &e) < 0)
                log_error("measure-failed", LOG_WHY(&e));
        (void)pthread_mutex_lock(&n->lock);
        for (size_t i = 0; i < count; i++)
                n->last[i] = now[i];
        n->count = count;
        (void)pthread_mutex_unlock(&n->lock);
        for (size_t i = 0; i < count; i++) {
                const char *name = reading_name((enum reading)i);

                if (sonde_value(n->sonde, name, (double)now[i], "", &e) < 0)
                        log_error("failed-to-send-metric", LOG_STR("metric", name), LOG_WHY(&e));
                else
                        log_debug("metric-sent", LOG_STR("metric", name), LOG_INT("value", now[i]));
        }
}

int netmon_run(const struct netmon_conf *c, struct err *e)
{
        OWN(netmon) struct netmon n = { .signals = -1, .lock = PTHREAD_MUTEX_INITIALIZER };
        struct pollfd p = { .events = POLLIN };

        if (start(&n, c, e) < 0)
                return -1;
        log_info("starting", LOG_STR("interface", c->interface_name),
                 LOG_INT("poll_interval", c->poll_interval));
        p.fd = n.signals;
        while (poll(&p, 1, (int)c->poll_interval * 1000) <= 0)
                cycle(&n, c);
        return 0;
}
