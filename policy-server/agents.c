/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/agents.h"

#include "netman/clock.h"
#include "netman/jsonx.h"
#include "netman/log.h"
#include "policy-server/pacer.h"
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
        struct pacer *pacer;
        struct readers told; /* what the others were told last, and when; the thread's own */
        int64_t told_ms;
        pthread_mutex_t lock;
        json_t *names; /* name -> index in @items */
        struct agent *items;
        size_t count;
        int64_t unnamed_ms; /* when one was last seen; 0: never */
        char instance[33];
        char epoch[FEED_EPOCH_MAX]; /* to which the items' revisions belong */
};

/** slot() - Under the lock: the agent of this name, NULL without room or if it is no name */
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

/**
 * enter_epoch() - Under the lock: are the revisions that the cells spoke of still good?
 *
 * In another history their numbers mean something else: cells have not come anywhere
 * in it until they say so.
 */
static void enter_epoch(struct agents *a, const char *epoch)
{
        if (str_eq(a->epoch, epoch))
                return;
        (void)snprintf(a->epoch, sizeof a->epoch, "%s", epoch);
        for (size_t i = 0; i < a->count; i++)
                a->items[i].enforced = 0;
}

/** note() - @enforced: Of the history @epoch; with NULL what is known is left */
static void note(struct agents *a, const char *name, const char *epoch, int64_t enforced,
                 unsigned int parks)
{
        struct agent *who;

        if (!a)
                return;
        (void)pthread_mutex_lock(&a->lock);
        if (epoch)
                enter_epoch(a, epoch);
        who = slot(a, name);
        if (who) {
                who->seen_ms = clock_ms();
                who->parked += parks;
                if (epoch)
                        who->enforced = enforced;
        } else {
                a->unnamed_ms = clock_ms(); /* it is there, whoever it is */
        }
        (void)pthread_mutex_unlock(&a->lock);
}

void agents_seen(struct agents *a, const char *name, const char *epoch, int64_t enforced)
{
        note(a, name, epoch, enforced, 0);
}

void agents_failed(struct agents *a, const char *name)
{
        note(a, name, NULL, 0, 0);
}

void agents_unnamed(struct agents *a)
{
        if (!a)
                return;
        (void)pthread_mutex_lock(&a->lock);
        a->unnamed_ms = clock_ms();
        (void)pthread_mutex_unlock(&a->lock);
}

void agents_parked(struct agents *a, const char *name, const char *epoch, int64_t enforced)
{
        note(a, name, epoch, enforced, 1);
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
        const struct feed_view *v = feed_lock(a->ps->feed); /* the epoch must not change */

        /* Of a newer one, those that it touches may still count as parked. */
        r->revision = feed_told_revision(a->ps->feed);
        r->oldest = r->revision;
        r->passed = INT64_MAX;
        (void)pthread_mutex_lock(&a->lock);
        enter_epoch(a, v->epoch);
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
        feed_unlock(a->ps->feed);
}

static void tell_others(void *arg)
{
        struct agents *a = arg;
        struct readers now = { 0 };
        struct err why = { 0 };

        count(a, &now);
        if (memcmp(&now, &a->told, sizeof now) == 0 && clock_ms() - a->told_ms < HEARTBEAT_MS)
                return;
        if (readers_publish(a->ps->db, a->instance, a->epoch, &now, &why) < 0) {
                log_debug("agents-not-published", LOG_WHY(&why));
                return;
        }
        a->told = now;
        a->told_ms = clock_ms();
}

static void name_instance(char buf[33])
{
        unsigned char raw[16] = { 0 };

        if (getrandom(raw, sizeof raw, 0) < 0)
                memcpy(raw, &(int64_t){ clock_us() }, sizeof(int64_t));
        for (size_t i = 0; i < sizeof raw; i++)
                (void)snprintf(buf + 2 * i, 3, "%02x", raw[i]);
}

static void agents_free(struct agents *a)
{
        if (!a)
                return;
        (void)pthread_mutex_destroy(&a->lock);
        json_decref(a->names);
        free(a->items);
        free(a);
}

OWN_DROP(agents, struct agents *, agents_free)

int agents_start(struct ps *ps, struct agents **ret, struct err *e)
{
        OWN(agents) struct agents *a = calloc(1, sizeof *a);

        if (!a)
                return err_oom(e);
        a->ps = ps;
        a->told.revision = -1; /* nothing yet */
        a->names = json_object();
        name_instance(a->instance);
        (void)pthread_mutex_init(&a->lock, NULL);
        if (pacer_start(tell_others, a, LOOK_MS, &a->pacer, e) < 0)
                return -1;
        *ret = GIVE(a);
        return 0;
}

void agents_stop(struct agents *a)
{
        if (!a)
                return;
        pacer_stop(a->pacer);
        agents_free(a);
}
