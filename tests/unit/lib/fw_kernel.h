/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real kernel and the real iptables command, in a network namespace of the
 * test's own. Needs root.
 */
#ifndef TESTS_UNIT_LIB_FW_KERNEL_H
#define TESTS_UNIT_LIB_FW_KERNEL_H

#include "../test.h"

#include "netman/child.h"
#include "netman/fw_tx.h"
#include "netman/own.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static char lock_path[] = "/tmp/fw-test-lock.XXXXXX";

static inline struct fw_where where(void)
{
        return (struct fw_where){ .xtables_lock = lock_path, .wait_ms = 5000 };
}

static inline int own_namespace(void **state)
{
        int fd = mkstemp(lock_path);

        (void)state;
        if (fd < 0 || close(fd) < 0)
                return -1;
        return unshare(CLONE_NEWNET);
}

static inline int remove_lock(void **state)
{
        (void)state;
        return unlink(lock_path);
}

/**
 * iptables() - What the real command prints
 */
static inline void iptables(struct str *out, const char *const *argv)
{
        OWN(str) struct str errout = { 0 };
        struct child_run run = { .argv = argv };
        struct err e = { 0 };
        int status = -1;

        if (child_run(&run, out, &errout, &status, &e) < 0)
                fail_msg("%s", e.msg);
        if (status != 0)
                fail_msg("iptables: %s", str_text(&errout));
}

#define IPTABLES(out, ...)                                                                         \
        iptables(out, (const char *const[]){ "/usr/sbin/iptables-legacy", __VA_ARGS__, NULL })

static inline void must(int rc, const struct err *e)
{
        if (rc < 0)
                fail_msg("%s", e->msg);
}

#define IP(a, b, c, d)                                                                             \
        ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define SRC .src = { IP(10, 255, 1, 2), 32, false }
#define DST .dst = { IP(10, 255, 1, 3), 32, false }

#endif
