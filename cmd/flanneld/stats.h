/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon counts, for GET /metrics. */
#ifndef FLANNELD_STATS_H
#define FLANNELD_STATS_H

#include "netman/metrics.h"

enum {
        STATS_CELLS,
        STATS_CHANGES,
        STATS_REPAIRS,
        STATS_PROGRAMMING,
        STATS_GUARD,
        STATS_LEASE_ENDS,
        STATS_RENEWALS,
        STATS_RENEWAL_FAILURES,
        STATS_WATCH_FAILURES,
};

/** stats_new() - A registry with these */
int stats_new(struct metrics **ret, struct err *e);

#endif
