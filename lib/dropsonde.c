/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/dropsonde.h"

#include "dropsonde.pb-c.h"
#include "netman/clock.h"
#include "netman/log.h"
#include "netman/udp_peer.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { UNIT_MAX = 15, DATAGRAM_MAX = 512, FLUSH_MS = 5000 };
enum { COUNTERS_MAX = 64, QUEUE_MAX = 4096, BATCH_MAX = 64 };

/** struct event - A value on its way to the thread */
struct event {
        char name[DROPSONDE_NAME_MAX + 1], unit[UNIT_MAX + 1];
        double value;
        int64_t timestamp_ns;
};

struct counter {
        char name[DROPSONDE_NAME_MAX + 1];
        uint64_t delta;
};

/**
 * struct dropsonde - The start's, the thread's, and below @lock everybody's
 * @fd:     Connected; -1 until the address was looked up
 * @stale:  Something is wrong with @fd: look the address up again
 * @queue:  A ring, @queued long from @first: who has a value does not wait for the kernel
 */
struct dropsonde {
        struct udp_peer metron;
        char origin[DROPSONDE_NAME_MAX + 1];
        void (*turn)(struct dropsonde *d, void *arg);
        void *arg;
        int64_t every_ms;
        pthread_t thread;
        bool runs;

        bool stale;
        int fd;

        pthread_mutex_t lock;
        pthread_cond_t wake;
        bool stop;
        struct event queue[QUEUE_MAX];
        size_t first, queued;
        struct counter counters[COUNTERS_MAX];
        size_t counter_count;
        struct dropsonde_stats stats;
};

int dropsonde_check(const char *address, struct err *e)
{
        struct udp_peer metron;

        return udp_peer_parse(address, &metron, e);
}

/* ---- Taking ---- */

static int64_t now_ns(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void dropsonde_value(struct dropsonde *d, const char *name, double value, const char *unit)
{
        size_t name_len = strlen(name), unit_len = strlen(unit);
        struct event *event;

        if (!d)
                return;
        (void)pthread_mutex_lock(&d->lock);
        if (d->queued < QUEUE_MAX && name_len <= DROPSONDE_NAME_MAX && unit_len <= UNIT_MAX) {
                event = &d->queue[(d->first + d->queued++) % QUEUE_MAX];
                memcpy(event->name, name, name_len + 1);
                memcpy(event->unit, unit, unit_len + 1);
                event->value = value;
                event->timestamp_ns = now_ns();
                if (d->queued == 1)
                        (void)pthread_cond_signal(&d->wake);
        } else {
                d->stats.lost++;
        }
        (void)pthread_mutex_unlock(&d->lock);
}

/** slot() - Under the lock: the counter of this name; NULL where there is no room */
static struct counter *slot(struct dropsonde *d, const char *name)
{
        struct counter *c;

        for (size_t i = 0; i < d->counter_count; i++)
                if (strcmp(d->counters[i].name, name) == 0)
                        return &d->counters[i];
        if (d->counter_count == COUNTERS_MAX || strlen(name) > DROPSONDE_NAME_MAX)
                return NULL;
        c = &d->counters[d->counter_count++];
        (void)snprintf(c->name, sizeof c->name, "%s", name);
        return c;
}

void dropsonde_count(struct dropsonde *d, const char *name, uint64_t delta)
{
        struct counter *c;

        if (!d)
                return;
        (void)pthread_mutex_lock(&d->lock);
        c = slot(d, name);
        if (c)
                c->delta += delta;
        else
                d->stats.lost++;
        (void)pthread_mutex_unlock(&d->lock);
}

void dropsonde_stats(struct dropsonde *d, struct dropsonde_stats *ret)
{
        *ret = (struct dropsonde_stats){ 0 };
        if (!d)
                return;
        (void)pthread_mutex_lock(&d->lock);
        *ret = d->stats;
        (void)pthread_mutex_unlock(&d->lock);
}

/* ---- The thread: sending ---- */

/** text() - protobuf-c's strings are not const, and it does not write to them */
static char *text(const char *s)
{
        return (char *)(uintptr_t)s;
}

/** push() - One envelope, now or never. Return: whether the kernel took it */
static bool push(struct dropsonde *d, Dropsonde__Envelope *envelope, int64_t timestamp_ns)
{
        uint8_t buf[DATAGRAM_MAX];
        size_t len;

        envelope->origin = d->origin;
        envelope->has_timestamp = 1;
        envelope->timestamp = timestamp_ns;
        if (d->fd < 0 || dropsonde__envelope__get_packed_size(envelope) > sizeof buf)
                return false;
        len = dropsonde__envelope__pack(envelope, buf);
        if (send(d->fd, buf, len, MSG_NOSIGNAL) == (ssize_t)len)
                return true;
        /* ECONNREFUSED tells of the one before: nobody listened there. */
        if (errno != EAGAIN && errno != ENOBUFS)
                d->stale = true;
        return false;
}

static bool push_value(struct dropsonde *d, const struct event *e)
{
        Dropsonde__Envelope envelope = DROPSONDE__ENVELOPE__INIT;
        Dropsonde__ValueMetric metric = DROPSONDE__VALUE_METRIC__INIT;

        metric.name = text(e->name);
        metric.value = e->value;
        metric.unit = text(e->unit);
        envelope.eventtype = DROPSONDE__ENVELOPE__EVENT_TYPE__ValueMetric;
        envelope.valuemetric = &metric;
        return push(d, &envelope, e->timestamp_ns);
}

static bool push_counter(struct dropsonde *d, const struct counter *c)
{
        Dropsonde__Envelope envelope = DROPSONDE__ENVELOPE__INIT;
        Dropsonde__CounterEvent event = DROPSONDE__COUNTER_EVENT__INIT;

        event.name = text(c->name);
        event.delta = c->delta;
        envelope.eventtype = DROPSONDE__ENVELOPE__EVENT_TYPE__CounterEvent;
        envelope.counterevent = &event;
        return push(d, &envelope, now_ns());
}

static void note(struct dropsonde *d, size_t sent, size_t all)
{
        (void)pthread_mutex_lock(&d->lock);
        d->stats.sent += sent;
        d->stats.lost += all - sent;
        (void)pthread_mutex_unlock(&d->lock);
}

/** take() - Some of the queue. Return: how many */
static size_t take(struct dropsonde *d, struct event batch[BATCH_MAX])
{
        size_t n = 0;

        (void)pthread_mutex_lock(&d->lock);
        for (; d->queued && n < BATCH_MAX; d->queued--) {
                batch[n++] = d->queue[d->first];
                d->first = (d->first + 1) % QUEUE_MAX;
        }
        (void)pthread_mutex_unlock(&d->lock);
        return n;
}

static void send_queue(struct dropsonde *d)
{
        struct event batch[BATCH_MAX];
        size_t n;

        while ((n = take(d, batch))) {
                size_t sent = 0;

                for (size_t i = 0; i < n; i++)
                        sent += push_value(d, &batch[i]);
                note(d, sent, n);
        }
}

/** send_counters() - Tell what was counted; until the address is known it is kept */
static void send_counters(struct dropsonde *d)
{
        struct counter counters[COUNTERS_MAX];
        size_t count, sent = 0, all = 0;

        if (d->fd < 0)
                return;
        (void)pthread_mutex_lock(&d->lock);
        count = d->counter_count;
        memcpy(counters, d->counters, count * sizeof *counters);
        for (size_t i = 0; i < count; i++)
                d->counters[i].delta = 0;
        (void)pthread_mutex_unlock(&d->lock);
        for (size_t i = 0; i < count; i++) {
                if (!counters[i].delta)
                        continue;
                all++;
                sent += push_counter(d, &counters[i]);
        }
        note(d, sent, all);
}

/* ---- The thread: waiting ---- */

/** pause_for() - Until there is something to send. Return: false when it is time to stop */
static bool pause_for(struct dropsonde *d, int64_t ms)
{
        struct timespec until;
        bool stop;
        int rc = 0;

        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += ms % 1000 * 1000000;
        until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_mutex_lock(&d->lock);
        while (!d->stop && !d->queued && rc != ETIMEDOUT)
                rc = pthread_cond_timedwait(&d->wake, &d->lock, &until);
        stop = d->stop;
        (void)pthread_mutex_unlock(&d->lock);
        return !stop;
}

/**
 * struct schedule - When what is due next, in clock_ms()
 * @look_ms:    Not before this time is the address looked up again
 * @complained: The log knows that it is not found
 */
struct schedule {
        int64_t look_ms, turn_ms, flush_ms;
        bool complained;
};

/** look_up() - Connect to where the address leads now */
static int look_up(struct dropsonde *d, bool numeric, struct err *e)
{
        OWN(fd) int fd = -1;

        if (udp_peer_connect(&d->metron, numeric, &fd, e) < 0)
                return err_add(e, "metron");
        fd_drop(&d->fd);
        d->fd = GIVE_FD(fd);
        d->stale = false;
        return 0;
}

/** regularly() - What is due now. Return: milliseconds to what is due next */
static int64_t regularly(struct dropsonde *d, struct schedule *s)
{
        int64_t now = clock_ms(), next;
        struct err why;

        if (now >= s->look_ms && (d->stale || d->fd < 0)) {
                if (look_up(d, false, &why) < 0 && !s->complained)
                        log_error("metron-not-found", LOG_WHY(&why));
                s->complained = d->stale || d->fd < 0;
                s->look_ms = now + FLUSH_MS;
        }
        if (d->turn && now >= s->turn_ms) {
                d->turn(d, d->arg);
                s->turn_ms = now + d->every_ms;
        }
        if (now >= s->flush_ms) {
                send_counters(d);
                s->flush_ms = now + FLUSH_MS;
        }
        next = d->turn && s->turn_ms < s->flush_ms ? s->turn_ms : s->flush_ms;
        return next - now;
}

static void *run(void *arg)
{
        struct dropsonde *d = arg;
        struct schedule s = { .flush_ms = clock_ms() + FLUSH_MS };
        int64_t pause_ms;

        do {
                pause_ms = regularly(d, &s);
                send_queue(d);
        } while (pause_for(d, pause_ms));
        send_queue(d);
        send_counters(d);
        return NULL;
}

int dropsonde_start(const struct dropsonde_config *c, struct dropsonde **ret, struct err *e)
{
        OWN(dropsonde) struct dropsonde *d = NULL;
        struct udp_peer metron;
        pthread_condattr_t attr;
        int rc;

        if (udp_peer_parse(c->address, &metron, e) < 0)
                return -1;
        d = calloc(1, sizeof *d);
        if (!d)
                return err_oom(e);
        d->metron = metron;
        (void)snprintf(d->origin, sizeof d->origin, "%s", c->origin);
        d->turn = c->turn;
        d->arg = c->arg;
        d->every_ms = (int64_t)c->every_s * 1000;
        d->fd = -1;
        (void)pthread_mutex_init(&d->lock, NULL); /* with default attributes these cannot fail */
        (void)pthread_condattr_init(&attr);
        (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&d->wake, &attr);
        (void)pthread_condattr_destroy(&attr);
        (void)look_up(d, true, NULL); /* a name is the thread's business */
        rc = pthread_create(&d->thread, NULL, run, d);
        if (rc)
                return err_set(e, FAULT_SYSTEM, rc, "start a thread");
        d->runs = true;
        *ret = GIVE(d);
        return 0;
}

void dropsonde_stop(struct dropsonde *d)
{
        if (!d)
                return;
        if (d->runs) {
                (void)pthread_mutex_lock(&d->lock);
                d->stop = true;
                (void)pthread_cond_signal(&d->wake);
                (void)pthread_mutex_unlock(&d->lock);
                (void)pthread_join(d->thread, NULL);
        }
        fd_drop(&d->fd);
        (void)pthread_cond_destroy(&d->wake);
        (void)pthread_mutex_destroy(&d->lock);
        free(d);
}
