/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/pacer.h"

#include "netman/own.h"

#include <pthread.h>
#include <time.h>

struct pacer {
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t wake;
        bool stop;
        void (*work)(void *arg);
        void *arg;
        int64_t every_ms;
};

static struct timespec from_now(int64_t ms)
{
        struct timespec t;

        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_nsec += ms % 1000 * 1000000;
        t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        return t;
}

/** pause_for() - Return: false when it is time to stop */
static bool pause_for(struct pacer *p, int64_t ms)
{
        struct timespec until = from_now(ms);
        bool stop;
        int rc = 0;

        (void)pthread_mutex_lock(&p->lock);
        while (!p->stop && rc == 0)
                rc = pthread_cond_clockwait(&p->wake, &p->lock, CLOCK_MONOTONIC, &until);
        stop = p->stop;
        (void)pthread_mutex_unlock(&p->lock);
        return !stop;
}

static void *run(void *arg)
{
        struct pacer *p = arg;

        while (pause_for(p, p->every_ms))
                p->work(p->arg);
        return NULL;
}

int pacer_start(void (*work)(void *arg), void *arg, int64_t every_ms, struct pacer **ret,
                struct err *e)
{
        OWN(mem) struct pacer *p = calloc(1, sizeof *p);
        int no;

        if (!p)
                return err_oom(e);
        p->work = work;
        p->arg = arg;
        p->every_ms = every_ms;
        (void)pthread_mutex_init(&p->lock, NULL);
        (void)pthread_cond_init(&p->wake, NULL);
        no = pthread_create(&p->thread, NULL, run, p);
        if (no)
                return err_set(e, FAULT_SYSTEM, no, "start a thread");
        *ret = GIVE(p);
        return 0;
}

void pacer_stop(struct pacer *p)
{
        if (!p)
                return;
        (void)pthread_mutex_lock(&p->lock);
        p->stop = true;
        (void)pthread_cond_signal(&p->wake);
        (void)pthread_mutex_unlock(&p->lock);
        (void)pthread_join(p->thread, NULL);
        (void)pthread_cond_destroy(&p->wake);
        (void)pthread_mutex_destroy(&p->lock);
        free(p);
}
