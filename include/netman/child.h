/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run another program: bytes in, bytes out, a time limit, and nothing left of
 * it afterwards. For programs of one thread, which have no other children.
 */
#ifndef NETMAN_CHILD_H
#define NETMAN_CHILD_H

#include "netman/err.h"
#include "netman/str.h"

#include <stddef.h>

/**
 * struct meanwhile - What to do, once, as soon as a child runs
 * @fn: NULL when it has been done
 *
 * The child's time limit does not count what it takes.
 */
struct meanwhile {
        void (*fn)(void *arg);
        void *arg;
};

/** meanwhile_do() - Do it, unless it has been done; @m may be NULL */
void meanwhile_do(struct meanwhile *m);

/**
 * struct child_run - What to run
 * @argv:       Program path and arguments, NULL at the end
 * @envp:       Whole environment, NULL at the end; NULL for our own
 * @in, @in_len: Standard input; the pipe is closed behind it
 * @timeout_ms: After it the child and all that it started are killed; 0: 60 s
 * @out_max:    Bytes kept of each stream; more kills them, too; 0: 1 MiB
 * @meanwhile:  May be NULL
 */
struct child_run {
        const char *const *argv;
        const char *const *envp;
        const char *in;
        size_t in_len;
        int timeout_ms;
        size_t out_max;
        struct meanwhile *meanwhile;
};

/**
 * child_run() - Run a program to its end
 * @out, @errout: Get what it wrote
 * @ret_status:   Its exit status; 128 + the signal's number if one ended it
 * @e:            FAULT_ABSENT: no such program; FAULT_UPSTREAM: out of time or
 *                wrote too much; FAULT_SYSTEM: could not be started
 *
 * A program that ran and failed is no error here: look at @ret_status.
 */
int child_run(const struct child_run *run, struct str *out, struct str *errout, int *ret_status,
              struct err *e);

#endif
