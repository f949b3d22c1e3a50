/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: the kernel takes a table only as a whole, and takes it only if the number
 * of rules is still the one that was read (EAGAIN otherwise); a change by
 * somebody else that keeps the number is undone without a word. So the locks are
 * held from before the read until after the commit, iptables' own lock among
 * them, and the retry is for programs that take no lock.
 *
 * This file and fw_table.c are the only ones that call libiptc.
 */
#include "lib/fw_table.h"
#include "netman/clock.h"
#include "netman/file.h"
#include "netman/fw_encode.h"
#include "netman/own.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/socket.h>

/* malloc takes no more for the first; the second is what a table of a few containers needs. */
enum { KEEP_BYTES = 32 << 20, PAD_BYTES = 1 << 20 };

/* libiptc has no destructor that accepts NULL. */
static void handle_free(struct xtc_handle *h)
{
        if (h)
                iptc_free(h);
}
OWN_DROP(handle, struct xtc_handle *, handle_free)

/* ---- Locks ---- */

static int remaining_ms(const struct fw_locks *held)
{
        int64_t left = held->deadline_ms - clock_ms();

        return left > 0 ? (int)left : 0;
}

/**
 * denied_lock() - The iptables command makes its lock for root alone: say what to do
 */
static int denied_lock(const struct err *why, struct err *e)
{
        if (why->sys == EACCES)
                return err_set(
                        e, FAULT_DENIED, EACCES,
                        "%s; let a group of ours read it, by tmpfiles.d: f %s 0640 root GROUP",
                        why->msg, FW_XTABLES_LOCK);
        if (e)
                *e = *why;
        return -1;
}

int fw_locks_take(const struct fw_where *where, struct fw_locks *ret, struct err *e)
{
        OWN(fw_locks) struct fw_locks held = FW_LOCKS_NONE;
        int64_t start = clock_us();
        struct err why = { 0 };

        held.deadline_ms = clock_ms() + where->wait_ms;
        if (where->lock_file && where->lock_file[0] &&
            file_lock_unless(where->lock_file, where->wait_ms, where->give_up, where->arg,
                             &held.own_fd, e) < 0)
                return -1;
        if (file_lock_unless(where->xtables_lock ? where->xtables_lock : FW_XTABLES_LOCK,
                             remaining_ms(&held), where->give_up, where->arg, &held.xtables_fd,
                             &why) < 0)
                return denied_lock(&why, e);
        held.give_up = where->give_up;
        held.arg = where->arg;
        held.waited_us = clock_us() - start;
        *ret = held;
        held.own_fd = held.xtables_fd = -1;
        return 0;
}

void fw_locks_drop(struct fw_locks *held)
{
        fd_drop(&held->xtables_fd);
        fd_drop(&held->own_fd);
        held->own_fd = held->xtables_fd = -1;
}

/* ---- Read, edit, commit, again ---- */

/**
 * open_table() - Read a table into memory
 */
static int open_table(struct fw_table *t, struct err *e)
{
        t->handle = iptc_init(t->name);
        return t->handle ? 0 : fw_table_failed(t, "read", e);
}

/**
 * try_edit() - Read, edit and commit once
 * @ret_again: True where somebody else changed the table in between
 */
static int try_edit(const char *table, fw_edit_fn fn, void *ctx, bool *ret_committed,
                    bool *ret_again, struct err *e)
{
        struct fw_table t = { .name = table };
        OWN(handle) struct xtc_handle *handle = NULL;

        *ret_again = false;
        if (open_table(&t, e) < 0)
                return -1;
        handle = t.handle;
        if (fn(&t, ctx, e) < 0)
                return -1;
        *ret_committed = t.changed;
        if (!t.changed || iptc_commit(handle))
                return 0;
        *ret_again = errno == EAGAIN;
        return fw_table_failed(&t, "commit", e);
}

static bool called_off(const struct fw_locks *held)
{
        return held->give_up && held->give_up(held->arg);
}

int fw_edit_held(const struct fw_locks *held, const char *table, fw_edit_fn fn, void *ctx,
                 struct fw_cost *ret_cost, struct err *e)
{
        struct fw_cost cost = { .lock_us = held->waited_us };
        int64_t start = clock_us();
        bool again;
        int rc;

        do {
                cost.tries++;
                rc = try_edit(table, fn, ctx, &cost.committed, &again, e);
        } while (rc < 0 && again && clock_ms() < held->deadline_ms && !called_off(held));
        if (rc < 0 && again && called_off(held))
                return err_set(e, FAULT_CONFLICT, ECANCELED, "table %s: called off", table);
        if (rc < 0 && again)
                return err_set(e, FAULT_CONFLICT, 0,
                               "table %s: somebody kept changing it (tried %u times)", table,
                               cost.tries);
        cost.edit_us = clock_us() - start;
        if (rc == 0 && ret_cost)
                *ret_cost = cost;
        return rc;
}

int fw_edit(const struct fw_where *where, const char *table, fw_edit_fn fn, void *ctx,
            struct fw_cost *ret_cost, struct err *e)
{
        OWN(fw_locks) struct fw_locks held = FW_LOCKS_NONE;

        if (fw_locks_take(where, &held, e) < 0)
                return -1;
        return fw_edit_held(&held, table, fn, ctx, ret_cost, e);
}

int fw_view(const char *table, fw_edit_fn fn, void *ctx, struct err *e)
{
        struct fw_table t = { .name = table };
        OWN(handle) struct xtc_handle *handle = NULL;

        if (open_table(&t, e) < 0)
                return -1;
        handle = t.handle;
        return fn(&t, ctx, e);
}

int fw_size(const char *table, unsigned int *ret_rules, unsigned int *ret_bytes, struct err *e)
{
        struct fw_table t = { .name = table };
        OWN(fd) int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
        struct ipt_getinfo info = { 0 };
        socklen_t len = sizeof info;
        size_t name = strlen(table);

        if (name >= sizeof info.name)
                return err_set(e, FAULT_BAD_INPUT, 0, "table %s: name too long", table);
        memcpy(info.name, table, name);
        if (fd < 0 || getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, &info, &len) < 0)
                return fw_table_failed(&t, "size", e);
        *ret_rules = info.num_entries;
        *ret_bytes = info.size;
        return 0;
}

void fw_keep_memory(void)
{
        (void)mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
        (void)mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
        (void)mallopt(M_TOP_PAD, PAD_BYTES);
}

static bool is_there(int fd, const struct fw_extension *x)
{
        struct xt_get_revision ask = { .revision = x->revision };
        socklen_t len = sizeof ask;

        memcpy(ask.name, x->name, strlen(x->name));
        return getsockopt(fd, IPPROTO_IP,
                          x->target ? IPT_SO_GET_REVISION_TARGET : IPT_SO_GET_REVISION_MATCH, &ask,
                          &len) == 0;
}

int fw_missing(struct str *ret, struct err *e)
{
        OWN(fd) int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
        struct fw_extension x;

        if (fd < 0)
                return err_set(e, FAULT_SYSTEM, errno, "raw socket");
        for (size_t i = 0; fw_extension(i, &x); i++)
                if (!is_there(fd, &x))
                        str_addf(ret, " %s", x.name);
        return str_ok(ret, e);
}
