/* SPDX-License-Identifier: Apache-2.0 */
/* Findings, a line each: "pass", "warn" or "FAIL", what was looked at, and the remedy. */
#ifndef DOCTOR_REPORT_H
#define DOCTOR_REPORT_H

#include "netman/err.h"

#include <stdbool.h>

/** struct report - How many of each */
struct report {
        int passed, warned, failed;
};

void report_pass(struct report *r, const char *what);
void report_warn(struct report *r, const char *what, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
void report_fail(struct report *r, const char *what, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

#endif
