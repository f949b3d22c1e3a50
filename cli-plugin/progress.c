/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/progress.h"

#include <stdio.h>
#include <unistd.h>

#define CLEAR_LINE "\r\033[K"

void progress_show(bool quiet, const char *what, size_t done, size_t all)
{
        if (quiet || !isatty(STDERR_FILENO))
                return;
        if (all)
                (void)fprintf(stderr, CLEAR_LINE "%s: %zu of %zu", what, done, all);
        else
                (void)fprintf(stderr, CLEAR_LINE "%s: %zu", what, done);
        (void)fflush(stderr);
}

void progress_clear(bool quiet)
{
        if (!quiet && isatty(STDERR_FILENO))
                (void)fputs(CLEAR_LINE, stderr);
}
