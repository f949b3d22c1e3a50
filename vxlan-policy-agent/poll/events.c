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
 * watch_folder() - The folder, not the file: files are replaced, not written
 */
static int watch_folder(int fd, const char *path, struct err *e)
{
        char copy[PATH_MAX];
        const char *folder;

        (void)snprintf(copy, sizeof copy, "%s", path);
        folder = dirname(copy);
        if (inotify_add_watch(fd, folder, IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE) < 0)
                return err_set(e, errno == ENOENT ? FAULT_ABSENT : FAULT_SYSTEM, errno, "watch %s",
                               folder);
        return 0;
}

static int listen_files(const char *store, const char *subnet, struct err *e)
{
        OWN(fd) int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        struct err absent = { 0 };

        if (fd < 0)
                return err_set(e, FAULT_SYSTEM, errno, "inotify");
        if (watch_folder(fd, store, e) < 0)
                return -1;
        if (watch_folder(fd, subnet, &absent) < 0 && absent.fault != FAULT_ABSENT) {
                *e = absent;
                return -1;
        }
        return GIVE_FD(fd);
}

static int add(const struct events *ev, int fd, uint32_t event, struct err *e)
{
        struct epoll_event want = { .events = EPOLLIN, .data.u32 = event };

        return epoll_ctl(ev->all, EPOLL_CTL_ADD, fd, &want) < 0
                       ? err_set(e, FAULT_SYSTEM, errno, "epoll")
                       : 0;
}

int events_init(struct events *ev, const char *store, const char *subnet, struct err *e)
{
        OWN(events) struct events made = EVENTS_NONE;

        made.all = epoll_create1(EPOLL_CLOEXEC);
        made.nudge = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (made.all < 0 || made.nudge < 0)
                return err_set(e, FAULT_SYSTEM, errno, "epoll");
        made.signals = listen_signals(e);
        if (made.signals < 0)
                return -1;
        made.files = listen_files(store, subnet, e);
        if (made.files < 0)
                return -1;
        if (add(&made, made.signals, EVENT_STOP, e) < 0 ||
            add(&made, made.files, EVENT_FILES, e) < 0 ||
            add(&made, made.nudge, EVENT_NUDGE, e) < 0)
                return -1;
        *ev = made;
        made = EVENTS_NONE;
        return 0;
}

void events_done(struct events *ev)
{
        fd_drop(&ev->nudge);
        fd_drop(&ev->files);
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
        return event == EVENT_STOP ? ev->signals : event == EVENT_FILES ? ev->files : ev->nudge;
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
