/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/poll/drift.h"

#include "netman/fw_tx.h"

#include <errno.h>
#include <time.h>

static struct timespec after_ms(int64_t ms)
{
        struct timespec t;

        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_sec += ms / 1000;
        t.tv_nsec += (ms % 1000) * 1000000;
        if (t.tv_nsec >= 1000000000) {
                t.tv_sec++;
                t.tv_nsec -= 1000000000;
        }
        return t;
}

/**
 * sleep_on() - Sleep one interval; true if we are to stop
 */
static bool sleep_on(struct drift *d)
{
        struct timespec until = after_ms(d->interval_ms);
        bool stop;
        int rc = 0;

        pthread_mutex_lock(&d->lock);
        while (!d->stop && rc != ETIMEDOUT)
                rc = pthread_cond_timedwait(&d->wake, &d->lock, &until);
        stop = d->stop;
        pthread_mutex_unlock(&d->lock);
        return stop;
}

int64_t drift_every(int64_t cost_us)
{
        int64_t every = (cost_us + 999) / 1000;

        return every < 1 ? 1 : every > DRIFT_EVERY_MAX ? DRIFT_EVERY_MAX : every;
}

/**
 * look() - After an interval: is it time to compare?
 */
static bool look(struct drift *d)
{
        unsigned int rules = 0, bytes = 0;
        bool seen = fw_size("filter", &rules, &bytes, NULL) == 0, due;

        pthread_mutex_lock(&d->lock);
        d->intervals++;
        /* Where it cannot be seen, the cycle finds out why, and says so. */
        due = !seen || rules != d->last.rules || bytes != d->last.bytes ||
              d->intervals >= drift_every(d->last.cost_us);
        d->due = d->due || due;
        pthread_mutex_unlock(&d->lock);
        return due;
}

static void *watch(void *arg)
{
        struct drift *d = arg;

        while (!sleep_on(d))
                if (look(d))
                        events_nudge(d->events);
        return NULL;
}

int drift_start(struct drift *d, const struct events *events, int64_t interval_ms, struct err *e)
{
        pthread_condattr_t attr;
        int rc;

        *d = (struct drift){ .events = events, .interval_ms = interval_ms };
        (void)pthread_mutex_init(&d->lock, NULL); /* with default attributes these cannot fail */
        (void)pthread_condattr_init(&attr);
        (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&d->wake, &attr);
        (void)pthread_condattr_destroy(&attr);
        rc = pthread_create(&d->thread, NULL, watch, d);
        d->running = rc == 0;
        return rc ? err_set(e, FAULT_SYSTEM, rc, "thread") : 0;
}

void drift_seen(struct drift *d, const struct drift_look *look)
{
        pthread_mutex_lock(&d->lock);
        if (look->number != d->last.number)
                d->intervals = 0;
        d->last = *look;
        pthread_mutex_unlock(&d->lock);
}

bool drift_due(struct drift *d)
{
        bool due;

        pthread_mutex_lock(&d->lock);
        due = d->due;
        d->due = false;
        pthread_mutex_unlock(&d->lock);
        return due;
}

void drift_stop(struct drift *d)
{
        if (!d->running)
                return;
        pthread_mutex_lock(&d->lock);
        d->stop = true;
        pthread_cond_signal(&d->wake);
        pthread_mutex_unlock(&d->lock);
        (void)pthread_join(d->thread, NULL);
        (void)pthread_cond_destroy(&d->wake);
        (void)pthread_mutex_destroy(&d->lock);
        d->running = false;
}
