/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: does the kernel still hold the plan? A thread of its own asks, since the
 * cycle may be parked at the server. Every poll interval it looks at the filter
 * table's size: one system call, some microseconds. Rules that were replaced by as
 * many others of the same length show only when all are compared, which at 10,000
 * policies takes some 30 ms. That is done in every Nth interval, N being the
 * milliseconds it took the last time: so a cycle without change costs a
 * millisecond in the mean, and no such manipulation outlives DRIFT_EVERY_MAX
 * intervals. Whatever is found, it is the cycle that compares and repairs.
 */
#ifndef VXLAN_POLICY_AGENT_DRIFT_H
#define VXLAN_POLICY_AGENT_DRIFT_H

#include "netman/err.h"
#include "vxlan-policy-agent/poll/events.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define DRIFT_EVERY_MAX 60

/**
 * struct drift_look - The last comparison of the plan with the kernel
 * @number:       Tells one from another
 * @rules, @bytes: The filter table's size then
 * @cost_us:      What it took
 */
struct drift_look {
        uint64_t number;
        unsigned int rules, bytes;
        int64_t cost_us;
};

/**
 * struct drift - All zero is one that does not run
 * @last:      What there was to see when the kernel was last known to be right
 * @intervals: That have gone by since
 * @due:       Compare now
 */
struct drift {
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t wake;
        const struct events *events;
        int64_t interval_ms, intervals;
        struct drift_look last;
        bool running, stop, due;
};

int drift_start(struct drift *d, const struct events *events, int64_t interval_ms, struct err *e);

/** drift_seen() - The kernel holds the plan, as of @look */
void drift_seen(struct drift *d, const struct drift_look *look);

/** drift_due() - Is it time to compare? Once per time */
bool drift_due(struct drift *d);

/** drift_every() - Intervals between comparisons that cost so much */
int64_t drift_every(int64_t cost_us);
void drift_stop(struct drift *d);

#endif
