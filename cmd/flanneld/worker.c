/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/worker.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

int worker_start(struct worker *w, void *(*fn)(void *arg), void *arg, struct err *e)
{
        int fd = eventfd(0, EFD_CLOEXEC), sys;

        if (fd < 0)
                return err_set(e, FAULT_SYSTEM, errno, "eventfd");
        w->wake = fd;
        sys = pthread_create(&w->thread, NULL, fn, arg);
        if (sys)
                return err_set(e, FAULT_SYSTEM, sys, "start thread");
        w->running = true;
        return 0;
}

void worker_wake(struct worker *w)
{
        (void)eventfd_write(w->wake, 1); /* cannot overflow before 2^64 times */
}

void worker_stop(struct worker *w)
{
        if (w->running) {
                atomic_store(&w->stop, true);
                worker_wake(w);
                (void)pthread_join(w->thread, NULL);
        }
        if (w->wake > 0)
                (void)close(w->wake);
}
