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
#include "netman/log.h"
#include "netman/own.h"
#include "vxlan-policy-agent/agent_impl.h"
#include "vxlan-policy-agent/confine.h"
#include "vxlan-policy-agent/debug.h"

#include <unistd.h>

#define GRACE_MS 2000

/**
 * serve_force() - A cycle for those who wait at the force endpoint
 */
static void serve_force(struct agent *a, uint64_t number)
{
        struct err e = { 0 };
        int rc;

        cycle_doubt(&a->cycle);
        rc = agent_consult(a, true, &e);
        if (rc <= 0)
                status_force_answer(&a->status, number, rc < 0 ? &e : NULL);
}

static void turn(struct agent *a)
{
        uint64_t forced = status_force_asked(&a->status);
        struct err e = { 0 };

        a->cycle.spent_us = 0;
        agent_look(a);
        if (forced)
                serve_force(a, forced);
        else
                (void)agent_consult(a, false, &e); /* it has logged a failure */
        drift_seen(&a->drift, &a->cycle.look);
        status_set_counts(&a->status, &a->cycle.counts);
}

/**
 * pause_ms() - Until there is something to do without an event
 */
static int pause_ms(struct agent *a)
{
        int64_t until = agent_ask_at_ms(a), left;

        if (status_force_asked(&a->status))
                return 0;
        if (!a->cycle.in_kernel && a->retry_ms < until)
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

/**
 * begin() - The first rules
 *
 * A failure is tried again by the loop, like every later one; but what we are not
 * allowed to do we never will be, and whoever starts us should hear of it.
 */
static int begin(struct agent *a, struct err *e)
{
        cycle_begin(&a->cycle);
        agent_enforce(a);
        if (a->failure.fault != FAULT_DENIED)
                return 0;
        *e = a->failure;
        return -1;
}

static int start(struct agent *a, struct err *e)
{
        const struct agent_config *c = a->config;

        if (meter_start(&a->status.meter, c->metron_address, e) < 0 ||
            source_init(&a->source, c->policy_server_url, c->ca_cert_file, c->client_cert_file,
                        c->client_key_file, (int)c->client_timeout, e) < 0 ||
            begin(a, e) < 0)
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

/**
 * tick_ms() - How often to look around though nothing happens
 */
static int64_t tick_ms(const struct agent_config *config, const struct alive *alive)
{
        int64_t poll = config->poll_interval * 1000, half = alive->period_ms / 2 + 1;

        return alive->period_ms && half < poll ? half : poll;
}

int agent_run(const struct agent_config *config, struct err *e)
{
        OWN(events) struct events events = EVENTS_NONE;
        struct agent a = { .config = config,
                           .pace = { .interval_ms = config->poll_interval * 1000,
                                     .seed = (unsigned int)getpid() },
                           .enforce_pace = { .seed = (unsigned int)getpid() } };
        int rc;

        alive_init(&a.alive);
        make_room(config->state_directory);
        if (confine_self(e) < 0 || events_init(&events, config->datastore, config->subnet_file,
                                               tick_ms(config, &a.alive), e) < 0)
                return -1;
        a.events = events;
        if (status_init(&a.status, &a.events, config->c2c_logging, e) < 0)
                return -1;
        cycle_init(&a.cycle, config, &a.status);
        rc = start(&a, e);
        if (rc == 0) {
                alive_ready();
                log_info("started", LOG_BOOL("watch", config->watch));
                loop(&a);
                alive_ending();
                log_info("stopped");
        }
        stop(&a);
        return rc;
}
