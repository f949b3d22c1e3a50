/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/stats.h"

static const struct metric table[] = {
        [STATS_CELLS] = METRIC(GAUGE, "netman_overlay_cells", "Other cells that are reached."),
        [STATS_CHANGES] = METRIC(COUNTER, "netman_overlay_changes_total",
                                 "Routes, neighbours and forwarding entries set or deleted."),
        [STATS_REPAIRS] = METRIC(COUNTER, "netman_overlay_repairs_total",
                                 "Times that somebody else's change was set right."),
        [STATS_PROGRAMMING] = METRIC(HISTOGRAM, "netman_overlay_programming_seconds",
                                     "From news of leases to the kernel's tables."),
        [STATS_GUARD] = METRIC(HISTOGRAM, "netman_overlay_guard_seconds",
                               "The same for the rules at the tunnel's end."),
        [STATS_LEASE_ENDS] = METRIC(GAUGE, "netman_lease_expiry_timestamp_seconds",
                                    "When this cell's lease ends unless it is renewed; 0: never."),
        [STATS_RENEWALS] = METRIC(COUNTER, "netman_lease_renewals_total", "Renewed leases."),
        [STATS_RENEWAL_FAILURES] = METRIC(COUNTER, "netman_lease_renewal_failures_total",
                                          "Renewals that failed and are tried again."),
        [STATS_WATCH_FAILURES] = METRIC(COUNTER, "netman_overlay_watch_failures_total",
                                        "Times that the watch of leases was interrupted."),
        { 0 },
};

int stats_new(struct metrics **ret, struct err *e)
{
        return metrics_new(table, ret, e);
}
