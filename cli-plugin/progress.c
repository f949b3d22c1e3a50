/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/progress.h"

#include <stdio.h>
#include <unistd.h>

#define CLEAR_LINE "\r\033[K"

void progress_show(struct progress *p, const char *what, size_t done, size_t all)
{
        if (p->quiet || !isatty(STDERR_FILENO))
                return;
        if (all)
                (void)fprintf(stderr, CLEAR_LINE "%s: %zu of %zu", what, done, all);
        else if (done)
                (void)fprintf(stderr, CLEAR_LINE "%s: %zu", what, done);
        else
                (void)fprintf(stderr, CLEAR_LINE "%s...", what);
        (void)fflush(stderr);
        p->shown = true;
}

void progress_clear(struct progress *p)
{
        if (p->shown)
                (void)fputs(CLEAR_LINE, stderr);
        p->shown = false;
}
