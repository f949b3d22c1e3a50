/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/follow.h"

#include "cmd/flanneld/stats.h"
#include "cmd/flanneld/wait.h"
#include "cmd/flanneld/worker.h"
#include "netman/log.h"

#include <stdlib.h>
#include <string.h>

enum { RETRY_FIRST_MS = 100, RETRY_MOST_MS = 5000 };

/**
 * struct follow - The thread and what it works with
 * @store:  Its own connection
 * @rev:    Revision up to which all was told
 */
struct follow {
        struct store *store;
        struct mailbox *box;
        struct metrics *metrics;
        int64_t rev;
        struct worker worker;
};

static void on_put(void *arg, const struct lease *l)
{
        mailbox_post(((struct follow *)arg)->box, MAIL_PUT, l, NULL);
}

static void on_gone(void *arg, struct ip4_net subnet)
{
        struct lease l = { .subnet = subnet };

        mailbox_post(((struct follow *)arg)->box, MAIL_GONE, &l, NULL);
}

/* Read all leases anew: the store cannot tell what happened since @f->rev. */
static int reread(struct follow *f, struct err *e)
{
        OWN(leases) struct leases all = { 0 };
        int64_t rev = 0;

        if (store_list(f->store, &all, &rev, e) < 0)
                return -1;
        log_info("leases-read-again", LOG_INT("leases", all.count), LOG_INT("revision", rev));
        mailbox_post(f->box, MAIL_ALL, NULL, &all);
        f->rev = rev;
        return 0;
}

/* A store that is away says so in other words each time; what must be mended does not. */
static bool same_trouble(const struct err *a, const struct err *b)
{
        return a->fault == b->fault && (a->fault != FAULT_BAD_INPUT || strcmp(a->msg, b->msg) == 0);
}

/**
 * follow_run() - Watch; after a failure wait, longer each time, and watch again
 */
static void *follow_run(void *arg)
{
        struct follow *f = arg;
        struct store_news news = { on_put, on_gone, f };
        int64_t pause = RETRY_FIRST_MS;
        struct err said = { 0 };
        bool away = false;

        for (;;) {
                int64_t before = f->rev;
                struct err e = { 0 };
                int rc = store_watch(f->store, &f->rev, &news, f->worker.wake, &e);

                if (rc < 0 && e.fault == FAULT_CONFLICT)
                        rc = reread(f, &e) < 0 ? -1 : 1;
                if (rc == 0)
                        return NULL;
                if (rc > 0 || f->rev != before) {
                        pause = RETRY_FIRST_MS;
                        away = false;
                }
                if (rc < 0)
                        metrics_add(f->metrics, STATS_WATCH_FAILURES, 1, NULL);
                if (rc < 0 && !(away && same_trouble(&said, &e))) {
                        log_error("watch-interrupted", LOG_WHY(&e), LOG_INT("revision", f->rev));
                        away = pause > RETRY_FIRST_MS; /* once is usual, twice is worth a word */
                        said = e;
                }
                /* A store that has nothing newer and still cannot go on is given time, too. */
                if ((rc < 0 || f->rev == before) && wait_for(f->worker.wake, wait_jitter(pause)))
                        return NULL;
                pause = pause * 2 < RETRY_MOST_MS ? pause * 2 : RETRY_MOST_MS;
        }
}

int follow_start(const struct store_conf *conf, int64_t rev, struct mailbox *box,
                 struct metrics *metrics, struct follow **ret, struct err *e)
{
        OWN(follow) struct follow *f = calloc(1, sizeof *f);

        if (!f)
                return err_oom(e);
        f->box = box;
        f->metrics = metrics;
        f->rev = rev;
        if (store_open(conf, &f->store, e) < 0 || worker_start(&f->worker, follow_run, f, e) < 0)
                return -1;
        *ret = GIVE(f);
        return 0;
}

void follow_stop(struct follow *f)
{
        if (!f)
                return;
        worker_stop(&f->worker);
        store_close(f->store);
        free(f);
}
