/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the server: when, what happens meanwhile, and what an answer changes. */
#include "vxlan-policy-agent/agent_impl.h"

#include "netman/clock.h"
#include "netman/log.h"
#include "netman/own.h"

#include <errno.h>

#define WATCH_S      50  /* how long a request is parked at the server */
#define ASK_APART_MS 100 /* from one request that is not parked to the next, at least */

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
}

static void server_answered(struct agent *a)
{
        if (a->cycle.counts.server_gone_us)
                log_info("policy-server-back");
        a->cycle.counts.server_gone_us = 0;
        pace_well(&a->pace);
}

/**
 * may_park() - Would the next request be parked? It names what is enforced, and waits for more
 *
 * Of a server that was away we want to know at once that it is back.
 */
static bool may_park(const struct agent *a)
{
        const struct cycle *c = &a->cycle;

        return a->config->watch && c->enforced[0] && c->in_kernel && !c->new_apps &&
               !c->counts.server_gone_us;
}

int64_t agent_ask_at_ms(const struct agent *a)
{
        int64_t apart = may_park(a) ? 0 : a->asked_ms + ASK_APART_MS;

        return a->next_ask_ms > apart ? a->next_ask_ms : apart;
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

        a->stop = events_wait(&a->events, 0) & EVENT_STOP;
        if (!a->stop)
                agent_look(a);
        return !a->stop && !(asking->parked && (a->cycle.new_apps || !a->cycle.in_kernel ||
                                                status_force_asked(&a->status)));
}

/**
 * manners() - What an answer tells of the server
 */
static struct pace_answer manners(const struct agent *a, bool parked,
                                  const struct source_news *fresh, int64_t took_us)
{
        return (struct pace_answer){ .wait_ms = parked ? WATCH_S * 1000 : 0,
                                     .took_ms = took_us / 1000,
                                     .named = fresh->revision[0],
                                     .news = fresh->changed &&
                                             !str_eq(fresh->revision, a->cycle.enforced) };
}

/**
 * learn() - Take an answer over
 * @ret_at_once: The server can be waited on, so that it may be asked again at once
 */
static void learn(struct agent *a, bool parked, struct source_news *fresh, int64_t took_us,
                  bool *ret_at_once)
{
        const struct pace_answer answer = manners(a, parked, fresh, took_us);

        cycle_took(&a->cycle, SPAN_POLL, took_us - fresh->parked_us);
        server_answered(a);
        *ret_at_once = pace_waits(&answer);
        cycle_learn(&a->cycle, fresh);
}

/**
 * name_enforced() - What a newer revision is asked for by
 *
 * None while what is known is not in the kernel: "nothing new" would not tell which
 * of the two it is about.
 */
static const char *name_enforced(const struct cycle *c)
{
        return str_eq(c->revision, c->enforced) ? c->enforced : "";
}

/**
 * ask() - Ask the server, and learn
 * @park: Have it wait for news
 */
static int ask(struct agent *a, bool park, bool *ret_at_once, struct err *e)
{
        struct cycle *c = &a->cycle;
        struct asking asking = { a, park };
        OWN(source_news) struct source_news fresh = { 0 };
        const struct source_ask question = { .ids = c->containers.ids,
                                             .id_count = c->containers.id_count,
                                             .enforced = name_enforced(c),
                                             .known = c->known ? &c->sum : NULL,
                                             .wait_s = park ? WATCH_S : 0,
                                             .timeout_s = (int)a->config->client_timeout,
                                             .wake_fd = a->events.all,
                                             .on_wake = meanwhile,
                                             .wake_arg = &asking };
        int64_t start = clock_us();

        c->new_apps = false;
        c->counts.asks++;
        if (!park)
                a->asked_ms = clock_ms();
        if (source_ask(&a->source, &question, &fresh, e) < 0)
                return -1;
        learn(a, park, &fresh, clock_us() - start, ret_at_once);
        return 0;
}

/**
 * ask_nobody() - Without an app on this cell there is nothing to ask for
 *
 * What is known stays known: policies of apps that are not here make no rules, and
 * their next container may come while the server is away.
 */
static void ask_nobody(struct agent *a)
{
        a->cycle.counts.server_gone_us = 0;
        pace_well(&a->pace);
        a->next_ask_ms = clock_ms() + pace_poll(&a->pace);
}

/**
 * inquire() - Ask if it is time to
 * @forced: It is, and the answer may not wait
 *
 * Return: 0; 1 if the request was called off; or -1 with @e set, which was logged
 */
static int inquire(struct agent *a, bool forced, bool *ret_at_once, struct err *e)
{
        if (!a->cycle.containers.id_count) {
                ask_nobody(a);
                return 0;
        }
        if (!forced && clock_ms() < agent_ask_at_ms(a))
                return 0;
        if (ask(a, may_park(a) && !forced, ret_at_once, e) == 0) {
                a->next_ask_ms = a->cycle.new_apps ? 0 : clock_ms() + pace_poll(&a->pace);
                return 0;
        }
        if (e->sys == ECANCELED) {
                a->next_ask_ms = 0;
                return 1;
        }
        server_failed(a, e);
        return -1;
}

int agent_consult(struct agent *a, bool forced, struct err *e)
{
        bool at_once = false;
        int rc = inquire(a, forced, &at_once, e);

        if (rc > 0)
                return rc;
        agent_enforce(a);
        if (at_once && may_park(a))
                a->next_ask_ms = 0;
        if (a->failure.fault == FAULT_NONE)
                return rc;
        *e = a->failure;
        return -1;
}
