/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/snapshot/feed.h"

#include "netman/clock.h"
#include "netman/log.h"
#include "policy-server/snapshot/source.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>

#define CHECK_MS 500 /* between two looks at the revision when no notification comes */
#define TICK_MS  200
/* Readers and watchers wait for a connection that is being made. */
#define CONNECT_S 3

struct feed {
        const struct ps_config *config;
        pthread_t thread;
        bool runs;
        _Atomic bool stop;
        int wake; /* eventfd: somebody syncs, or the end */

        pthread_rwlock_t lock; /* view, table */
        struct table *table;
        struct feed_view view;
        _Atomic int64_t checked_ms, told;

        pthread_mutex_t queue_lock;
        struct feed_waiter *queue;

        struct watch *watch;
        PGconn *pg;  /* the thread's own, as is what follows */
        bool doubts; /* the database may not be the one that the snapshot was read from */
};

static void poke(struct feed *f)
{
        uint64_t one = 1;

        if (write(f->wake, &one, sizeof one) < 0)
                return; /* it is full, hence set */
}

static struct feed_waiter *take_queue(struct feed *f)
{
        struct feed_waiter *q;

        (void)pthread_mutex_lock(&f->queue_lock);
        q = f->queue;
        f->queue = NULL;
        (void)pthread_mutex_unlock(&f->queue_lock);
        return q;
}

static void tell(struct feed_waiter *q, bool ok)
{
        while (q) {
                struct feed_waiter *w = q;

                q = q->next;
                w->done(w, ok);
        }
}

/** adopt() - Put a table loaded anew in the place of the old one */
static void adopt(struct feed *f, struct table *fresh, const struct source_state *state)
{
        struct table *old;

        (void)pthread_rwlock_wrlock(&f->lock);
        old = f->table;
        f->table = fresh;
        f->view.table = fresh;
        f->view.revision = state->revision;
        if (!str_eq(state->epoch, f->view.epoch))
                atomic_store(&f->told, 0); /* nobody was told of any of its revisions */
        memcpy(f->view.epoch, state->epoch, sizeof f->view.epoch);
        (void)pthread_rwlock_unlock(&f->lock);
        table_free(old);
        watch_touch_all(f->watch);
}

static int load(struct feed *f, struct err *e)
{
        struct source_state state = { 0 };
        struct table *fresh = NULL;
        size_t left_out = 0;

        if (source_load(f->pg, (unsigned int)f->config->tag_length, &fresh, &state, &left_out, e) <
            0)
                return -1;
        adopt(f, fresh, &state);
        f->doubts = false;
        log_info("policies-loaded", LOG_INT("policies", table_count(fresh)),
                 LOG_INT("revision", state.revision));
        if (left_out)
                log_error("policies-left-out", LOG_INT("count", left_out),
                          LOG_STR("hint", "their ids are none that the API takes: POST "
                                          "…/policies/cleanup deletes them"));
        return 0;
}

/** apply() - Move the table from revision to revision; -1: it must be loaded anew */
static int apply(struct feed *f, const PGresult *res, const struct source_state *state)
{
        struct source_change c;
        int rc = 0;

        (void)pthread_rwlock_wrlock(&f->lock);
        for (int i = 0; i < PQntuples(res) && rc == 0; i++) {
                if (!source_change(res, i, &c))
                        continue;
                if (c.added)
                        rc = table_add(f->table, &c.policy, NULL);
                else
                        table_remove(f->table, &c.policy);
        }
        if (rc == 0)
                f->view.revision = state->revision;
        (void)pthread_rwlock_unlock(&f->lock);
        for (int i = 0; i < PQntuples(res); i++) {
                if (!source_change(res, i, &c))
                        continue;
                watch_touch(f->watch, c.policy.source);
                watch_touch(f->watch, c.policy.destination);
        }
        return rc;
}

/**
 * follow() - Catch up with the database
 *
 * Only on one connection do revisions mean the same from one question to the next.
 * Behind a new one there may be a copy that lacked our last revisions and has
 * given their numbers to others since.
 */
static int follow(struct feed *f, struct err *e)
{
        OWN(pgresult) PGresult *res = NULL;
        struct source_state state = { 0 };
        int64_t asked_ms = clock_ms(), have = f->view.revision;
        bool same;

        if (source_changes(f->pg, have, &state, &res, e) < 0)
                return -1;
        same = !f->doubts && str_eq(state.epoch, f->view.epoch) && state.revision >= have &&
               state.changes_from <= have;
        if (same && state.revision > have && apply(f, res, &state) < 0)
                same = false;
        if (!same && load(f, e) < 0)
                return -1;
        atomic_store(&f->checked_ms, asked_ms);
        watch_call(f->watch);
        atomic_store(&f->told, f->view.revision);
        return 0;
}

/** drain_wake() - Empty the eventfd */
static void drain_wake(struct feed *f)
{
        uint64_t n;

        if (read(f->wake, &n, sizeof n) < 0)
                return; /* nobody had poked */
}

static void wait_for(struct feed *f, int timeout_ms)
{
        struct pollfd p[2] = { { .fd = f->wake, .events = POLLIN },
                               { .fd = f->pg ? PQsocket(f->pg) : -1, .events = POLLIN } };

        (void)poll(p, 2, timeout_ms); /* whatever the reason, the loop looks at everything */
        if (p[0].revents)
                drain_wake(f);
}

/** notified() - Did a notification come? Reads what the connection has */
static bool notified(struct feed *f)
{
        bool any = false;
        PGnotify *n;

        if (!PQconsumeInput(f->pg))
                return true; /* it is lost: the next question will show it */
        while ((n = PQnotifies(f->pg))) {
                any = true;
                PQfreemem(n);
        }
        return any;
}

static void lose(struct feed *f, const struct err *why)
{
        log_error("database-lost", LOG_WHY(why));
        PQfinish(f->pg);
        f->pg = NULL;
}

static void reconnect(struct feed *f)
{
        struct err why = { 0 };

        if (source_open(f->config, CONNECT_S, &f->pg, &why) < 0) {
                log_debug("database-not-there", LOG_WHY(&why));
                return;
        }
        f->doubts = true;
        log_info("database-connected");
}

/** step() - One turn: ask the database if there is a reason to */
static void step(struct feed *f)
{
        int64_t due = atomic_load(&f->checked_ms) + CHECK_MS;
        struct feed_waiter *q;
        struct err why = { 0 };
        bool ok = false;

        if (!f->pg)
                reconnect(f);
        q = take_queue(f);
        if (f->pg) {
                /* notified() first: it empties the socket in any case. */
                ok = !(notified(f) || q || clock_ms() >= due) || follow(f, &why) == 0;
                if (!ok)
                        lose(f, &why);
        }
        tell(q, ok);
        watch_tick(f->watch, clock_ms());
}

static void *run(void *arg)
{
        struct feed *f = arg;

        while (!atomic_load(&f->stop)) {
                wait_for(f, TICK_MS);
                step(f);
        }
        return NULL;
}

static void init_locks(struct feed *f)
{
        pthread_rwlockattr_t attr;

        (void)pthread_rwlockattr_init(&attr);
        /* Readers come all the time; without this the writer would never. */
        (void)pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
        (void)pthread_rwlock_init(&f->lock, &attr);
        (void)pthread_rwlockattr_destroy(&attr);
        (void)pthread_mutex_init(&f->queue_lock, NULL);
}

OWN_DROP(feed, struct feed *, feed_stop)

int feed_start(const struct ps_config *c, struct feed **ret, struct err *e)
{
        OWN(feed) struct feed *f = calloc(1, sizeof *f);
        int64_t now = clock_ms();
        int no;

        if (!f)
                return err_oom(e);
        init_locks(f);
        f->config = c;
        f->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (f->wake < 0)
                return err_set(e, FAULT_SYSTEM, errno, "eventfd");
        if (watch_new(&f->watch, e) < 0 || source_open(c, 0, &f->pg, e) < 0 || load(f, e) < 0)
                return -1;
        atomic_store(&f->checked_ms, now);
        atomic_store(&f->told, f->view.revision);
        no = pthread_create(&f->thread, NULL, run, f);
        if (no)
                return err_set(e, FAULT_SYSTEM, no, "start a thread");
        f->runs = true;
        *ret = GIVE(f);
        return 0;
}

void feed_stop(struct feed *f)
{
        if (!f)
                return;
        if (f->runs) {
                atomic_store(&f->stop, true);
                poke(f);
                (void)pthread_join(f->thread, NULL);
        }
        tell(take_queue(f), false);
        watch_free(f->watch);
        PQfinish(f->pg);
        table_free(f->table);
        if (f->wake >= 0)
                (void)close(f->wake);
        (void)pthread_rwlock_destroy(&f->lock);
        (void)pthread_mutex_destroy(&f->queue_lock);
        free(f);
}

const struct feed_view *feed_lock(struct feed *f)
{
        (void)pthread_rwlock_rdlock(&f->lock);
        return &f->view;
}

void feed_unlock(struct feed *f)
{
        (void)pthread_rwlock_unlock(&f->lock);
}

int64_t feed_checked_ms(struct feed *f)
{
        return atomic_load(&f->checked_ms);
}

int64_t feed_told_revision(struct feed *f)
{
        return atomic_load(&f->told);
}

void feed_sync(struct feed *f, struct feed_waiter *w)
{
        (void)pthread_mutex_lock(&f->queue_lock);
        w->next = f->queue;
        f->queue = w;
        (void)pthread_mutex_unlock(&f->queue_lock);
        poke(f);
}

/** struct blocking_waiter - For a thread that waits for its sync */
struct blocking_waiter {
        struct feed_waiter waiter;
        pthread_mutex_t lock;
        pthread_cond_t done;
        bool over, ok;
};

static void wake_thread(struct feed_waiter *w, bool ok)
{
        struct blocking_waiter *b = (struct blocking_waiter *)w; /* its first member */

        (void)pthread_mutex_lock(&b->lock);
        b->over = true;
        b->ok = ok;
        (void)pthread_cond_signal(&b->done);
        (void)pthread_mutex_unlock(&b->lock);
}

int feed_sync_wait(struct feed *f, struct err *e)
{
        struct blocking_waiter b = { .waiter.done = wake_thread };

        (void)pthread_mutex_init(&b.lock, NULL);
        (void)pthread_cond_init(&b.done, NULL);
        feed_sync(f, &b.waiter);
        (void)pthread_mutex_lock(&b.lock);
        while (!b.over)
                (void)pthread_cond_wait(&b.done, &b.lock);
        (void)pthread_mutex_unlock(&b.lock);
        (void)pthread_cond_destroy(&b.done);
        (void)pthread_mutex_destroy(&b.lock);
        return b.ok ? 0 : err_set(e, FAULT_UPSTREAM, 0, "the database could not be asked");
}

struct watch *feed_watch(struct feed *f)
{
        return f->watch;
}
