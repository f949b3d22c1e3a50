/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/agents.h"

#include "netman/clock.h"
#include "netman/jsonx.h"
#include "netman/log.h"
#include "policy-server/server.h"
#include "policy-server/store/readers.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#define ALIVE_MS     60000 /* a cell that has not asked for so long is gone */
#define LOOK_MS      200   /* how soon a change is told */
#define HEARTBEAT_MS 5000
#define AGENTS_MAX   20000 /* names come from outside: no more are remembered */

/**
 * struct agent - What one cell has told us
 * @parked: Its requests that wait: for a moment two, where a connection was lost
 */
struct agent {
        int64_t seen_ms, enforced;
        unsigned int parked;
};

struct agents {
        struct ps *ps;
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t wake;
        bool stop;
        json_t *names; /* name -> index in @items */
        struct agent *items;
        size_t count;
        int64_t unnamed_ms; /* when one was last seen; 0: never */
        char instance[33];
};

/** slot() - Under the lock: the agent of this name, NULL without room */
static struct agent *slot(struct agents *a, const char *name)
{
        const json_t *at = json_object_get(a->names, name);
        struct agent *items;

        if (at)
                return &a->items[json_integer_value(at)];
        if (a->count >= AGENTS_MAX)
                return NULL;
        items = reallocarray(a->items, a->count + 1, sizeof *items);
        if (!items)
                return NULL;
        a->items = items;
        if (json_object_set_new(a->names, name, json_integer((json_int_t)a->count)) < 0)
                return NULL;
        items[a->count] = (struct agent){ 0 };
        return &items[a->count++];
}

/** note() - @enforced: -1 to leave it */
static void note(struct agents *a, const char *name, int64_t enforced, unsigned int parks)
{
        struct agent *who;

        if (!a)
                return;
        (void)pthread_mutex_lock(&a->lock);
        who = slot(a, name);
        if (who) {
                who->seen_ms = clock_ms();
                who->parked += parks;
                if (enforced >= 0)
                        who->enforced = enforced;
        }
        (void)pthread_mutex_unlock(&a->lock);
}

void agents_seen(struct agents *a, const char *name, int64_t enforced)
{
        note(a, name, enforced, 0);
}

void agents_failed(struct agents *a, const char *name)
{
        note(a, name, -1, 0);
}

void agents_unnamed(struct agents *a)
{
        if (!a)
                return;
        (void)pthread_mutex_lock(&a->lock);
        a->unnamed_ms = clock_ms();
        (void)pthread_mutex_unlock(&a->lock);
}

void agents_parked(struct agents *a, const char *name, int64_t enforced)
{
        note(a, name, enforced, 1);
}

void agents_woken(struct agents *a, const char *name)
{
        const json_t *at;
        struct agent *who;

        if (!a)
                return;
        (void)pthread_mutex_lock(&a->lock);
        at = json_object_get(a->names, name);
        who = at ? &a->items[json_integer_value(at)] : NULL;
        if (who && who->parked) /* there may have been no room for it when it parked */
                who->parked--;
        (void)pthread_mutex_unlock(&a->lock);
}

/** forget_dead() - Under the lock: start over with those alive when many are not */
static void forget_dead(struct agents *a, int64_t now)
{
        json_t *alive;
        const char *name;
        json_t *at;
        size_t kept = 0;
        struct agent *items;

        if (a->count < AGENTS_MAX)
                return;
        alive = json_object();
        items = calloc(a->count, sizeof *items);
        json_object_foreach(a->names, name, at) {
                const struct agent *who = &a->items[json_integer_value(at)];

                if (!items || (!who->parked && now - who->seen_ms > ALIVE_MS) ||
                    json_object_set_new(alive, name, json_integer((json_int_t)kept)) < 0)
                        continue;
                items[kept++] = *who;
        }
        free(a->items);
        json_decref(a->names);
        a->items = items;
        a->names = alive;
        a->count = kept;
}

static void count(struct agents *a, struct readers *r)
{
        int64_t now = clock_ms();

        /* Of a newer one, those that it touches may still count as parked. */
        r->revision = feed_told_revision(a->ps->feed);
        r->oldest = r->revision;
        r->passed = INT64_MAX;
        (void)pthread_mutex_lock(&a->lock);
        forget_dead(a, now);
        if (a->unnamed_ms && now - a->unnamed_ms <= ALIVE_MS)
                r->passed = -1;
        for (size_t i = 0; i < a->count; i++) {
                const struct agent *who = &a->items[i];
                int64_t enforced = who->parked ? r->revision : who->enforced;

                if (!who->parked && now - who->seen_ms > ALIVE_MS)
                        continue;
                r->agents++;
                r->enforced += enforced >= r->revision;
                if (enforced < r->oldest)
                        r->oldest = enforced;
                if (enforced < r->passed)
                        r->passed = enforced ? enforced : -1;
        }
        (void)pthread_mutex_unlock(&a->lock);
}

/** pause_ms() - Return: false when it is time to stop */
static bool pause_ms(struct agents *a, int64_t ms)
{
        struct timespec until;
        bool stop;

        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += ms * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_mutex_lock(&a->lock);
        if (!a->stop)
                (void)pthread_cond_timedwait(&a->wake, &a->lock, &until);
        stop = a->stop;
        (void)pthread_mutex_unlock(&a->lock);
        return !stop;
}

static void *run(void *arg)
{
        struct agents *a = arg;
        struct readers told = { .revision = -1 };
        int64_t told_ms = 0;

        while (pause_ms(a, LOOK_MS)) {
                struct readers now = { 0 };
                struct err why = { 0 };

                count(a, &now);
                if (memcmp(&now, &told, sizeof now) == 0 && clock_ms() - told_ms < HEARTBEAT_MS)
                        continue;
                if (readers_publish(a->ps->db, a->instance, &now, &why) < 0) {
                        log_debug("agents-not-published", LOG_WHY(&why));
                        continue;
                }
                told = now;
                told_ms = clock_ms();
        }
        return NULL;
}

static void name_instance(char buf[33])
{
        unsigned char raw[16] = { 0 };

        if (getrandom(raw, sizeof raw, 0) < 0)
                memcpy(raw, &(int64_t){ clock_us() }, sizeof(int64_t));
        for (size_t i = 0; i < sizeof raw; i++)
                (void)snprintf(buf + 2 * i, 3, "%02x", raw[i]);
}

int agents_start(struct ps *ps, struct agents **ret, struct err *e)
{
        OWN(mem) struct agents *a = calloc(1, sizeof *a);
        int no;

        if (!a)
                return err_oom(e);
        a->ps = ps;
        a->names = json_object();
        name_instance(a->instance);
        (void)pthread_mutex_init(&a->lock, NULL);
        (void)pthread_cond_init(&a->wake, NULL);
        no = pthread_create(&a->thread, NULL, run, a);
        if (no) {
                json_decref(a->names);
                return err_set(e, FAULT_SYSTEM, no, "start a thread");
        }
        *ret = GIVE(a);
        return 0;
}

void agents_stop(struct agents *a)
{
        if (!a)
                return;
        (void)pthread_mutex_lock(&a->lock);
        a->stop = true;
        (void)pthread_cond_signal(&a->wake);
        (void)pthread_mutex_unlock(&a->lock);
        (void)pthread_join(a->thread, NULL);
        (void)pthread_cond_destroy(&a->wake);
        (void)pthread_mutex_destroy(&a->lock);
        json_decref(a->names);
        free(a->items);
        free(a);
}
