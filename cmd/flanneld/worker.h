/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that sleeps until it is woken, or told to end. */
#ifndef FLANNELD_WORKER_H
#define FLANNELD_WORKER_H

#include "netman/err.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/**
 * struct worker - All zero: none
 * @wake: Readable when there is something to do before the time; 0: none
 * @stop: And that is: to end
 */
struct worker {
        int wake;
        atomic_bool stop;
        pthread_t thread;
        bool running;
};

/** worker_start() - Have a thread run @fn, which ends soon after @stop is set and @wake readable */
int worker_start(struct worker *w, void *(*fn)(void *arg), void *arg, struct err *e);

/** worker_wake() - Make @wake readable */
void worker_wake(struct worker *w);

/** worker_stop() - Have it end, and wait until it has; one that never ran is fine */
void worker_stop(struct worker *w);

#endif
