/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/netman-doctor/report.h"

#include <stdarg.h>
#include <stdio.h>

void report_pass(struct report *r, const char *what)
{
        r->passed++;
        (void)printf("pass  %s\n", what);
}

static void say(const char *word, const char *what, const char *fmt, va_list ap)
{
        (void)printf("%s  %s: ", word, what);
        (void)vprintf(fmt, ap);
        (void)printf("\n");
}

void report_warn(struct report *r, const char *what, const char *fmt, ...)
{
        va_list ap;

        r->warned++;
        va_start(ap, fmt);
        say("warn", what, fmt, ap);
        va_end(ap);
}

void report_fail(struct report *r, const char *what, const char *fmt, ...)
{
        va_list ap;

        r->failed++;
        va_start(ap, fmt);
        say("FAIL", what, fmt, ap);
        va_end(ap);
}
