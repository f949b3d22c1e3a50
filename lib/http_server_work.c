/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/http_server_impl.h"

#include "netman/clock.h"

/** pop() - Under the lock: the first in the queue, or NULL */
static struct http_request *pop(struct http_work *w)
{
        struct http_request *rq = w->head;

        if (!rq)
                return NULL;
        w->head = rq->next;
        if (!w->head)
                w->tail = &w->head;
        w->queued--;
        return rq;
}

/** take() - The next request, waiting for one; NULL when all is done */
static struct http_request *take(struct http_work *w)
{
        struct http_request *rq;

        (void)pthread_mutex_lock(&w->lock);
        while (!w->head && !w->stopping)
                (void)pthread_cond_wait(&w->more, &w->lock);
        rq = pop(w);
        (void)pthread_mutex_unlock(&w->lock);
        return rq;
}

static void *worker(void *arg)
{
        struct http_work *w = arg;
        struct http_request *rq;

        while ((rq = take(w)))
                rq->route->handler(rq);
        return NULL;
}

/** take_late() - The first in the queue, if it has waited too long */
static struct http_request *take_late(struct http_work *w, int64_t now_ms)
{
        struct http_request *rq = NULL;

        (void)pthread_mutex_lock(&w->lock);
        if (w->head && now_ms - w->head->queued_ms > w->wait_max_ms)
                rq = pop(w);
        (void)pthread_mutex_unlock(&w->lock);
        return rq;
}

void http_work_expire(struct http_work *w, int64_t now_ms)
{
        struct http_request *rq;

        /* Its client has most likely given up, and those behind it need not. */
        while ((rq = take_late(w, now_ms)))
                http_refuse_busy(rq);
}

int http_work_start(struct http_work *w, const struct http_limits *limits, unsigned int threads,
                    struct err *e)
{
        (void)pthread_mutex_init(&w->lock, NULL);
        (void)pthread_cond_init(&w->more, NULL);
        w->tail = &w->head;
        w->queue_max = limits->queue;
        w->wait_max_ms = (int64_t)limits->queue_s * 1000;
        w->threads = calloc(threads + 1U, sizeof *w->threads);
        if (!w->threads)
                return err_oom(e);
        while (w->thread_count < threads) {
                int no = pthread_create(&w->threads[w->thread_count], NULL, worker, w);

                if (no)
                        return err_set(e, FAULT_SYSTEM, no, "start a worker thread");
                w->thread_count++;
        }
        return 0;
}

bool http_work_push(struct http_work *w, struct http_request *rq)
{
        bool room;

        (void)pthread_mutex_lock(&w->lock);
        room = w->queued < w->queue_max && !w->stopping;
        if (room) {
                rq->next = NULL;
                rq->queued_ms = clock_ms();
                *w->tail = rq;
                w->tail = &rq->next;
                w->queued++;
                (void)pthread_cond_signal(&w->more);
        }
        (void)pthread_mutex_unlock(&w->lock);
        return room;
}

void http_work_stop(struct http_work *w)
{
        if (!w->tail)
                return; /* it was not started */
        (void)pthread_mutex_lock(&w->lock);
        w->stopping = true;
        (void)pthread_cond_broadcast(&w->more);
        (void)pthread_mutex_unlock(&w->lock);
        for (unsigned int i = 0; i < w->thread_count; i++)
                (void)pthread_join(w->threads[i], NULL);
        w->thread_count = 0;
}

void http_work_done(struct http_work *w)
{
        if (!w->tail)
                return;
        free(w->threads);
        (void)pthread_cond_destroy(&w->more);
        (void)pthread_mutex_destroy(&w->lock);
}

unsigned int http_work_queued(struct http_work *w)
{
        unsigned int n;

        (void)pthread_mutex_lock(&w->lock);
        n = w->queued;
        (void)pthread_mutex_unlock(&w->lock);
        return n;
}
