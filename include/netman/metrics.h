/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: a program's metrics, for GET /metrics
 *
 * A program names its metrics in one table and an enum beside it; a registry
 * keeps their values and prints them in Prometheus' text format. A metric with
 * labels is a series for each combination of their values.
 *
 *      enum { REQUESTS, LATENCY };
 *      static const struct metric table[] = {
 *              [REQUESTS] = METRIC(COUNTER, "netman_http_requests_total",
 *                                  "Answered requests.", "route", "code"),
 *              [LATENCY] = METRIC(HISTOGRAM, …),
 *              { 0 },
 *      };
 *
 *      metrics_new(table, &m, e);
 *      metrics_add(m, REQUESTS, 1, METRIC_LABELS("Uptime", "200"));
 *
 * All functions may be called from any thread. None of them fails: a value that
 * there is no room for is not kept.
 */
#ifndef NETMAN_METRICS_H
#define NETMAN_METRICS_H

#include "netman/err.h"
#include "netman/own.h"
#include "netman/str.h"

#include <stdint.h>

#define METRIC_LABELS_MAX 3
#define METRIC_SERIES_MAX 256 /* of one metric; more label values than that are not kept */

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/**
 * struct metric - One line of the table; a name of NULL ends it
 * @name:   With its unit: "…_seconds", "…_bytes"; "…_total" where it counts
 * @labels: Names, unused ones NULL
 *
 * A histogram's are seconds; its buckets end at 1, 2.5, 5, 10, 25, 50, 100, 250 and
 * 500 ms and 1, 2.5, 5 and 10 s.
 */
struct metric {
        const char *name;
        enum metric_kind kind;
        const char *help;
        const char *labels[METRIC_LABELS_MAX];
};

/* One line of a table: COUNTER, GAUGE or HISTOGRAM, name, help, names of labels */
#define METRIC(kind_, name_, help_, ...)                                                           \
        {                                                                                          \
                .name = (name_), .kind = METRIC_##kind_, .help = (help_), .labels = {              \
                        __VA_ARGS__                                                                \
                }                                                                                  \
        }

struct metrics;

/** metrics_new() - @table: Borrowed. Metrics without labels begin as 0, the others come as they are
 * set */
int metrics_new(const struct metric *table, struct metrics **ret, struct err *e);
void metrics_free(struct metrics *m);
OWN_DROP(metrics, struct metrics *, metrics_free)

/* Values for a metric's labels, in its order; NULL for a metric without. */
#define METRIC_LABELS(...) ((const char *const[METRIC_LABELS_MAX]){ __VA_ARGS__ })

/** metrics_add() - To a counter or a gauge. @which: index in the table */
void metrics_add(struct metrics *m, unsigned int which, double by, const char *const *labels);

/** metrics_set() - A gauge, or a counter that somebody else counts */
void metrics_set(struct metrics *m, unsigned int which, double value, const char *const *labels);

/** metrics_observe_us() - One more in a histogram, in microseconds */
void metrics_observe_us(struct metrics *m, unsigned int which, int64_t us,
                        const char *const *labels);

/** metrics_unset() - Show this metric no more until it is set again: its values are not known */
void metrics_unset(struct metrics *m, unsigned int which);

void metrics_print(struct metrics *m, struct str *out);

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

#endif
