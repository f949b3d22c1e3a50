/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/http_server_impl.h"

#include "netman/clock.h"

/** take() - The next request, waiting for one; NULL when all is done */
static struct http_request *take(struct http_work *w)
{
        struct http_request *rq;

        (void)pthread_mutex_lock(&w->lock);
        while (!w->head && !w->stopping)
                (void)pthread_cond_wait(&w->more, &w->lock);
        rq = w->head;
        if (rq) {
                w->head = rq->next;
                if (!w->head)
                        w->tail = &w->head;
                w->queued--;
        }
        (void)pthread_mutex_unlock(&w->lock);
        return rq;
}

static void *worker(void *arg)
{
        struct http_work *w = arg;
        struct http_request *rq;

        while ((rq = take(w))) {
                /* Its client has most likely given up, and those behind it need not. */
                if (clock_ms() - rq->queued_ms > w->wait_max_ms)
                        http_refuse_busy(rq);
                else
                        rq->route->handler(rq);
        }
        return NULL;
}

int http_work_start(struct http_work *w, const struct http_limits *limits, struct err *e)
{
        (void)pthread_mutex_init(&w->lock, NULL);
        (void)pthread_cond_init(&w->more, NULL);
        w->tail = &w->head;
        w->queue_max = limits->queue;
        w->wait_max_ms = (int64_t)limits->queue_s * 1000;
        w->threads = calloc(limits->workers, sizeof *w->threads);
        if (!w->threads)
                return err_oom(e);
        while (w->thread_count < limits->workers) {
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
        if (!w->threads)
                return;
        (void)pthread_mutex_lock(&w->lock);
        w->stopping = true;
        (void)pthread_cond_broadcast(&w->more);
        (void)pthread_mutex_unlock(&w->lock);
        for (unsigned int i = 0; i < w->thread_count; i++)
                (void)pthread_join(w->threads[i], NULL);
        free(w->threads);
        w->threads = NULL;
        (void)pthread_cond_destroy(&w->more);
        (void)pthread_mutex_destroy(&w->lock);
}
