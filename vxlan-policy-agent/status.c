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
        rc = pthread_cond_init(&s->forced, &attr);
        (void)pthread_condattr_destroy(&attr);
        if (!rc)
                return 0;
        (void)pthread_mutex_destroy(&s->lock);
        return err_set(e, FAULT_SYSTEM, rc, "condition");
}

void status_done(struct status *s)
{
        plan_done(&s->plan);
        (void)pthread_cond_destroy(&s->forced);
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

void status_set_plan(struct status *s, struct plan *p)
{
        struct plan old;

        pthread_mutex_lock(&s->lock);
        old = s->plan;
        s->plan = *p;
        pthread_mutex_unlock(&s->lock);
        *p = old;
}

int status_force(struct status *s, int timeout_s, struct err *e)
{
        struct timespec until;
        uint64_t mine;
        int rc = 0;

        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += timeout_s;
        pthread_mutex_lock(&s->lock);
        mine = ++s->force_asked;
        events_nudge(s->events);
        while (s->force_done < mine && !s->stopping && rc != ETIMEDOUT)
                rc = pthread_cond_timedwait(&s->forced, &s->lock, &until);
        if (s->force_done < mine)
                rc = err_set(e, FAULT_UPSTREAM, 0, "%s",
                             s->stopping ? "the agent is stopping" : "no cycle ended in time");
        else if (s->force_result.fault != FAULT_NONE)
                rc = err_set(e, s->force_result.fault, 0, "%s", s->force_result.msg);
        else
                rc = 0;
        pthread_mutex_unlock(&s->lock);
        return rc;
}

uint64_t status_force_asked(struct status *s)
{
        uint64_t asked;

        pthread_mutex_lock(&s->lock);
        asked = s->force_asked > s->force_done ? s->force_asked : 0;
        pthread_mutex_unlock(&s->lock);
        return asked;
}

void status_force_answer(struct status *s, uint64_t number, const struct err *why)
{
        pthread_mutex_lock(&s->lock);
        s->force_done = number;
        s->force_result = why ? *why : (struct err){ 0 };
        pthread_cond_broadcast(&s->forced);
        pthread_mutex_unlock(&s->lock);
}

void status_stop(struct status *s)
{
        pthread_mutex_lock(&s->lock);
        s->stopping = true;
        pthread_cond_broadcast(&s->forced);
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
