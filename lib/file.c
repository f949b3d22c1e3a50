/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/file.h"

#include "netman/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_OFTEN_MS = 20, LOOK_SELDOM_MS = 8 }; /* how long, and how often after that */

int file_read(const char *path, size_t max, struct str *ret, struct err *e)
{
        OWN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
        size_t total = 0;
        char chunk[16384];
        ssize_t n;

        if (fd < 0)
                return err_set(e, errno == ENOENT ? FAULT_ABSENT : FAULT_SYSTEM, errno, "%s", path);
        while ((n = read(fd, chunk, sizeof chunk)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return err_set(e, FAULT_SYSTEM, errno, "read %s", path);
                total += (size_t)n;
                if (total > max)
                        return err_set(e, FAULT_BAD_INPUT, 0, "%s: greater than %zu bytes", path,
                                       max);
                str_add_mem(ret, chunk, (size_t)n);
        }
        return str_ok(ret, e);
}

int file_each_name(const char *folder, int (*fn)(const char *name, void *ctx, struct err *e),
                   void *ctx, struct err *e)
{
        OWN(dir) DIR *dir = opendir(folder);
        const struct dirent *entry;

        if (!dir)
                return errno == ENOENT ? 0 : err_set(e, FAULT_SYSTEM, errno, "%s", folder);
        while ((entry = readdir(dir)))
                if (entry->d_name[0] != '.' && fn(entry->d_name, ctx, e) < 0)
                        return -1;
        return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
        while (len > 0) {
                ssize_t n = write(fd, data, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -1;
                data += n;
                len -= (size_t)n;
        }
        return 0;
}

/**
 * sync_parent() - Flush the directory, so that a rename in it lasts
 */
static int sync_parent(const char *path)
{
        char copy[PATH_MAX];
        OWN(fd) int fd = -1;

        (void)snprintf(copy, sizeof copy, "%s", path);
        fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -1 : fsync(fd);
}

/** struct fresh - What a new file is to hold */
struct fresh {
        const struct iovec *parts;
        size_t count;
};

/**
 * fill_aside() - Write the new contents to an open temporary file
 */
static int fill_aside(int fd, const struct fresh *f, mode_t mode, uid_t owner, gid_t group)
{
        for (size_t i = 0; i < f->count; i++)
                if (write_all(fd, f->parts[i].iov_base, f->parts[i].iov_len) < 0)
                        return -1;
        if (fchmod(fd, mode) < 0)
                return -1;
        return (owner != (uid_t)-1 || group != (gid_t)-1) && fchown(fd, owner, group) < 0 ? -1 : 0;
}

/**
 * replace() - The one way to put a new file in the place of an old one
 * @flush: After a crash of the machine there must be one of the two, whole
 */
static int replace(const char *path, const struct fresh *f, mode_t mode, uid_t owner, gid_t group,
                   bool flush, struct err *e)
{
        char aside[PATH_MAX];
        OWN(fd) int fd = -1;
        int n = snprintf(aside, sizeof aside, "%s.new", path);

        if (n < 0 || (size_t)n >= sizeof aside)
                return err_set(e, FAULT_BAD_INPUT, ENAMETOOLONG, "%s", path);
        /* One name, not a random one: what a killed writer leaves, the next removes. */
        (void)unlink(aside);
        fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return err_set(e, FAULT_SYSTEM, errno, "create %s", aside);
        if (fill_aside(fd, f, mode, owner, group) < 0 || (flush && fsync(fd) < 0) ||
            rename(aside, path) < 0) {
                (void)err_set(e, FAULT_SYSTEM, errno, "write %s", path);
                (void)unlink(aside); /* the error above is the one that matters */
                return -1;
        }
        return 0;
}

int file_replace(const char *path, const char *data, size_t len, mode_t mode, uid_t owner,
                 gid_t group, struct err *e)
{
        const struct iovec whole = { (void *)(uintptr_t)data, len };

        return replace(path, &(struct fresh){ &whole, 1 }, mode, owner, group, true, e);
}

int file_swap(const char *path, const char *data, size_t len, mode_t mode, struct err *e)
{
        const struct iovec whole = { (void *)(uintptr_t)data, len };

        return file_swap_parts(path, &whole, 1, mode, e);
}

int file_swap_parts(const char *path, const struct iovec *parts, size_t count, mode_t mode,
                    struct err *e)
{
        return replace(path, &(struct fresh){ parts, count }, mode, (uid_t)-1, (gid_t)-1, false, e);
}

int file_flush(const char *path, struct err *e)
{
        OWN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || fsync(fd) < 0 || sync_parent(path) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "flush %s", path);
        return 0;
}

int file_make_dirs(const char *path, struct err *e)
{
        char part[PATH_MAX];
        int n = snprintf(part, sizeof part, "%s", path);

        if (n <= 0 || (size_t)n >= sizeof part)
                return err_set(e, FAULT_BAD_INPUT, ENAMETOOLONG, "%s", path);
        for (char *p = part + 1;; p++) {
                char c = *p;

                if (c != '/' && c != '\0')
                        continue;
                *p = '\0';
                if (mkdir(part, 0755) < 0 && errno != EEXIST)
                        return err_set(e, FAULT_SYSTEM, errno, "create directory %s", part);
                *p = c;
                if (!c)
                        return 0;
        }
}

int file_lock(const char *path, int wait_ms, int *ret_fd, struct err *e)
{
        return file_lock_unless(path, wait_ms, NULL, NULL, ret_fd, e);
}

int file_lock_unless(const char *path, int wait_ms, bool (*give_up)(void *arg), void *arg,
                     int *ret_fd, struct err *e)
{
        OWN(fd) int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
        int64_t start = clock_ms(), deadline = start + wait_ms;

        if (fd < 0)
                return err_set(e, FAULT_SYSTEM, errno, "open lock file %s", path);
        while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return err_set(e, FAULT_SYSTEM, errno, "lock %s", path);
                if (clock_ms() >= deadline)
                        return err_set(e, FAULT_CONFLICT, 0,
                                       "lock %s is held by another process (waited %d ms)", path,
                                       wait_ms);
                if (give_up && give_up(arg))
                        return err_set(
                                e, FAULT_CONFLICT, ECANCELED,
                                "lock %s is held by another process; the wait was called off",
                                path);
                /*
                 * Who has waited long looks less often: fifty of them looking every
                 * millisecond take the processor from the one that holds the lock.
                 */
                clock_sleep_ms(clock_ms() - start < LOOK_OFTEN_MS ? 1 : LOOK_SELDOM_MS);
        }
        *ret_fd = GIVE_FD(fd);
        return 0;
}
