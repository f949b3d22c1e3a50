/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/poll/events.h"

#include "netman/own.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

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

/**
 * listen_store() - Watch the folder, not the file: the file is replaced, not written
 */
static int listen_store(const char *store, struct err *e)
{
        OWN(fd) int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        char copy[PATH_MAX];
        const char *folder;

        if (fd < 0)
                return err_set(e, FAULT_SYSTEM, errno, "inotify");
        (void)snprintf(copy, sizeof copy, "%s", store);
        folder = dirname(copy);
        if (inotify_add_watch(fd, folder, IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "watch %s", folder);
        return GIVE_FD(fd);
}

static int add(const struct events *ev, int fd, uint32_t event, struct err *e)
{
        struct epoll_event want = { .events = EPOLLIN, .data.u32 = event };

        return epoll_ctl(ev->all, EPOLL_CTL_ADD, fd, &want) < 0
                       ? err_set(e, FAULT_SYSTEM, errno, "epoll")
                       : 0;
}

int events_init(struct events *ev, const char *store, struct err *e)
{
        OWN(events) struct events made = EVENTS_NONE;

        made.all = epoll_create1(EPOLL_CLOEXEC);
        made.nudge = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (made.all < 0 || made.nudge < 0)
                return err_set(e, FAULT_SYSTEM, errno, "epoll");
        made.signals = listen_signals(e);
        if (made.signals < 0)
                return -1;
        made.store = listen_store(store, e);
        if (made.store < 0)
                return -1;
        if (add(&made, made.signals, EVENT_STOP, e) < 0 ||
            add(&made, made.store, EVENT_STORE, e) < 0 ||
            add(&made, made.nudge, EVENT_NUDGE, e) < 0)
                return -1;
        *ev = made;
        made = EVENTS_NONE;
        return 0;
}

void events_done(struct events *ev)
{
        fd_drop(&ev->nudge);
        fd_drop(&ev->store);
        fd_drop(&ev->signals);
        fd_drop(&ev->all);
        *ev = EVENTS_NONE;
}

void events_nudge(const struct events *ev)
{
        const uint64_t one = 1;
        ssize_t n = write(ev->nudge, &one, sizeof one);

        (void)n; /* a full counter is a nudge too */
}

static int fd_of(const struct events *ev, uint32_t event)
{
        return event == EVENT_STOP ? ev->signals : event == EVENT_STORE ? ev->store : ev->nudge;
}

unsigned int events_wait(struct events *ev, int timeout_ms)
{
        struct epoll_event ready[3];
        int n = epoll_wait(ev->all, ready, 3, timeout_ms);
        unsigned int events = 0;
        char drain[4096];

        for (int i = 0; i < n; i++) {
                events |= ready[i].data.u32;
                while (read(fd_of(ev, ready[i].data.u32), drain, sizeof drain) > 0)
                        ; /* what it says does not matter, only that it is read */
        }
        return events;
}
