/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/portalloc/portalloc.h"

#include "netman/file.h"
#include "netman/str.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define STATE_MAX    (16U << 20)
#define OUTGOING_MIN 1024 /* ports for connections that the cell begins */

/** struct files - Paths of the pool's files */
struct files {
        char lock[PATH_MAX], freed[PATH_MAX];
};

static int name_files(const struct portalloc *pa, struct files *ret, struct err *e)
{
        int a = snprintf(ret->lock, sizeof ret->lock, "%s_lock", pa->state_file);
        int b = snprintf(ret->freed, sizeof ret->freed, "%s_freed", pa->state_file);

        if (a < 0 || b < 0 || a >= PATH_MAX || b >= PATH_MAX)
                return err_set(e, FAULT_BAD_INPUT, ENAMETOOLONG, "%s", pa->state_file);
        return 0;
}

static int read_or_empty(const char *path, struct str *ret, struct err *e)
{
        struct err why = { 0 };

        if (file_read(path, STATE_MAX, ret, &why) == 0 || why.fault == FAULT_ABSENT)
                return 0;
        *e = why;
        return -1;
}

static int load(const struct portalloc *pa, const struct files *files, struct pool *ret,
                struct err *e)
{
        OWN(str) struct str state = { 0 }, freed = { 0 };

        if (read_or_empty(pa->state_file, &state, e) < 0)
                return -1;
        (void)read_or_empty(files->freed, &freed, &(struct err){ 0 }); /* a hint, no more */
        if (pool_read(str_text(&state), state.len, str_text(&freed), freed.len, ret, e) < 0)
                return err_add(e, "state file %s is damaged; look who wrote it, then move it away",
                               pa->state_file);
        return 0;
}

static int save_state(const struct portalloc *pa, const struct pool *pool, struct err *e)
{
        OWN(mem) char *text = NULL;

        if (pool_print_state(pool, &text, e) < 0)
                return -1;
        return file_replace(pa->state_file, text, strlen(text), 0600, (uid_t)-1, (gid_t)-1, e);
}

/* Not flushed: the state is the truth, the queue only a preference. */
static int save_queue(const struct files *files, const struct pool *pool, struct err *e)
{
        OWN(mem) char *text = NULL;

        if (pool_print_freed(pool, &text, e) < 0)
                return -1;
        return file_swap(files->freed, text, strlen(text), 0600, e);
}

/*
 * Whoever is killed between the two files leaves a port in both, and who holds it counts.
 * In neither, it would be taken for one that was never used, and be given away next.
 */
static int save_given(const struct portalloc *pa, const struct files *files,
                      const struct pool *pool, struct err *e)
{
        return save_state(pa, pool, e) < 0 ? -1 : save_queue(files, pool, e);
}

static int save_taken(const struct portalloc *pa, const struct files *files,
                      const struct pool *pool, struct err *e)
{
        return save_queue(files, pool, e) < 0 ? -1 : save_state(pa, pool, e);
}

/**
 * open_pool() - Be the only one at it, and see how it is
 */
static int open_pool(const struct portalloc *pa, struct files *files, int *ret_lock,
                     struct pool *ret, struct err *e)
{
        if (name_files(pa, files, e) < 0 || file_lock(files->lock, pa->wait_ms, ret_lock, e) < 0)
                return -1;
        return load(pa, files, ret, e);
}

int portalloc_acquire(const struct portalloc *pa, const char *handle, size_t count, uint16_t *ret,
                      struct err *e)
{
        OWN(pool) struct pool pool = { 0 };
        OWN(fd) int lock_fd = -1;
        struct files files = { 0 };

        if (open_pool(pa, &files, &lock_fd, &pool, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (pool_acquire(&pool, pa->range, handle, &ret[i], e) < 0)
                        return err_add(e, "acquire port");
        return save_given(pa, &files, &pool, e);
}

int portalloc_book(const struct portalloc *pa, const char *handle, uint16_t port, struct err *e)
{
        OWN(pool) struct pool pool = { 0 };
        OWN(fd) int lock_fd = -1;
        struct files files = { 0 };

        if (!portalloc_owns(pa, port))
                return 0;
        if (open_pool(pa, &files, &lock_fd, &pool, e) < 0 || pool_book(&pool, handle, port, e) < 0)
                return -1;
        return save_state(pa, &pool, e);
}

int portalloc_release(const struct portalloc *pa, const char *handle, uint16_t port, struct err *e)
{
        OWN(pool) struct pool pool = { 0 };
        OWN(fd) int lock_fd = -1;
        struct files files = { 0 };
        size_t count;

        if (open_pool(pa, &files, &lock_fd, &pool, e) < 0 ||
            pool_release(&pool, handle, port, &count, e) < 0)
                return -1;
        return count ? save_taken(pa, &files, &pool, e) : 0;
}

int portalloc_count(const struct portalloc *pa, size_t *ret, struct err *e)
{
        OWN(pool) struct pool pool = { 0 };
        struct files files = { 0 };
        const char *handle;
        json_t *ports;

        if (name_files(pa, &files, e) < 0 || load(pa, &files, &pool, e) < 0)
                return -1;
        *ret = 0;
        json_object_foreach(pool.acquired, handle, ports)
                *ret += json_array_size(ports);
        return 0;
}

bool portalloc_overlap(const struct portalloc *pa, int64_t *ret_lo, int64_t *ret_hi)
{
        OWN(str) struct str text = { 0 };
        struct err e;
        char *tab;

        if (file_read("/proc/sys/net/ipv4/ip_local_port_range", 64, &text, &e) < 0 || !text.len)
                return false;
        text.data[strcspn(text.data, "\n")] = '\0';
        tab = strchr(text.data, '\t');
        if (!tab)
                return false;
        *tab = '\0';
        if (str_to_int(text.data, 0, 65535, ret_lo, &e) < 0 ||
            str_to_int(tab + 1, 0, 65535, ret_hi, &e) < 0)
                return false;
        return pa->range.start <= *ret_hi && pa->range.start + pa->range.count > *ret_lo;
}

bool portalloc_apart(const struct portalloc *pa, int64_t *lo, int64_t *hi)
{
        int64_t first = pa->range.start, next = first + pa->range.count;

        if (first - *lo > *hi - next + 1)
                *hi = first - 1;
        else
                *lo = next;
        return *hi - *lo + 1 >= OUTGOING_MIN;
}
