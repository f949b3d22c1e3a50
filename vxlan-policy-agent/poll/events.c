/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/poll/events.h"

#include "netman/own.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define KINDS 5

static int listen_signals(struct err *e)
{
        sigset_t set;
        int fd;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "block signals");
        fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
        return fd < 0 ? err_set(e, FAULT_SYSTEM, errno, "signalfd") : fd;
}

static int start_clock(int64_t period_ms, struct err *e)
{
        const struct timespec period = { period_ms / 1000, period_ms % 1000 * 1000000 };
        const struct itimerspec timer = { period, period };
        OWN(fd) int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

        if (fd < 0 || timerfd_settime(fd, 0, &timer, NULL) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "timerfd");
        return GIVE_FD(fd);
}

static int listen_files(struct events *ev, const char *store, const char *subnet, struct err *e)
{
        if (folder_watch(&ev->store, store, e) < 0 || folder_watch(&ev->subnet, subnet, e) < 0)
                return -1;
        if (!folder_exists(&ev->store))
                return err_set(e, FAULT_ABSENT, ENOENT, "watch %.200s", ev->store.path);
        return 0;
}

static int add(const struct events *ev, int fd, uint32_t event, struct err *e)
{
        struct epoll_event want = { .events = EPOLLIN, .data.u32 = event };

        return epoll_ctl(ev->all, EPOLL_CTL_ADD, fd, &want) < 0
                       ? err_set(e, FAULT_SYSTEM, errno, "epoll")
                       : 0;
}

int events_init(struct events *ev, const char *store, const char *subnet, int64_t tick_ms,
                struct err *e)
{
        OWN(events) struct events made = EVENTS_NONE;

        made.all = epoll_create1(EPOLL_CLOEXEC);
        made.nudge = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (made.all < 0 || made.nudge < 0)
                return err_set(e, FAULT_SYSTEM, errno, "epoll");
        made.signals = listen_signals(e);
        if (made.signals < 0 || listen_files(&made, store, subnet, e) < 0)
                return -1;
        made.clock = start_clock(tick_ms, e);
        if (made.clock < 0)
                return -1;
        if (add(&made, made.signals, EVENT_STOP, e) < 0 ||
            add(&made, made.store.fd, EVENT_STORE, e) < 0 ||
            add(&made, made.subnet.fd, EVENT_SUBNET, e) < 0 ||
            add(&made, made.nudge, EVENT_NUDGE, e) < 0 || add(&made, made.clock, EVENT_TICK, e) < 0)
                return -1;
        *ev = made;
        made = (struct events)EVENTS_NONE;
        return 0;
}

void events_done(struct events *ev)
{
        folder_done(&ev->store);
        folder_done(&ev->subnet);
        fd_drop(&ev->clock);
        fd_drop(&ev->nudge);
        fd_drop(&ev->signals);
        fd_drop(&ev->all);
        *ev = (struct events)EVENTS_NONE;
}

void events_nudge(const struct events *ev)
{
        const uint64_t one = 1;
        ssize_t n = write(ev->nudge, &one, sizeof one);

        (void)n; /* a full counter is a nudge too */
}

bool events_stopping(const struct events *ev)
{
        struct pollfd p = { .fd = ev->signals, .events = POLLIN };

        return poll(&p, 1, 0) > 0;
}

static int fd_of(const struct events *ev, uint32_t event)
{
        switch (event) {
        case EVENT_STOP:
                return ev->signals;
        case EVENT_STORE:
                return ev->store.fd;
        case EVENT_SUBNET:
                return ev->subnet.fd;
        case EVENT_TICK:
                return ev->clock;
        default:
                return ev->nudge;
        }
}

unsigned int events_wait(struct events *ev, int timeout_ms)
{
        struct epoll_event ready[KINDS];
        int n = epoll_wait(ev->all, ready, KINDS, timeout_ms);
        unsigned int events = 0;
        char drain[4096];

        for (int i = 0; i < n; i++) {
                events |= ready[i].data.u32;
                while (read(fd_of(ev, ready[i].data.u32), drain, sizeof drain) > 0)
                        ; /* what it says does not matter, only that it is read */
        }
        if (folder_follow(&ev->store))
                events |= EVENT_STORE;
        if (folder_follow(&ev->subnet))
                events |= EVENT_SUBNET;
        return events;
}
