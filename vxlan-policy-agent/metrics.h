/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent tells of itself: GET /metrics, and dropsonde with the names dashboards know. */
#ifndef VXLAN_POLICY_AGENT_METRICS_H
#define VXLAN_POLICY_AGENT_METRICS_H

#include "netman/dropsonde.h"
#include "netman/metrics.h"

#include <stddef.h>
#include <stdint.h>

/** struct counts - What the cycle counts; instants of clock_us() */
struct counts {
        uint64_t cycles, failed_cycles, commits, retries, drift_repairs, connections_cut, asks,
                failed_asks;
        int64_t last_success_us; /* the kernel was last known to hold the plan; 0: never */
        int64_t server_gone_us;  /* since when the server has not answered; 0: it does */
        size_t containers, policies, rules, chains, bad_tags, conflicts;
};

/** enum span - What takes time */
enum span {
        SPAN_STORE,   /* reading the container store */
        SPAN_POLL,    /* asking the policy server, without the time it let us wait for news */
        SPAN_PLAN,    /* making the plan */
        SPAN_LOCK,    /* waiting for the tables' locks */
        SPAN_ENFORCE, /* reading, editing, committing the table */
        SPAN_CYCLE,   /* all of these, from news to the kernel */
        SPAN_COUNT_
};

/** struct meter - All zero measures nothing. @started_us: clock_us() */
struct meter {
        struct metrics *metrics;
        struct dropsonde *metron; /* NULL: nobody is told */
        int64_t started_us;
};

/** meter_start() - @metron_address: NULL or "": no dropsonde */
int meter_start(struct meter *m, const char *metron_address, struct err *e);
void meter_stop(struct meter *m);

/** meter_took() - Something took so long */
void meter_took(struct meter *m, enum span what, int64_t us);

/** meter_show() - Take over what was counted, before the metrics are printed */
void meter_show(struct meter *m, const struct counts *c);

#endif
