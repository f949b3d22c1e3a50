/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/dropsonde.h"

#include "dropsonde.pb-c.h"
#include "netman/clock.h"
#include "netman/log.h"
#include "netman/str.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { HOST_MAX = 255, COUNTERS_MAX = 64, DATAGRAM_MAX = 512, FLUSH_MS = 5000 };

struct counter {
        char name[DROPSONDE_NAME_MAX + 1];
        uint64_t delta;
};

/**
 * struct dropsonde - Below @lock all but what the start sets
 * @fd:    Connected; -1 until the address was looked up
 * @stale: Something is wrong with @fd: look the address up again
 */
struct dropsonde {
        char host[HOST_MAX + 1], port[8], origin[DROPSONDE_NAME_MAX + 1];
        void (*turn)(struct dropsonde *d, void *arg);
        void *arg;
        int64_t every_ms;
        pthread_t thread;
        bool runs;

        pthread_mutex_t lock;
        pthread_cond_t wake;
        bool stop, stale;
        int fd;
        struct counter counters[COUNTERS_MAX];
        size_t counter_count;
        struct dropsonde_stats stats;
};

/* ---- The address ---- */

static int split(const char *address, char host[HOST_MAX + 1], char port[8], struct err *e)
{
        const char *colon = strrchr(address, ':');
        size_t len = colon ? (size_t)(colon - address) : 0;
        bool bracketed = len > 2 && address[0] == '[' && colon[-1] == ']';
        int64_t number;

        if (!len || len > HOST_MAX || str_to_int(colon + 1, 1, 65535, &number, NULL) < 0 ||
            strcspn(address, " \t/") < len)
                return err_set(e, FAULT_BAD_INPUT, 0, "'%.100s' is no HOST:PORT", address);
        if (bracketed)
                (void)snprintf(host, HOST_MAX + 1, "%.*s", (int)len - 2, address + 1);
        else
                (void)snprintf(host, HOST_MAX + 1, "%.*s", (int)len, address);
        (void)snprintf(port, 8, "%d", (int)number);
        return 0;
}

int dropsonde_check(const char *address, struct err *e)
{
        char host[HOST_MAX + 1], port[8];

        return split(address, host, port, e);
}

static void addrinfo_drop(struct addrinfo **a)
{
        if (*a)
                freeaddrinfo(*a);
}

/**
 * look_up() - A socket to where the address leads now
 * @flags: AI_NUMERICHOST: only if nobody has to be asked
 */
static int look_up(struct dropsonde *d, int flags, struct err *e)
{
        const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                        .ai_socktype = SOCK_DGRAM,
                                        .ai_flags = flags };
        OWN(addrinfo) struct addrinfo *found = NULL;
        OWN(fd) int fd = -1;
        int rc, old;

        rc = getaddrinfo(d->host, d->port, &hints, &found);
        if (rc)
                return err_set(e, FAULT_ABSENT, 0, "metron %s: %s", d->host, gai_strerror(rc));
        fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "metron %s", d->host);
        (void)pthread_mutex_lock(&d->lock);
        old = d->fd;
        d->fd = GIVE_FD(fd);
        d->stale = false;
        (void)pthread_mutex_unlock(&d->lock);
        fd_drop(&old);
        return 0;
}

/* ---- Sending ---- */

/** push() - Under the lock: one envelope, now or never */
static void push(struct dropsonde *d, Dropsonde__Envelope *envelope)
{
        uint8_t buf[DATAGRAM_MAX];
        struct timespec now;
        size_t len;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        envelope->origin = d->origin;
        envelope->has_timestamp = 1;
        envelope->timestamp = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
        if (d->fd < 0 || dropsonde__envelope__get_packed_size(envelope) > sizeof buf) {
                d->stats.lost++;
                return;
        }
        len = dropsonde__envelope__pack(envelope, buf);
        if (send(d->fd, buf, len, MSG_NOSIGNAL) == (ssize_t)len) {
                d->stats.sent++;
                return;
        }
        d->stats.lost++;
        /* ECONNREFUSED tells of the one before: nobody listened there. */
        if (errno != EAGAIN && errno != ENOBUFS)
                d->stale = true;
}

/** text() - protobuf-c's strings are not const, and it does not write to them */
static char *text(const char *s)
{
        return (char *)(uintptr_t)s;
}

void dropsonde_value(struct dropsonde *d, const char *name, double value, const char *unit)
{
        Dropsonde__Envelope envelope = DROPSONDE__ENVELOPE__INIT;
        Dropsonde__ValueMetric metric = DROPSONDE__VALUE_METRIC__INIT;

        if (!d)
                return;
        metric.name = text(name);
        metric.value = value;
        metric.unit = text(unit);
        envelope.eventtype = DROPSONDE__ENVELOPE__EVENT_TYPE__ValueMetric;
        envelope.valuemetric = &metric;
        (void)pthread_mutex_lock(&d->lock);
        push(d, &envelope);
        (void)pthread_mutex_unlock(&d->lock);
}

static void push_counter(struct dropsonde *d, const struct counter *c)
{
        Dropsonde__Envelope envelope = DROPSONDE__ENVELOPE__INIT;
        Dropsonde__CounterEvent event = DROPSONDE__COUNTER_EVENT__INIT;

        event.name = text(c->name);
        event.delta = c->delta;
        envelope.eventtype = DROPSONDE__ENVELOPE__EVENT_TYPE__CounterEvent;
        envelope.counterevent = &event;
        push(d, &envelope);
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

/* ---- The thread ---- */

/** flush() - Tell what was counted; while nobody could hear it, it is kept */
static void flush(struct dropsonde *d)
{
        (void)pthread_mutex_lock(&d->lock);
        for (size_t i = 0; d->fd >= 0 && i < d->counter_count; i++) {
                struct counter *c = &d->counters[i];

                if (!c->delta)
                        continue;
                push_counter(d, c);
                c->delta = 0;
        }
        (void)pthread_mutex_unlock(&d->lock);
}

/** pause_for() - Return: false when it is time to stop; @ret_stale: look up again */
static bool pause_for(struct dropsonde *d, int64_t ms, bool *ret_stale)
{
        struct timespec until;
        bool stop;
        int rc = 0;

        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += ms % 1000 * 1000000;
        until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_mutex_lock(&d->lock);
        while (!d->stop && rc != ETIMEDOUT)
                rc = pthread_cond_timedwait(&d->wake, &d->lock, &until);
        stop = d->stop;
        *ret_stale = d->stale;
        (void)pthread_mutex_unlock(&d->lock);
        return !stop;
}

static void *run(void *arg)
{
        struct dropsonde *d = arg;
        bool stale = d->fd < 0, told = false;
        int64_t next_turn = clock_ms(), next_flush = next_turn + FLUSH_MS;
        int64_t now;

        do {
                struct err why;

                if (stale && look_up(d, 0, &why) < 0) {
                        if (!told)
                                log_error("metron-not-found", LOG_WHY(&why));
                        told = true;
                } else {
                        told = false;
                }
                now = clock_ms();
                if (d->turn && now >= next_turn) {
                        d->turn(d, d->arg);
                        next_turn = now + d->every_ms;
                }
                if (now >= next_flush) {
                        flush(d);
                        next_flush = now + FLUSH_MS;
                }
                now = d->turn && next_turn < next_flush ? next_turn - now : next_flush - now;
        } while (pause_for(d, now, &stale));
        flush(d);
        return NULL;
}

int dropsonde_start(const struct dropsonde_config *c, struct dropsonde **ret, struct err *e)
{
        OWN(dropsonde) struct dropsonde *d = NULL;
        char host[HOST_MAX + 1], port[8];
        pthread_condattr_t attr;
        int rc;

        if (split(c->address, host, port, e) < 0)
                return -1;
        d = calloc(1, sizeof *d);
        if (!d)
                return err_oom(e);
        memcpy(d->host, host, sizeof d->host);
        memcpy(d->port, port, sizeof d->port);
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
        (void)look_up(d, AI_NUMERICHOST, NULL); /* a name is the thread's business */
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
