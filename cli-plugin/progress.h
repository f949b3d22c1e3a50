/* SPDX-License-Identifier: Apache-2.0 */
/* A line on standard error that says how far we are, if that is a terminal. */
#ifndef NETMAN_PLUGIN_PROGRESS_H
#define NETMAN_PLUGIN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct progress - The line
 * @quiet: There shall be none
 * @shown: It stands there, and what is printed next would be appended to it
 */
struct progress {
        bool quiet, shown;
};

/**
 * progress_show() - "WHAT: DONE of ALL", "WHAT: DONE" where @all is 0, "WHAT..."
 *                   where @done is 0 too
 */
void progress_show(struct progress *p, const char *what, size_t done, size_t all);

/** progress_clear() - Take the line away again; whoever shows it does so before anything is printed
 */
void progress_clear(struct progress *p);

#endif
