/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: one thread observes, plans and enforces. It sleeps in one of two places:
 * parked at the policy server in a request that is answered when a policy
 * changes, or, where there is no server to wait on, in events_wait(). The event
 * descriptor ends both, so a new container never waits for the server.
 */
#include "vxlan-policy-agent/agent.h"

#include "netman/clock.h"
#include "netman/http_server.h"
#include "netman/log.h"
#include "netman/own.h"
#include "vxlan-policy-agent/confine.h"
#include "vxlan-policy-agent/debug.h"
#include "vxlan-policy-agent/poll/cycle.h"
#include "vxlan-policy-agent/poll/drift.h"
#include "vxlan-policy-agent/poll/events.h"
#include "vxlan-policy-agent/poll/pace.h"
#include "vxlan-policy-agent/poll/source.h"

#include <errno.h>
#include <unistd.h>

#define WATCH_S  50 /* how long a request is parked at the server */
#define GRACE_MS 2000

/**
 * struct agent - All there is
 * @next_ask_ms: Not before this time (clock_ms()) is the server asked again
 * @waits:       The server parks our requests
 */
struct agent {
        const struct agent_config *config;
        struct events events;
        struct status status;
        struct cycle cycle;
        struct source source;
        struct pace pace;
        struct drift drift;
        struct http_server *debug_server, *force_server;
        int64_t next_ask_ms;
        bool waits;
};

/* ---- One turn of the loop ---- */

/**
 * attend() - Enforce what is known; tell the log if that fails
 *
 * Return: 0, or -1 with @e set: it has to be tried again
 */
static int attend(struct agent *a)
{
        struct err why = { 0 };

        if (cycle_enforce(&a->cycle, &why) == 0)
                return 0;
        log_error("enforce-failed", LOG_WHY(&why));
        return -1;
}

/**
 * server_failed() - Note that the server did not answer well, and when to try again
 */
static void server_failed(struct agent *a, const struct err *e)
{
        struct counts *counts = &a->cycle.counts;

        counts->failed_asks++;
        if (!counts->server_gone_us)
                counts->server_gone_us = clock_us();
        a->next_ask_ms = clock_ms() + pace_failed(&a->pace);
        log_error("policy-server-failed", LOG_WHY(e),
                  LOG_INT("since_s", (clock_us() - counts->server_gone_us) / 1000000),
                  LOG_INT("next_try_ms", a->next_ask_ms - clock_ms()));
        cycle_fall_back(&a->cycle);
}

static void server_answered(struct agent *a)
{
        if (a->cycle.counts.server_gone_us)
                log_info("policy-server-back");
        a->cycle.counts.server_gone_us = 0;
        pace_well(&a->pace);
}

/**
 * plan_next() - When to ask again, now that the server has answered
 * @parked: The request asked to be parked
 * @news:   Before it was taken over
 * @took_ms: How long the answer took
 *
 * A server that answers "nothing new" at once, though it was asked to wait, or
 * that names no revision, has to be polled.
 */
static void plan_next(struct agent *a, bool parked, const struct source_news *news, int64_t took_ms)
{
        bool at_once = parked &&
                       (news->changed ? news->revision[0] != '\0' : took_ms >= WATCH_S * 1000 / 2);

        a->next_ask_ms = clock_ms() + (at_once ? 0 : pace_poll(&a->pace));
}

/**
 * ask() - Ask the server, parked there if @wait, and learn
 */
static int ask(struct agent *a, bool wait, struct err *e)
{
        OWN(source_news) struct source_news news = { 0 };
        const struct source_ask question = { .ids = a->cycle.containers.ids,
                                             .id_count = a->cycle.containers.id_count,
                                             .enforced = a->cycle.enforced,
                                             .wait_s = wait && a->cycle.enforced[0] ? WATCH_S : 0,
                                             .timeout_s = (int)a->config->client_timeout,
                                             .wake_fd = a->events.all };
        int64_t start = clock_us();

        a->cycle.counts.asks++;
        if (source_ask(&a->source, &question, &news, e) < 0)
                return -1;
        cycle_took(&a->cycle, SPAN_POLL, clock_us() - start - news.parked_us);
        server_answered(a);
        plan_next(a, wait, &news, (clock_us() - start) / 1000);
        if (news.changed)
                cycle_learn(&a->cycle, &news);
        return 0;
}

/**
 * ask_nobody() - Without an app on this cell there is nothing to ask for
 */
static void ask_nobody(struct agent *a)
{
        struct source_news none = { .changed = true };

        if (!a->cycle.known || a->cycle.policies.count)
                cycle_learn(&a->cycle, &none);
        a->next_ask_ms = clock_ms() + pace_poll(&a->pace);
}

/**
 * consult() - Ask if it is time to, then enforce what is known
 * @forced: Ask now, and do not wait
 */
static int consult(struct agent *a, bool forced, struct err *e)
{
        int rc = 0;

        if (!a->cycle.containers.id_count)
                ask_nobody(a);
        else if (forced || clock_ms() >= a->next_ask_ms)
                rc = ask(a, a->config->watch && !forced, e);
        if (rc < 0 && e->sys == ECANCELED)
                return 0; /* an event: the next turn sees to it */
        if (rc < 0)
                server_failed(a, e);
        if (attend(a) < 0) {
                a->next_ask_ms = clock_ms() + pace_failed(&a->pace);
                return -1;
        }
        return rc;
}

/**
 * see_store() - Read the store; where the apps changed, ask for their policies now
 */
static void see_store(struct agent *a)
{
        struct err e = { 0 };
        const char *const *ids = a->cycle.containers.ids;

        if (cycle_observe(&a->cycle, &e) < 0) {
                log_error("container-store-unreadable", LOG_WHY(&e));
                return;
        }
        if (ids != a->cycle.containers.ids && !a->cycle.counts.server_gone_us)
                a->next_ask_ms = 0;
}

/**
 * serve_force() - A cycle for those who wait at the force endpoint
 */
static void serve_force(struct agent *a, uint64_t number)
{
        struct err e = { 0 };

        cycle_doubt(&a->cycle);
        if (consult(a, true, &e) < 0)
                status_force_answer(&a->status, number, &e);
        else if (a->cycle.in_kernel)
                status_force_answer(&a->status, number, NULL);
        /* else an event came in between: the next turn answers */
}

static void turn(struct agent *a)
{
        uint64_t forced = status_force_asked(&a->status);
        struct err e = { 0 };

        a->cycle.spent_us = 0;
        see_store(a);
        if (drift_due(&a->drift))
                cycle_doubt(&a->cycle);
        (void)attend(a); /* new containers first; a failure was logged, the ask follows */
        if (forced)
                serve_force(a, forced);
        else
                (void)consult(a, false, &e); /* logged */
        status_set_counts(&a->status, &a->cycle.counts);
}

static void loop(struct agent *a)
{
        for (;;) {
                int64_t left = a->next_ask_ms - clock_ms();
                bool idle = left > 0 && a->cycle.in_kernel && !status_force_asked(&a->status);
                unsigned int events = events_wait(&a->events, idle ? (int)left : 0);

                if (events & EVENT_STOP)
                        return;
                turn(a);
                drift_seen(&a->drift, &a->cycle.look);
        }
}

/* ---- Start and stop ---- */

static int start_servers(struct agent *a, struct err *e)
{
        const struct agent_config *c = a->config;

        if (c->debug_server_port &&
            debug_start(c->debug_server_host, (uint16_t)c->debug_server_port, &a->status,
                        &a->debug_server, e) < 0)
                return err_add(e, "debug server");
        if (c->force_port && force_start(c->force_host, (uint16_t)c->force_port, &a->status,
                                         &a->force_server, e) < 0)
                return err_add(e, "force-policy-poll-cycle server");
        return drift_start(&a->drift, &a->events, c->poll_interval * 1000, e);
}

static void stop(struct agent *a)
{
        drift_stop(&a->drift);
        status_stop(&a->status);
        http_server_stop(a->force_server, GRACE_MS);
        http_server_stop(a->debug_server, GRACE_MS);
        source_done(&a->source);
        cycle_done(&a->cycle);
        meter_stop(&a->status.meter);
        status_done(&a->status);
}

static int start(struct agent *a, struct err *e)
{
        const struct agent_config *c = a->config;

        if (meter_start(&a->status.meter, c->metron_address, e) < 0 ||
            source_init(&a->source, c->policy_server_url, c->ca_cert_file, c->client_cert_file,
                        c->client_key_file, (int)c->client_timeout, e) < 0)
                return -1;
        if (cycle_begin(&a->cycle, e) < 0)
                return -1;
        return start_servers(a, e);
}

int agent_run(const struct agent_config *config, struct err *e)
{
        OWN(events) struct events events = EVENTS_NONE;
        struct agent a = { .config = config,
                           .pace = { .interval_ms = config->poll_interval * 1000,
                                     .seed = (unsigned int)getpid() } };
        int rc;

        if (confine_self(e) < 0 ||
            events_init(&events, config->datastore, config->subnet_file, e) < 0)
                return -1;
        a.events = events;
        if (status_init(&a.status, &a.events, config->c2c_logging, e) < 0)
                return -1;
        cycle_init(&a.cycle, config, &a.status);
        rc = start(&a, e);
        if (rc == 0) {
                log_info("started", LOG_BOOL("watch", config->watch));
                loop(&a);
                log_info("stopped");
        }
        stop(&a);
        return rc;
}
