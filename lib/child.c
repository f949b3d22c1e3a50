/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/child.h"

#include "netman/clock.h"
#include "netman/own.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 60000
#define DEFAULT_OUT_MAX    (1U << 20)

/**
 * struct talk - Our ends of the child's three pipes
 * @fd: To its standard input, from its output, from its error output; -1 when done
 */
struct talk {
        int fd[3];
        const char *in;
        size_t in_left;
        struct str *got[3]; /* [0] unused */
        size_t out_max;
};

static void talk_drop(struct talk *t)
{
        for (int i = 0; i < 3; i++)
                fd_drop(&t->fd[i]);
}

/* The child's ends of the three pipes. */
struct ends {
        int fd[3];
};

static void ends_drop(struct ends *p)
{
        for (int i = 0; i < 3; i++)
                fd_drop(&p->fd[i]);
}

/**
 * start() - Spawn the child in a process group of its own
 * @t: Gets our ends of its pipes
 */
static int start(const struct child_run *run, struct talk *t, pid_t *ret_pid, struct err *e)
{
        OWN(ends) struct ends theirs = { { -1, -1, -1 } };
        posix_spawn_file_actions_t acts;
        posix_spawnattr_t attr;
        sigset_t none, all;
        int rc;

        for (int i = 0; i < 3; i++) {
                int both[2];

                if (pipe2(both, O_CLOEXEC) < 0)
                        return err_set(e, FAULT_SYSTEM, errno, "pipe");
                t->fd[i] = i == 0 ? both[1] : both[0];
                theirs.fd[i] = i == 0 ? both[0] : both[1];
                (void)fcntl(t->fd[i], F_SETFL, O_NONBLOCK);
        }
        (void)sigemptyset(&none);
        (void)sigfillset(&all);
        (void)posix_spawn_file_actions_init(&acts);
        (void)posix_spawnattr_init(&attr);
        for (int i = 0; i < 3; i++)
                (void)posix_spawn_file_actions_adddup2(&acts, theirs.fd[i], i);
        (void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                      POSIX_SPAWN_SETSIGDEF);
        (void)posix_spawnattr_setpgroup(&attr, 0);
        (void)posix_spawnattr_setsigmask(&attr, &none);
        (void)posix_spawnattr_setsigdefault(&attr, &all);
        /* posix_spawn promises not to write through these pointers. */
        rc = posix_spawn(ret_pid, run->argv[0], &acts, &attr, (char *const *)run->argv,
                         run->envp ? (char *const *)run->envp : environ);
        (void)posix_spawn_file_actions_destroy(&acts);
        (void)posix_spawnattr_destroy(&attr);
        if (rc)
                return err_set(e, rc == ENOENT ? FAULT_ABSENT : FAULT_SYSTEM, rc, "run %s",
                               run->argv[0]);
        return 0;
}

static void feed(struct talk *t)
{
        ssize_t n = write(t->fd[0], t->in, t->in_left);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n > 0) {
                t->in += n;
                t->in_left -= (size_t)n;
        }
        if (n < 0 || t->in_left == 0) { /* a child that stopped reading is its own affair */
                fd_drop(&t->fd[0]);
                t->fd[0] = -1;
        }
}

/**
 * drain() - Take what the child wrote on stream @i
 *
 * Return: 0, or -1 when it wrote too much
 */
static int drain(struct talk *t, int i)
{
        char chunk[16384];
        ssize_t n = read(t->fd[i], chunk, sizeof chunk);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) {
                fd_drop(&t->fd[i]);
                t->fd[i] = -1;
                return 0;
        }
        if (t->got[i]->len + (size_t)n > t->out_max)
                return -1;
        str_add_mem(t->got[i], chunk, (size_t)n);
        return 0;
}

/**
 * converse() - Move bytes until the child has closed its outputs
 */
static int converse(struct talk *t, const char *name, int64_t deadline_ms, struct err *e)
{
        while (t->fd[1] >= 0 || t->fd[2] >= 0) {
                struct pollfd p[3];
                int64_t left = deadline_ms - clock_ms();

                for (int i = 0; i < 3; i++)
                        p[i] = (struct pollfd){ t->fd[i], i == 0 ? POLLOUT : POLLIN, 0 };
                if (left <= 0)
                        return err_set(e, FAULT_UPSTREAM, 0, "%s: did not end in time", name);
                if (poll(p, 3, (int)left) < 0 && errno != EINTR)
                        return err_set(e, FAULT_SYSTEM, errno, "poll");
                if (p[0].revents)
                        feed(t);
                for (int i = 1; i < 3; i++)
                        if (p[i].revents && drain(t, i) < 0)
                                return err_set(e, FAULT_UPSTREAM, 0,
                                               "%s: wrote more than %zu bytes", name, t->out_max);
        }
        return 0;
}

/**
 * wait_end() - Until the child ends, or a moment passes, or the deadline comes
 *
 * A pidfd becomes readable the instant the child ends: chains of plugins, each
 * waiting for the next, would add up the moments.
 */
static void wait_end(int pidfd, int64_t left_ms)
{
        struct pollfd p = { pidfd, POLLIN, 0 };

        if (pidfd < 0)
                clock_sleep_ms(1); /* a kernel without them */
        else
                (void)poll(&p, 1, (int)left_ms); /* the caller looks again whatever it says */
}

/** parent_of() - Of a process in /proc; 0 where it has gone meanwhile */
static pid_t parent_of(const char *pid)
{
        OWN(file) FILE *f = NULL;
        char path[64], line[512];
        const char *end;

        (void)snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
        f = fopen(path, "re");
        if (!f || !fgets(line, sizeof line, f))
                return 0;
        end = strrchr(line, ')'); /* its name may hold anything */
        return end && strlen(end) > 4 ? (pid_t)strtol(end + 4, NULL, 10) : 0;
}

/**
 * kill_children() - Every child of this process
 *
 * Return: How many there were
 */
static size_t kill_children(void)
{
        OWN(dir) DIR *proc = opendir("/proc");
        const struct dirent *entry;
        size_t count = 0;

        while (proc && (entry = readdir(proc))) {
                pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

                if (pid <= 0 || parent_of(entry->d_name) != getpid())
                        continue;
                (void)kill(pid, SIGKILL);
                (void)waitpid(pid, &(int){ 0 }, 0);
                count++;
        }
        return count;
}

/**
 * put_down() - End the child, and whatever it has started
 *
 * What it started may be in process groups of its own, as all is that this very
 * function's callers start. Their parent gone, such processes become our children, and
 * theirs after them.
 */
static void put_down(pid_t pid)
{
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
        (void)kill(-pid, SIGKILL);
        (void)waitpid(pid, &(int){ 0 }, 0);
        while (kill_children() > 0)
                continue;
        (void)prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/**
 * reap() - The child's end; it is given until the deadline, then killed
 */
static int reap(pid_t pid, const char *name, int64_t deadline_ms, int *ret_status, struct err *e)
{
        OWN(fd) int pidfd = (int)syscall(SYS_pidfd_open, pid, 0); /* CLOEXEC by itself */
        int status;
        pid_t got;

        while ((got = waitpid(pid, &status, WNOHANG)) == 0) {
                int64_t left_ms = deadline_ms - clock_ms();

                if (left_ms <= 0) {
                        put_down(pid);
                        return err_set(e, FAULT_UPSTREAM, 0, "%s: did not end in time", name);
                }
                wait_end(pidfd, left_ms);
        }
        if (got < 0)
                return err_set(e, FAULT_SYSTEM, errno, "wait for %s", name);
        *ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        return 0;
}

void meanwhile_do(struct meanwhile *m)
{
        void (*fn)(void *arg) = m ? m->fn : NULL;

        if (!fn)
                return;
        m->fn = NULL;
        fn(m->arg);
}

/**
 * do_other_work() - What is to be done while the child runs
 * @deadline_ms: Put off by what that took
 */
static void do_other_work(const struct child_run *run, struct talk *t, int64_t *deadline_ms)
{
        const int64_t start = clock_ms();

        if (t->in_left)
                feed(t); /* it waits for that */
        meanwhile_do(run->meanwhile);
        *deadline_ms += clock_ms() - start;
}

int child_run(const struct child_run *run, struct str *out, struct str *errout, int *ret_status,
              struct err *e)
{
        OWN(talk) struct talk t = { .fd = { -1, -1, -1 }, .in = run->in, .in_left = run->in_len };
        int64_t deadline = clock_ms() + (run->timeout_ms ? run->timeout_ms : DEFAULT_TIMEOUT_MS);
        struct sigaction ignore = { .sa_handler = SIG_IGN }, saved;
        pid_t pid;
        int rc;

        t.got[1] = out;
        t.got[2] = errout;
        t.out_max = run->out_max ? run->out_max : DEFAULT_OUT_MAX;
        if (start(run, &t, &pid, e) < 0)
                return -1;
        (void)sigaction(SIGPIPE, &ignore, &saved);
        if (!t.in_left) {
                fd_drop(&t.fd[0]);
                t.fd[0] = -1;
        }
        do_other_work(run, &t, &deadline);
        rc = converse(&t, run->argv[0], deadline, e);
        if (rc < 0)
                put_down(pid);
        else
                rc = reap(pid, run->argv[0], deadline, ret_status, e);
        (void)sigaction(SIGPIPE, &saved, NULL);
        return rc < 0 || str_ok(out, e) < 0 || str_ok(errout, e) < 0 ? -1 : 0;
}
