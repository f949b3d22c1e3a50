/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: one thread observes, plans and enforces. It sleeps in one of two places:
 * in a request to the policy server, which may be parked there until a policy
 * changes, or, between polls, in events_wait(). Events reach it in both: a new
 * container never waits for the server, and a slow server's answer is not lost to
 * events, however many there are.
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
#include "vxlan-policy-agent/poll/saved.h"
#include "vxlan-policy-agent/poll/source.h"

#include <errno.h>
#include <unistd.h>

#define WATCH_S  50 /* how long a request is parked at the server */
#define GRACE_MS 2000

/**
 * struct agent - All there is
 * @next_ask_ms: Not before this time (clock_ms()) is the server asked again
 * @retry_ms:    When to try again to enforce; means nothing while that is well
 * @tried:       The cycle's changes when it was last tried
 * @failure:     Why it failed then
 * @stop:        Told to end
 */
struct agent {
        const struct agent_config *config;
        struct events events;
        struct status status;
        struct cycle cycle;
        struct source source;
        struct pace pace, enforce_pace;
        struct drift drift;
        struct http_server *debug_server, *force_server;
        int64_t next_ask_ms, retry_ms;
        uint64_t tried;
        struct err failure;
        bool stop;
};

/* ---- One turn of the loop ---- */

/**
 * attend() - Enforce what is known; tell the log if that fails
 *
 * What failed is tried again when something changed, or after a pause.
 */
static void attend(struct agent *a)
{
        if (!a->cycle.in_kernel && a->tried == a->cycle.changes && clock_ms() < a->retry_ms)
                return;
        a->tried = a->cycle.changes;
        a->failure = (struct err){ 0 };
        if (cycle_enforce(&a->cycle, &a->failure) == 0) {
                pace_well(&a->enforce_pace);
                return;
        }
        a->retry_ms = clock_ms() + pace_failed(&a->enforce_pace);
        log_error("enforce-failed", LOG_WHY(&a->failure),
                  LOG_INT("next_try_ms", a->retry_ms - clock_ms()));
}

/**
 * see_store() - Read the store; where the apps changed, ask for their policies now
 */
static void see_store(struct agent *a)
{
        struct err e = { 0 };

        if (cycle_observe(&a->cycle, &e) < 0)
                log_error("container-store-unreadable", LOG_WHY(&e));
        if (a->cycle.new_apps && !a->cycle.counts.server_gone_us)
                a->next_ask_ms = 0;
}

/**
 * look_around() - Whatever does not need the server: containers, drift, logging
 */
static void look_around(struct agent *a)
{
        see_store(a);
        if (drift_due(&a->drift))
                cycle_doubt(&a->cycle);
        attend(a);
        drift_seen(&a->drift, &a->cycle.look);
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
 * @watch:  Requests are to be parked
 * @parked: This one was
 * @news:   Before it was taken over
 * @took_ms: How long the answer took
 *
 * A server that answers "nothing new" at once, though it was asked to wait, or
 * that names no revision, has to be polled.
 */
static void plan_next(struct agent *a, bool watch, bool parked, const struct source_news *news,
                      int64_t took_ms)
{
        bool waits = news->changed ? news->revision[0] != '\0'
                                   : !parked || took_ms >= WATCH_S * 1000 / 2;
        bool at_once = (watch && waits && a->cycle.in_kernel) || a->cycle.new_apps;

        a->next_ask_ms = clock_ms() + (at_once ? 0 : pace_poll(&a->pace));
}

/** struct asking - A request on its way */
struct asking {
        struct agent *agent;
        bool parked;
};

/**
 * meanwhile() - Events during a request: enforce what they bring, then go on waiting
 *
 * What is parked answers only for the apps it was asked about, and not before there
 * is news: new apps and forced cycles call it off, and a failure, which has to be
 * tried again. Any other request is bounded by client_timeout_seconds, and ended.
 */
static bool meanwhile(void *arg)
{
        const struct asking *asking = arg;
        struct agent *a = asking->agent;

        if (events_wait(&a->events, 0) & EVENT_STOP)
                a->stop = true;
        look_around(a);
        return !a->stop && !(asking->parked && (a->cycle.new_apps || !a->cycle.in_kernel ||
                                                status_force_asked(&a->status)));
}

/**
 * may_park() - May a request wait for news, or is there something to hear at once?
 *
 * Of a server that was away we want to know that it is back.
 */
static bool may_park(const struct cycle *c)
{
        return c->enforced[0] && c->in_kernel && !c->new_apps && !c->counts.server_gone_us;
}

/**
 * ask() - Ask the server, parked there if @watch, and learn
 */
static int ask(struct agent *a, bool watch, struct err *e)
{
        struct cycle *c = &a->cycle;
        struct asking asking = { a, watch && may_park(c) };
        OWN(source_news) struct source_news news = { 0 };
        const struct source_ask question = { .ids = a->cycle.containers.ids,
                                             .id_count = a->cycle.containers.id_count,
                                             .enforced = a->cycle.enforced,
                                             .wait_s = asking.parked ? WATCH_S : 0,
                                             .timeout_s = (int)a->config->client_timeout,
                                             .wake_fd = a->events.all,
                                             .on_wake = meanwhile,
                                             .wake_arg = &asking };
        int64_t start = clock_us();

        c->new_apps = false;
        a->cycle.counts.asks++;
        if (source_ask(&a->source, &question, &news, e) < 0)
                return -1;
        cycle_took(&a->cycle, SPAN_POLL, clock_us() - start - news.parked_us);
        server_answered(a);
        plan_next(a, watch, asking.parked, &news, (clock_us() - start) / 1000);
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
 *
 * Return: 0; 1 if the request was called off and the next turn has to ask; or -1
 * with @e set, which was logged
 */
static int consult(struct agent *a, bool forced, struct err *e)
{
        int rc = 0;

        if (!a->cycle.containers.id_count)
                ask_nobody(a);
        else if (forced || clock_ms() >= a->next_ask_ms)
                rc = ask(a, a->config->watch && !forced, e);
        if (rc < 0 && e->sys == ECANCELED)
                return 1;
        if (rc < 0)
                server_failed(a, e);
        attend(a);
        if (a->failure.fault == FAULT_NONE)
                return rc;
        *e = a->failure;
        return -1;
}

/**
 * serve_force() - A cycle for those who wait at the force endpoint
 */
static void serve_force(struct agent *a, uint64_t number)
{
        struct err e = { 0 };
        int rc;

        cycle_doubt(&a->cycle);
        rc = consult(a, true, &e);
        if (rc <= 0)
                status_force_answer(&a->status, number, rc < 0 ? &e : NULL);
}

static void turn(struct agent *a)
{
        uint64_t forced = status_force_asked(&a->status);
        struct err e = { 0 };

        a->cycle.spent_us = 0;
        look_around(a);
        if (forced)
                serve_force(a, forced);
        else
                (void)consult(a, false, &e); /* it has logged a failure */
        drift_seen(&a->drift, &a->cycle.look);
        status_set_counts(&a->status, &a->cycle.counts);
}

/**
 * pause_ms() - Until there is something to do without an event
 */
static int pause_ms(struct agent *a)
{
        int64_t until = a->next_ask_ms, left;

        if (status_force_asked(&a->status))
                return 0;
        if (a->cycle.known && !a->cycle.in_kernel && a->retry_ms < until)
                until = a->retry_ms;
        left = until - clock_ms();
        return left > 0 ? (int)left : 0;
}

static void loop(struct agent *a)
{
        while (!a->stop) {
                if (events_wait(&a->events, pause_ms(a)) & EVENT_STOP)
                        return;
                turn(a);
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

/**
 * make_room() - A folder for the last policies, while we may still make one
 *
 * Without it the cell works as long as the server is there when it boots.
 */
static void make_room(const char *dir)
{
        struct err e = { 0 };

        if (saved_prepare(dir, &e) < 0)
                log_error("state-directory-unusable", LOG_WHY(&e));
}

int agent_run(const struct agent_config *config, struct err *e)
{
        OWN(events) struct events events = EVENTS_NONE;
        struct agent a = { .config = config,
                           .pace = { .interval_ms = config->poll_interval * 1000,
                                     .seed = (unsigned int)getpid() },
                           .enforce_pace = { .seed = (unsigned int)getpid() } };
        int rc;

        make_room(config->state_directory);
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
