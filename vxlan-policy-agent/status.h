/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent's threads share: the cycle's thread writes it, the debug and
 * force servers' threads read it and leave wishes. One mutex guards it all.
 */
#ifndef VXLAN_POLICY_AGENT_STATUS_H
#define VXLAN_POLICY_AGENT_STATUS_H

#include "netman/err.h"
#include "netman/str.h"
#include "vxlan-policy-agent/metrics.h"
#include "vxlan-policy-agent/poll/events.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct status - The shared part
 * @logging:     Wanted by PUT /iptables-logging
 * @plan_asked:  Plans asked for by GET /plan, counted; each is made anew, since keeping
 *               one would take as much memory as all policies
 * @plan_done:   Those that are answered, by @plan_text, for @plan_waiting
 * @force_asked: Cycles asked for at the force endpoint, counted
 * @force_done:  Those that are answered; @force_result says how, fault FAULT_NONE if well
 * @stopping:    No more cycles come
 */
struct status {
        pthread_mutex_t lock;
        pthread_cond_t answered;
        const struct events *events;
        struct counts counts;
        struct meter meter; /* has locks of its own */
        bool logging, stopping;
        uint64_t plan_asked, plan_done;
        size_t plan_waiting;
        struct str plan_text;
        uint64_t force_asked, force_done;
        struct err force_result;
};

int status_init(struct status *s, const struct events *events, bool logging, struct err *e);
void status_done(struct status *s);

/** status_logging() - Is logging wanted? */
bool status_logging(struct status *s);

/** status_set_logging() - From a debug server's thread: takes effect with the next cycle */
void status_set_logging(struct status *s, bool on);

/**
 * status_plan() - Ask for the plan and wait for it
 * @ret: Gets its text
 * @e:   FAULT_UPSTREAM if it takes longer than @timeout_s
 */
int status_plan(struct status *s, int timeout_s, struct str *ret, struct err *e);

/** status_plan_asked() - The newest wish, or 0 if all are answered */
uint64_t status_plan_asked(struct status *s);

/** status_plan_answer() - Answer wishes up to @number; @text is taken over */
void status_plan_answer(struct status *s, uint64_t number, struct str *text);

/**
 * status_force() - Ask for a cycle and wait for its end
 * @e: The cycle's error; FAULT_UPSTREAM if it takes longer than @timeout_s
 */
int status_force(struct status *s, int timeout_s, struct err *e);

/** status_force_asked() - The newest wish, or 0 if all are answered */
uint64_t status_force_asked(struct status *s);

/** status_force_answer() - Answer wishes up to @number; @why NULL: it went well */
void status_force_answer(struct status *s, uint64_t number, const struct err *why);

/** status_stop() - Nobody may wait for a cycle any more */
void status_stop(struct status *s);

struct counts status_counts(struct status *s);
void status_set_counts(struct status *s, const struct counts *c);

#endif
