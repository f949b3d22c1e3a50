/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/netns.h"

#include "netman/clock.h"
#include "netman/own.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* linux/nsfs.h has it too, but not in every libc's reach. */
#define NS_TYPE _IO(0xb7, 0x3)

enum { DEFAULT_TIMEOUT_MS = 30000, RESULT_MAX = 65536 };

int netns_open(const char *path, int *ret_fd, struct err *e)
{
        OWN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                return err_set(e, errno == ENOENT ? FAULT_ABSENT : FAULT_SYSTEM, errno,
                               "network namespace %s", path);
        if (ioctl(fd, NS_TYPE) != CLONE_NEWNET)
                return err_set(e, FAULT_BAD_INPUT, 0, "%s is no network namespace", path);
        *ret_fd = GIVE_FD(fd);
        return 0;
}

bool netns_is_ours(int fd)
{
        struct stat its, ours;

        return fstat(fd, &its) == 0 && stat("/proc/self/ns/net", &ours) == 0 &&
               its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

const char *netns_or_gone(const char *path)
{
        OWN(fd) int fd = -1;
        struct err why = { 0 };

        if (netns_open(path, &fd, &why) == 0)
                return path;
        /* What could not be looked at may be one. */
        return why.fault == FAULT_SYSTEM ? path : "";
}

static int write_all(int fd, const void *data, size_t len)
{
        const char *at = data;

        while (len > 0) {
                ssize_t n = write(fd, at, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return -1;
                at += n;
                len -= (size_t)n;
        }
        return 0;
}

/**
 * child() - The child's whole life: enter, work, report, end
 *
 * What it sends: the outcome, the error, the result.
 */
static void child(int ns, int out, netns_fn fn, void *arg, size_t result_len)
{
        void *result = calloc(1, result_len ? result_len : 1);
        struct err e = { 0 };
        int rc;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!result)
                rc = err_oom(&e);
        else if (setns(ns, CLONE_NEWNET) < 0)
                rc = err_set(&e, FAULT_SYSTEM, errno, "enter network namespace");
        else
                rc = fn(arg, result, &e);
        rc = write_all(out, &rc, sizeof rc) < 0 || write_all(out, &e, sizeof e) < 0 ||
             (result && write_all(out, result, result_len) < 0);
        /* Not exit(): what the parent registered is not ours to run. */
        _exit(rc ? 1 : 0);
}

static int read_all(int fd, void *data, size_t len, int64_t deadline_ms)
{
        char *at = data;

        while (len > 0) {
                struct pollfd p = { fd, POLLIN, 0 };
                int64_t left = deadline_ms - clock_ms();
                ssize_t n;

                if (left <= 0)
                        return ETIMEDOUT;
                if (poll(&p, 1, (int)left) <= 0)
                        continue; /* time over or a signal: seen above */
                n = read(fd, at, len);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return EPIPE;
                at += n;
                len -= (size_t)n;
        }
        return 0;
}

/* What the child sent. */
static int collect(int fd, void *result, size_t result_len, int64_t deadline_ms, struct err *e)
{
        struct err theirs = { 0 };
        int rc = -1;
        int sys = read_all(fd, &rc, sizeof rc, deadline_ms);

        if (!sys)
                sys = read_all(fd, &theirs, sizeof theirs, deadline_ms);
        if (!sys && rc == 0)
                sys = read_all(fd, result, result_len, deadline_ms);
        if (sys)
                return err_set(e, FAULT_SYSTEM, sys == EPIPE ? 0 : sys,
                               "work in a network namespace was not finished");
        if (rc != 0 && e)
                *e = theirs;
        return rc;
}

int netns_run(int fd, netns_fn fn, void *arg, void *result, size_t result_len, int timeout_ms,
              struct err *e)
{
        OWN(mem) void *room = malloc(result_len ? result_len : 1);
        OWN(fd) int from = -1;
        OWN(fd) int to = -1;
        int both[2];
        pid_t pid;
        int rc;

        if (result_len > RESULT_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "result of %zu bytes is too great",
                               result_len);
        if (!room)
                return err_oom(e);
        if (pipe2(both, O_CLOEXEC) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "pipe");
        from = both[0];
        to = both[1];
        pid = fork();
        if (pid < 0)
                return err_set(e, FAULT_SYSTEM, errno, "fork");
        if (pid == 0)
                child(fd, to, fn, arg, result ? result_len : 0);
        fd_drop(&to);
        to = -1;
        rc = collect(from, room, result ? result_len : 0,
                     clock_ms() + (timeout_ms ? timeout_ms : DEFAULT_TIMEOUT_MS), e);
        /* It has reported and is ending, or has run out of time. */
        (void)kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                continue;
        if (rc == 0 && result)
                memcpy(result, room, result_len);
        return rc;
}

int netns_visit(int fd, netns_fn fn, void *arg, void *result, struct err *e)
{
        OWN(fd) int home = -1;
        int rc;

        if (netns_open("/proc/self/ns/net", &home, e) < 0)
                return -1;
        if (setns(fd, CLONE_NEWNET) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "enter network namespace");
        rc = fn(arg, result, e);
        if (setns(home, CLONE_NEWNET) < 0)
                abort();
        return rc;
}

int netns_mount(int fd, const char *target, struct err *e)
{
        OWN(fd) int file = -1;
        char source[32];

        if (netns_unmount(target, e) < 0)
                return -1;
        file = open(target, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
        if (file < 0)
                return err_set(e, FAULT_SYSTEM, errno, "create %s", target);
        (void)snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
        if (mount(source, target, NULL, MS_BIND, NULL) < 0) {
                (void)err_set(e, FAULT_SYSTEM, errno, "mount network namespace at %s", target);
                (void)unlink(target); /* the error above is the one to tell */
                return -1;
        }
        return 0;
}

int netns_unmount(const char *target, struct err *e)
{
        /* Runs that died may have mounted it more than once. */
        while (umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
                continue;
        if (errno != EINVAL && errno != ENOENT)
                return err_set(e, FAULT_SYSTEM, errno, "unmount %s", target);
        if (unlink(target) < 0 && errno != ENOENT)
                return err_set(e, FAULT_SYSTEM, errno, "remove %s", target);
        return 0;
}
