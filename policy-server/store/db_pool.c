/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/clock.h"
#include "policy-server/store/db_impl.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* A request that cannot have a connection within this time is told so. */
#define TAKE_WAIT_S 5

struct db {
        pthread_mutex_t lock;
        pthread_cond_t freed;
        const struct ps_config *config; /* borrowed */
        bool running;                   /* it could be reached once */
        struct db_conn *idle;
        unsigned int open, idle_count, in_flight;
        struct db_stats counts; /* those members that only grow */
        struct db_peaks peaks;
        void (*observe)(void *arg, const char *operation, int64_t took_us, bool ok);
        void *observe_arg;
};

static void free_conn(struct db_conn *c)
{
        if (!c)
                return;
        PQfinish(c->pg);
        free(c);
}

OWN_DROP(db_conn, struct db_conn *, free_conn)

static void close_idle(struct db *db)
{
        struct db_conn *c;

        while ((c = db->idle)) {
                db->idle = c->next;
                db->idle_count--;
                db->open--;
                free_conn(c);
        }
}

/**
 * settle_plans() - Have each statement planned once, for tables of any size
 *
 * Every statement of the pool finds its rows by an index. Planning them anew for
 * each call takes longer than running them, and a plan that was made when the
 * tables were small must not be a scan.
 */
static int settle_plans(PGconn *pg, struct err *e)
{
        return db_exec_on(pg,
                          "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; "
                          "SET jit = off",
                          DB_ALIVE_MS, NULL, e);
}

static int open_conn(struct db *db, struct db_conn **ret, struct err *e)
{
        OWN(db_conn) struct db_conn *c = calloc(1, sizeof *c);

        if (!c)
                return err_oom(e);
        if (db_connect(db->config, db->running ? DB_CONNECT_S : 0, &c->pg, e) < 0 ||
            settle_plans(c->pg, e) < 0)
                return -1;
        c->db = db;
        c->born_ms = clock_ms();
        c->fresh = true;
        *ret = GIVE(c);
        return 0;
}

/** too_old() - Has it lived its time? So that a failover spreads by itself */
static bool too_old(const struct db *db, const struct db_conn *c)
{
        int64_t limit_s = db->config->connections_max_lifetime_seconds;

        return limit_s && clock_ms() - c->born_ms > limit_s * 1000;
}

/** must_wait() - Under the lock: is none idle, and may none be opened? */
static bool must_wait(const struct db *db)
{
        return !db->idle && db->open >= (unsigned int)db->config->max_open_connections;
}

static int wait_freed(struct db *db)
{
        int64_t began_us = clock_us();
        struct timespec until;
        int rc = 0;

        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += TAKE_WAIT_S;
        db->counts.waits++;
        while (must_wait(db) && rc != ETIMEDOUT)
                rc = pthread_cond_clockwait(&db->freed, &db->lock, CLOCK_MONOTONIC, &until);
        db->counts.waited_us += clock_us() - began_us;
        return must_wait(db) ? -1 : 0;
}

/**
 * wait_turn() - Under the lock: an idle connection, or leave to open one
 * @ret: NULL where one may be opened
 */
static int wait_turn(struct db *db, struct db_conn **ret, struct err *e)
{
        if (must_wait(db) && wait_freed(db) < 0)
                return err_set(e, FAULT_UPSTREAM, ETIMEDOUT, "all %u database connections are busy",
                               db->open);
        *ret = db->idle;
        if (*ret) {
                db->idle = (*ret)->next;
                db->idle_count--;
                (*ret)->fresh = false;
        } else {
                db->open++;
        }
        return 0;
}

static void forget(struct db *db)
{
        (void)pthread_mutex_lock(&db->lock);
        db->open--;
        (void)pthread_cond_signal(&db->freed);
        (void)pthread_mutex_unlock(&db->lock);
}

int db_take(struct db *db, struct db_conn **ret, struct err *e)
{
        struct db_conn *c = NULL;
        int rc;

        (void)pthread_mutex_lock(&db->lock);
        rc = wait_turn(db, &c, e);
        (void)pthread_mutex_unlock(&db->lock);
        if (rc < 0)
                return -1;
        if (c && too_old(db, c)) {
                free_conn(c);
                c = NULL;
        }
        if (!c && open_conn(db, &c, e) < 0) {
                forget(db);
                return -1;
        }
        c->retry = false;
        *ret = c;
        return 0;
}

void db_give(struct db *db, struct db_conn *c)
{
        bool broken =
                PQstatus(c->pg) != CONNECTION_OK || PQtransactionStatus(c->pg) != PQTRANS_IDLE;

        (void)pthread_mutex_lock(&db->lock);
        /* What broke one has most likely broken the idle ones too. */
        if (broken)
                close_idle(db);
        if (broken || db->idle_count >= (unsigned int)db->config->max_idle_connections) {
                db->open--;
                free_conn(c);
        } else {
                c->next = db->idle;
                db->idle = c;
                db->idle_count++;
        }
        (void)pthread_cond_signal(&db->freed);
        (void)pthread_mutex_unlock(&db->lock);
}

int db_open(const struct ps_config *c, struct db **ret, struct err *e)
{
        OWN(db) struct db *db = calloc(1, sizeof *db);
        struct db_conn *first = NULL;

        if (!db)
                return err_oom(e);
        (void)pthread_mutex_init(&db->lock, NULL);
        (void)pthread_cond_init(&db->freed, NULL);
        db->config = c;
        if (db_take(db, &first, e) < 0)
                return -1;
        db_give(db, first);
        db->running = true;
        *ret = GIVE(db);
        return 0;
}

void db_close(struct db *db)
{
        if (!db)
                return;
        close_idle(db);
        (void)pthread_cond_destroy(&db->freed);
        (void)pthread_mutex_destroy(&db->lock);
        free(db);
}

void db_stats(struct db *db, struct db_stats *ret)
{
        (void)pthread_mutex_lock(&db->lock);
        *ret = db->counts;
        ret->open = db->open;
        ret->busy = db->open - db->idle_count;
        ret->max = (unsigned int)db->config->max_open_connections;
        (void)pthread_mutex_unlock(&db->lock);
}

void db_peaks(struct db *db, struct db_peaks *ret)
{
        (void)pthread_mutex_lock(&db->lock);
        *ret = db->peaks;
        db->peaks = (struct db_peaks){ .in_flight = db->in_flight };
        (void)pthread_mutex_unlock(&db->lock);
}

void db_observe(struct db *db,
                void (*fn)(void *arg, const char *operation, int64_t took_us, bool ok), void *arg)
{
        db->observe_arg = arg;
        db->observe = fn;
}

int64_t db_query_begins(struct db *db)
{
        (void)pthread_mutex_lock(&db->lock);
        db->in_flight++;
        if (db->in_flight > db->peaks.in_flight)
                db->peaks.in_flight = db->in_flight;
        (void)pthread_mutex_unlock(&db->lock);
        return clock_us();
}

void db_query_ended(struct db *db, int64_t began_us, bool ok)
{
        int64_t took_us = clock_us() - began_us;

        (void)pthread_mutex_lock(&db->lock);
        db->in_flight--;
        db->counts.queries++;
        db->counts.failed += !ok;
        if (took_us > db->peaks.slowest_us)
                db->peaks.slowest_us = took_us;
        (void)pthread_mutex_unlock(&db->lock);
}

void db_operation_ended(struct db *db, const char *operation, int64_t began_us, bool ok)
{
        if (operation && db->observe)
                db->observe(db->observe_arg, operation, clock_us() - began_us, ok);
}
