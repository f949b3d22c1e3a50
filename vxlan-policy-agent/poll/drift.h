/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that looks, every poll interval, whether the filter table still has
 * the size it had when the plan went in, and nudges the cycle if not. The cycle
 * itself may be parked at the server meanwhile.
 */
#ifndef VXLAN_POLICY_AGENT_DRIFT_H
#define VXLAN_POLICY_AGENT_DRIFT_H

#include "netman/err.h"
#include "vxlan-policy-agent/poll/events.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/** struct drift - All zero is one that does not run */
struct drift {
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t wake;
        const struct events *events;
        int64_t interval_ms;
        unsigned int rules, bytes;
        bool running, stop;
};

int drift_start(struct drift *d, const struct events *events, int64_t interval_ms, struct err *e);

/** drift_expect() - The table's size when it was right */
void drift_expect(struct drift *d, unsigned int rules, unsigned int bytes);
void drift_stop(struct drift *d);

#endif
