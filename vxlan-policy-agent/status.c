/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/status.h"

#include <errno.h>
#include <time.h>

int status_init(struct status *s, const struct events *events, bool logging, struct err *e)
{
        pthread_condattr_t attr;
        int rc;

        *s = (struct status){ .events = events, .logging = logging };
        rc = pthread_mutex_init(&s->lock, NULL);
        if (rc)
                return err_set(e, FAULT_SYSTEM, rc, "mutex");
        (void)pthread_condattr_init(&attr); /* these three cannot fail here */
        (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        rc = pthread_cond_init(&s->answered, &attr);
        (void)pthread_condattr_destroy(&attr);
        if (!rc)
                return 0;
        (void)pthread_mutex_destroy(&s->lock);
        return err_set(e, FAULT_SYSTEM, rc, "condition");
}

void status_done(struct status *s)
{
        str_done(&s->plan_text);
        (void)pthread_cond_destroy(&s->answered);
        (void)pthread_mutex_destroy(&s->lock);
}

bool status_logging(struct status *s)
{
        bool on;

        pthread_mutex_lock(&s->lock);
        on = s->logging;
        pthread_mutex_unlock(&s->lock);
        return on;
}

void status_set_logging(struct status *s, bool on)
{
        pthread_mutex_lock(&s->lock);
        s->logging = on;
        pthread_mutex_unlock(&s->lock);
        events_nudge(s->events);
}

/**
 * wait_done() - Under the lock: make a wish, wait until it is answered
 */
static int wait_done(struct status *s, uint64_t *asked, const uint64_t *done, int timeout_s,
                     struct err *e)
{
        struct timespec until;
        uint64_t mine = ++*asked;
        int rc = 0;

        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += timeout_s;
        events_nudge(s->events);
        while (*done < mine && !s->stopping && rc != ETIMEDOUT)
                rc = pthread_cond_timedwait(&s->answered, &s->lock, &until);
        if (*done < mine)
                return err_set(e, FAULT_UPSTREAM, 0, "%s",
                               s->stopping ? "the agent is stopping" : "no cycle ended in time");
        return 0;
}

int status_plan(struct status *s, int timeout_s, struct str *ret, struct err *e)
{
        int rc;

        pthread_mutex_lock(&s->lock);
        s->plan_waiting++;
        rc = wait_done(s, &s->plan_asked, &s->plan_done, timeout_s, e);
        if (rc == 0)
                str_add_mem(ret, str_text(&s->plan_text), s->plan_text.len);
        if (--s->plan_waiting == 0)
                str_done(&s->plan_text);
        pthread_mutex_unlock(&s->lock);
        return rc < 0 ? -1 : str_ok(ret, e);
}

/**
 * newest() - The newest wish, or 0 if all are answered
 */
static uint64_t newest(struct status *s, const uint64_t *asked, const uint64_t *done)
{
        uint64_t number;

        pthread_mutex_lock(&s->lock);
        number = *asked > *done ? *asked : 0;
        pthread_mutex_unlock(&s->lock);
        return number;
}

uint64_t status_plan_asked(struct status *s)
{
        return newest(s, &s->plan_asked, &s->plan_done);
}

void status_plan_answer(struct status *s, uint64_t number, struct str *text)
{
        pthread_mutex_lock(&s->lock);
        s->plan_done = number;
        str_done(&s->plan_text);
        if (s->plan_waiting) {
                s->plan_text = *text;
                *text = (struct str){ 0 };
        }
        pthread_cond_broadcast(&s->answered);
        pthread_mutex_unlock(&s->lock);
}

int status_force(struct status *s, int timeout_s, struct err *e)
{
        int rc;

        pthread_mutex_lock(&s->lock);
        rc = wait_done(s, &s->force_asked, &s->force_done, timeout_s, e);
        if (rc == 0 && s->force_result.fault != FAULT_NONE)
                rc = err_set(e, s->force_result.fault, 0, "%s", s->force_result.msg);
        pthread_mutex_unlock(&s->lock);
        return rc;
}

uint64_t status_force_asked(struct status *s)
{
        return newest(s, &s->force_asked, &s->force_done);
}

void status_force_answer(struct status *s, uint64_t number, const struct err *why)
{
        pthread_mutex_lock(&s->lock);
        s->force_done = number;
        s->force_result = why ? *why : (struct err){ 0 };
        pthread_cond_broadcast(&s->answered);
        pthread_mutex_unlock(&s->lock);
}

void status_stop(struct status *s)
{
        pthread_mutex_lock(&s->lock);
        s->stopping = true;
        pthread_cond_broadcast(&s->answered);
        pthread_mutex_unlock(&s->lock);
}

struct counts status_counts(struct status *s)
{
        struct counts c;

        pthread_mutex_lock(&s->lock);
        c = s->counts;
        pthread_mutex_unlock(&s->lock);
        return c;
}

void status_set_counts(struct status *s, const struct counts *c)
{
        pthread_mutex_lock(&s->lock);
        s->counts = *c;
        pthread_mutex_unlock(&s->lock);
}
