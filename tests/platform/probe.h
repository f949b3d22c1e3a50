/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel probes share. A probe proves one belief about the kernel that
 * the design rests on; it runs in a sandbox and prints TAP.
 */
#ifndef TESTS_PLATFORM_PROBE_H
#define TESTS_PLATFORM_PROBE_H

#include "netman/child.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** struct probe - Counts */
struct probe {
        unsigned int run, failed;
};

static inline void probe_ok(struct probe *p, bool ok, const char *belief)
{
        p->run++;
        p->failed += !ok;
        printf("%sok %u - %s\n", ok ? "" : "not ", p->run, belief);
}

static inline int probe_end(const struct probe *p)
{
        printf("1..%u\n", p->run);
        return p->failed != 0;
}

/** probe_sh() - Run shell commands; true if they succeed */
static inline bool probe_sh(const char *commands)
{
        const char *const argv[] = { "/bin/sh", "-c", commands, NULL };
        OWN(str) struct str out = { 0 };
        OWN(str) struct str errout = { 0 };
        struct child_run run = { .argv = argv };
        struct err e = { 0 };
        int status = -1;

        if (child_run(&run, &out, &errout, &status, &e) < 0)
                printf("# %s\n", e.msg);
        else if (status)
                printf("# %s: status %d: %s\n", commands, status, str_text(&errout));
        return status == 0;
}

/** probe_must() - Preparations: a probe that cannot be set up has failed */
static inline void probe_must(const char *commands)
{
        if (!probe_sh(commands)) {
                printf("Bail out! preparation failed\n");
                exit(1);
        }
}

/** probe_counted() - Did the rule with this comment see exactly @packets packets? */
static inline bool probe_counted(const char *table, const char *comment, int packets)
{
        char command[256];

        (void)snprintf(command, sizeof command,
                       "iptables-legacy -t %s -vS | grep -e '--comment %s -c %d '", table, comment,
                       packets);
        return probe_sh(command);
}

#endif
