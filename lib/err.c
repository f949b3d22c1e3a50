/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/err.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
        "none", "bad-input", "denied", "absent", "conflict", "upstream", "system",
};
static_assert(sizeof names / sizeof *names == FAULT_COUNT_, "one name per fault");

/**
 * append_errno() - Put ": <text of errno>" behind the message
 * @e: An error whose message is complete but for that
 */
static void append_errno(struct err *e)
{
        size_t used = strlen(e->msg);
        char text[96];

        (void)snprintf(e->msg + used, sizeof e->msg - used, ": %s",
                       strerror_r(e->sys, text, sizeof text));
}

void err_set_(struct err *e, enum fault fault, int sys, const char *fmt, ...)
{
        int saved = errno;
        va_list ap;

        if (!e)
                return;
        e->fault = fault;
        e->sys = sys;
        va_start(ap, fmt);
        (void)vsnprintf(e->msg, sizeof e->msg, fmt, ap);
        va_end(ap);
        if (sys)
                append_errno(e);
        errno = saved;
}

void err_add_(struct err *e, const char *fmt, ...)
{
        char inner[sizeof e->msg];
        size_t used;
        va_list ap;

        if (!e)
                return;
        memcpy(inner, e->msg, sizeof inner);
        va_start(ap, fmt);
        (void)vsnprintf(e->msg, sizeof e->msg, fmt, ap);
        va_end(ap);
        used = strlen(e->msg);
        (void)snprintf(e->msg + used, sizeof e->msg - used, ": %s", inner);
}

const char *fault_name(enum fault fault)
{
        return (unsigned)fault < FAULT_COUNT_ ? names[fault] : "unknown";
}
