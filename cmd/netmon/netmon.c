/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/netmon/netmon.h"

#include "cmd/netmon/measure.h"
#include "garden-external-networker/config.h"
#include "garden-external-networker/portalloc/portalloc.h"
#include "netman/debug_routes.h"
#include "netman/dropsonde.h"
#include "netman/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
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
        { .name = "networker_config_file", .type = CONF_STR, AT(networker_config) },
        { 0 },
};

static void check(const void *conf, struct str *problems)
{
        const struct netmon_conf *c = conf;
        enum log_level level;
        struct err e;

        if (c->log_level && log_level_parse(c->log_level, &level, &e) < 0)
                conf_problem(problems, "log_level", "%s", e.msg);
        if (c->metron_address && dropsonde_check(c->metron_address, &e) < 0)
                conf_problem(problems, "metron_address", "%s", e.msg);
}

const struct conf_spec netmon_spec = { .keys = keys, .check = check };

/* The readings first, in their order, so that one index serves both tables. */
enum { PORTS_IN_USE = READING_COUNT_, PORTS, METRON_SENT, METRON_LOST };

static const struct metric table[] = {
        [READING_INTERFACES] =
                METRIC(GAUGE, "netman_interfaces", "Network interfaces of the cell."),
        [READING_RULES] =
                METRIC(GAUGE, "netman_iptables_rules", "Rules in the tables filter and nat."),
        [READING_CHAINS] =
                METRIC(GAUGE, "netman_iptables_chains", "Chains in the tables filter and nat."),
        [READING_TX_BYTES] = METRIC(COUNTER, "netman_overlay_transmit_bytes_total",
                                    "Sent by the overlay device."),
        [READING_RX_BYTES] = METRIC(COUNTER, "netman_overlay_receive_bytes_total",
                                    "Received by the overlay device."),
        [READING_RX_DROPPED] = METRIC(COUNTER, "netman_overlay_receive_dropped_packets_total",
                                      "Dropped on their way in by the overlay device."),
        [READING_TX_DROPPED] = METRIC(COUNTER, "netman_overlay_transmit_dropped_packets_total",
                                      "Dropped on their way out by the overlay device."),
        [PORTS_IN_USE] = METRIC(GAUGE, "netman_ports_in_use", "Host ports that containers hold."),
        [PORTS] = METRIC(GAUGE, "netman_ports", "Host ports that the networker may give."),
        [METRON_SENT] = METRIC(COUNTER, "netman_metron_datagrams_total", "Sent to metron."),
        [METRON_LOST] = METRIC(COUNTER, "netman_metron_lost_total",
                               "Metrics that could not be sent to metron."),
        { 0 },
};

/**
 * struct netmon - The cycle
 * @networker: The networker's configuration, where we were told of it
 */
struct netmon {
        struct nlx *nl;
        struct dropsonde *metron;
        struct metrics *metrics;
        struct http_server *debug;
        struct config networker;
        int signals;
};

static void netmon_drop(struct netmon *n)
{
        http_server_stop(n->debug, 0);
        nlx_close(n->nl);
        dropsonde_stop(n->metron);
        metrics_free(n->metrics);
        config_done(&n->networker);
        fd_drop(&n->signals);
}

static void show_metrics(struct http_request *rq)
{
        const struct netmon *n = http_request_app(rq);
        struct dropsonde_stats stats;

        dropsonde_stats(n->metron, &stats);
        metrics_set(n->metrics, METRON_SENT, (double)stats.sent, NULL);
        metrics_set(n->metrics, METRON_LOST, (double)stats.lost, NULL);
        debug_metrics(rq, n->metrics);
}

static const struct http_route routes[] = {
        { .method = "GET", .pattern = "/metrics", .handler = show_metrics, .quick = true },
        { .method = "POST", .pattern = "/log-level", .handler = debug_log_level, .quick = true },
        { .method = "PUT", .pattern = "/log-level", .handler = debug_log_level, .quick = true },
        { 0 },
};

static int read_networker(struct netmon *n, const char *path, struct err *e)
{
        OWN(str) struct str problems = { 0 };

        if (path && config_load(path, &n->networker, &problems, e) < 0)
                return err_add(e, "networker_config_file %s", path);
        return 0;
}

static int start(struct netmon *n, const struct netmon_conf *c, struct err *e)
{
        struct http_server_config debug = {
                .host = "127.0.0.1",
                .port = (uint16_t)c->debug_port,
                .routes = routes,
                .limits = { .workers = 1 },
                .app = n,
        };
        const struct dropsonde_config metron = { .address = c->metron_address, .origin = "netmon" };
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
        if (read_networker(n, c->networker_config, e) < 0 || nlx_open(&n->nl, e) < 0 ||
            metrics_new(table, &n->metrics, e) < 0 || dropsonde_start(&metron, &n->metron, e) < 0)
                return -1;
        for (unsigned int i = 0; i <= PORTS; i++)
                metrics_unset(n->metrics, i); /* nothing was read yet */
        return c->debug_port ? http_server_start(&debug, &n->debug, e) : 0;
}

/** tell() - One reading, to Prometheus and to metron */
static void tell(struct netmon *n, const uint64_t now[READING_COUNT_], enum reading r)
{
        const char *name = reading_name(r);
        uint64_t value = reading_for_metron(now, r);

        metrics_set(n->metrics, r, (double)now[r], NULL);
        if (!name)
                return;
        dropsonde_value(n->metron, name, (double)value, "Metric");
        log_debug("metric-sent", LOG_STR("metric", name), LOG_INT("value", value));
}

static void count_ports(struct netmon *n)
{
        const struct portalloc ports = { .state_file = n->networker.state_file };
        struct err e = { 0 };
        size_t count = 0;

        if (!ports.state_file)
                return;
        metrics_set(n->metrics, PORTS, (double)n->networker.total_ports, NULL);
        if (portalloc_count(&ports, &count, &e) == 0) {
                metrics_set(n->metrics, PORTS_IN_USE, (double)count, NULL);
                return;
        }
        metrics_unset(n->metrics, PORTS_IN_USE);
        log_error("count-ports-failed", LOG_WHY(&e));
}

/** cycle() - What can be read is told, what cannot is said */
static void cycle(struct netmon *n, const struct netmon_conf *c)
{
        uint64_t now[READING_COUNT_];
        struct err e = { 0 };
        size_t count;

        if (measure(n->nl, c->interface_name, now, &count, &e) < 0)
                log_error("measure-failed", LOG_WHY(&e));
        for (unsigned int i = 0; i < READING_COUNT_; i++) {
                if (i < count)
                        tell(n, now, (enum reading)i);
                else
                        metrics_unset(n->metrics, i);
        }
        count_ports(n);
}

int netmon_run(const struct netmon_conf *c, struct err *e)
{
        OWN(netmon) struct netmon n = { .signals = -1 };
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
