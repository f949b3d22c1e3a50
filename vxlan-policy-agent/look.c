/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent does without the server, between requests and during them. */
#include "vxlan-policy-agent/agent_impl.h"

#include "netman/clock.h"
#include "netman/log.h"
#include "netman/own.h"

#include <errno.h>

void agent_enforce(struct agent *a)
{
        if (!a->cycle.in_kernel && a->tried == a->cycle.changes && clock_ms() < a->retry_ms)
                return;
        a->tried = a->cycle.changes;
        a->failure = (struct err){ 0 };
        if (cycle_enforce(&a->cycle, &a->failure) == 0) {
                pace_well(&a->enforce_pace);
                return;
        }
        if (a->failure.sys == ECANCELED)
                return;
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
 * show_plan() - For those who wait for it at the debug server
 */
static void show_plan(struct agent *a)
{
        uint64_t asked = status_plan_asked(&a->status);
        OWN(str) struct str text = { 0 };
        struct err e = { 0 };

        if (!asked)
                return;
        if (cycle_print_plan(&a->cycle, &text, &e) < 0)
                log_error("plan-not-shown", LOG_WHY(&e));
        status_plan_answer(&a->status, asked, &text);
}

static void save_again(struct agent *a)
{
        struct err e = { 0 };

        if (saved_retry(&a->cycle.saved, &e) < 0)
                log_error("policies-not-saved", LOG_WHY(&e));
}

void agent_look(struct agent *a)
{
        alive_tick(&a->alive);
        see_store(a);
        if (drift_due(&a->drift))
                cycle_doubt(&a->cycle);
        agent_enforce(a);
        drift_seen(&a->drift, &a->cycle.look);
        save_again(a);
        show_plan(a);
}
