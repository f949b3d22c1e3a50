/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: the last policies, kept on disk: an agent that starts while the server is away
 * still has policy. One file, a line with a checksum and below it the server's own answer.
 *
 * What it says must never be older than the rules in the kernel: a policy that went
 * would be back after a start. So it is written before the rules are, and where it cannot
 * be written it is removed; nothing on disk means that nothing is allowed. Only its
 * flushing, which takes milliseconds, comes after the rules, and before the server is
 * told that they are in force. If the machine dies in between, what it comes up with is
 * what was in force a moment before, or a torn file, which counts as none.
 */
#ifndef VXLAN_POLICY_AGENT_SAVED_H
#define VXLAN_POLICY_AGENT_SAVED_H

#include "netman/err.h"
#include "netman/policy.h"
#include "netman/str.h"

#include <stdbool.h>
#include <stdint.h>

#define SAVED_SUM 32

/** struct saved_sum - SHA-256 of an answer */
struct saved_sum {
        unsigned char bytes[SAVED_SUM];
};

/** saved_prepare() - Make folder @dir if it is not there; can we write into it? */
int saved_prepare(const char *dir, struct err *e);

int saved_sum(const char *data, size_t len, struct saved_sum *ret, struct err *e);
bool saved_sum_eq(const struct saved_sum *a, const struct saved_sum *b);

/**
 * struct saved - What is, or should be, on disk; all zero but @dir: nothing to be done
 * @dir:      Folder of the file
 * @body:     An answer that could not be written yet
 * @sum:      Its checksum
 * @unflushed: Written, but a crash of the machine might undo that
 * @retry_ms: Not before this time (clock_ms()) is writing tried again
 * @pause_ms: How long that was put off, the last time
 */
struct saved {
        const char *dir;
        struct str body;
        struct saved_sum sum;
        bool unflushed;
        int64_t retry_ms, pause_ms;
};

/**
 * saved_put() - Write an answer of the internal API; where that fails, remove the last one
 * @body: Taken over if it fails, to be tried again
 */
int saved_put(struct saved *s, struct str *body, const struct saved_sum *sum, struct err *e);

/** saved_retry() - Try again what failed, if it is time to */
int saved_retry(struct saved *s, struct err *e);

/** saved_flush() - On failure the file is removed */
int saved_flush(struct saved *s, struct err *e);

/**
 * saved_read() - What was kept
 * @e: FAULT_ABSENT: nothing; FAULT_BAD_INPUT: the file is not what was written
 */
int saved_read(const struct saved *s, struct policy_list *ret, struct saved_sum *ret_sum,
               struct err *e);

void saved_done(struct saved *s);

static inline void saved_drop(struct saved *s)
{
        saved_done(s);
}

#endif
