/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/keep.h"

#include "cmd/flanneld/stats.h"
#include "cmd/flanneld/wait.h"
#include "cmd/flanneld/worker.h"
#include "netman/clock.h"
#include "netman/log.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>

enum {
        REWRITE_PAUSE_MS = 5000,
        RETRY_LEAST_MS = 500,
        RETRY_MOST_MS = 60000,
        NEVER_MS = 24 * 3600 * 1000
};

/**
 * struct keep - The thread and what it works with
 * @lease:   Ours, as the store has it
 * @ends_ms: When it ends (clock_ms()); 0: never
 * @ended:   That it has ended was said
 * @gone:    The store has it no more, or it reads otherwise, as we were told
 * @calm_ms: Not before then do we write it again: whoever writes it may go on to
 */
struct keep {
        struct store *store;
        struct mailbox *box;
        struct keep_conf conf;
        struct lease lease;
        int64_t ends_ms;
        bool ended;
        bool gone;
        int64_t calm_ms;
        struct worker worker;
};

int64_t keep_due_ms(int64_t left_s, int64_t margin_s)
{
        int64_t left = left_s * 1000, margin = margin_s * 1000;

        /* A life shorter than the margin: time for two tries more. */
        if (margin >= left)
                margin = left * 2 / 3;
        /* A little before, not in step with the other cells; never later. */
        return (left - margin) * 19 / 20 + wait_jitter((left - margin) / 25);
}

int64_t keep_retry_ms(int64_t left_ms)
{
        int64_t wait = left_ms / 10;

        if (wait > RETRY_MOST_MS)
                wait = RETRY_MOST_MS;
        if (wait < RETRY_LEAST_MS)
                wait = left_ms > 0 ? RETRY_LEAST_MS : RETRY_LEAST_MS * 10;
        return wait_jitter(wait);
}

static void lives(struct keep *k, int64_t ttl_s)
{
        k->ends_ms = ttl_s ? clock_ms() + ttl_s * 1000 : 0;
        k->ended = false;
        k->gone = false;
        metrics_set(k->conf.metrics, STATS_LEASE_ENDS, ttl_s ? (double)(time(NULL) + ttl_s) : 0,
                    NULL);
}

/**
 * write_again() - The subnet's lease is ours, but may read otherwise: somebody wrote it anew
 * @there: As the store has it
 *
 * One that reads as before and was made to stay for ever goes on to.
 */
static int write_again(struct keep *k, const struct lease *there, struct err *e)
{
        int64_t ttl = k->conf.ttl_s;

        k->lease.rev = there->rev;
        if (lease_same_cell(there, &k->lease)) {
                k->lease.id = there->id;
                if (store_renew(k->store, &k->lease, k->conf.ttl_s, &ttl, e) < 0)
                        return -1;
        } else {
                k->calm_ms = clock_ms() + REWRITE_PAUSE_MS;
                if (store_update(k->store, &k->lease, k->conf.ttl_s, e) < 0)
                        return -1;
                log_error("own-lease-was-rewritten",
                          LOG_STR("subnet", ip4_net_text(k->lease.subnet).s),
                          LOG_STR("effect", "it is written again as it was"));
        }
        lives(k, k->lease.id ? ttl : 0);
        return 0;
}

/**
 * take_again() - Our lease has ended: take the same subnet, if it is still free
 *
 * Return: 0, kept; 1: another cell has it; -1: @e, try again
 */
static int take_again(struct keep *k, struct err *e)
{
        struct lease l = k->lease;
        OWN(leases) struct leases all = { 0 };
        const struct lease *there;
        int64_t rev;

        if (store_create(k->store, &l, k->conf.ttl_s, e) == 0) {
                k->lease = l;
                lives(k, k->conf.ttl_s);
                log_info("lease-taken-again", LOG_STR("subnet", ip4_net_text(l.subnet).s));
                return 0;
        }
        if (e->fault != FAULT_CONFLICT || store_list(k->store, &all, &rev, e) < 0)
                return -1;
        there = leases_find(&all, l.subnet);
        if (!there)
                return -1; /* it went in between */
        if (there->public_ip && there->public_ip != l.public_ip)
                return 1;
        return write_again(k, there, e);
}

/* One look after the lease. Return: as take_again() */
static int look_after(struct keep *k, struct err *e)
{
        int64_t ttl = 0;

        if (k->gone)
                return take_again(k, e);
        if (store_renew(k->store, &k->lease, k->conf.ttl_s, &ttl, e) == 0) {
                lives(k, ttl);
                metrics_add(k->conf.metrics, STATS_RENEWALS, 1, NULL);
                log_debug("lease-renewed", LOG_INT("seconds", ttl));
                return 0;
        }
        return e->fault == FAULT_ABSENT ? take_again(k, e) : -1;
}

/* Say how near the end is; at the end say that too, once. */
static void warn(struct keep *k, const struct err *e)
{
        int64_t left = k->ends_ms - clock_ms();

        if (k->ended)
                return;
        if (left > 0) {
                log_error("lease-renewal-failed", LOG_INT("seconds_left", left / 1000), LOG_WHY(e));
                return;
        }
        k->ended = true;
        if (!k->ends_ms) {
                log_error("own-lease-not-written", LOG_WHY(e));
                return;
        }
        log_error("lease-ended", LOG_STR("subnet", ip4_net_text(k->lease.subnet).s),
                  LOG_STR("effect", "other cells drop their routes to this one once the store is "
                                    "back; it is retaken then unless another cell was faster"),
                  LOG_WHY(e));
}

static void *keep_run(void *arg)
{
        struct keep *k = arg;
        int64_t due = k->ends_ms ? keep_due_ms(k->conf.left_s, k->conf.margin_s) : NEVER_MS;

        for (;;) {
                struct err e = { 0 };
                eventfd_t rings;
                bool asked = wait_for(k->worker.wake, due);
                int rc;

                if (atomic_load(&k->worker.stop))
                        return NULL;
                if (asked) {
                        (void)eventfd_read(k->worker.wake, &rings);
                        k->gone = true;
                }
                if (k->gone && clock_ms() < k->calm_ms) {
                        due = k->calm_ms - clock_ms();
                        continue;
                }
                rc = look_after(k, &e);
                if (rc > 0) {
                        mailbox_post(k->box, MAIL_LOST, &k->lease, NULL);
                        return NULL;
                }
                if (rc < 0) {
                        warn(k, &e);
                        metrics_add(k->conf.metrics, STATS_RENEWAL_FAILURES, 1, NULL);
                        due = keep_retry_ms(k->ends_ms - clock_ms());
                        continue;
                }
                due = k->ends_ms ? keep_due_ms((k->ends_ms - clock_ms()) / 1000, k->conf.margin_s)
                                 : NEVER_MS;
        }
}

int keep_start(const struct store_conf *store, const struct keep_conf *conf, struct mailbox *box,
               struct keep **ret, struct err *e)
{
        OWN(keep) struct keep *k = calloc(1, sizeof *k);

        if (!k)
                return err_oom(e);
        k->box = box;
        k->conf = *conf;
        k->lease = conf->lease;
        lives(k, conf->left_s);
        if (store_open(store, &k->store, e) < 0 || worker_start(&k->worker, keep_run, k, e) < 0)
                return -1;
        *ret = GIVE(k);
        return 0;
}

void keep_check(struct keep *k)
{
        worker_wake(&k->worker);
}

void keep_stop(struct keep *k)
{
        if (!k)
                return;
        worker_stop(&k->worker);
        store_close(k->store);
        free(k);
}
