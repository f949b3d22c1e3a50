/* SPDX-License-Identifier: Apache-2.0 */
/* A line on standard error that says how far we are, if that is a terminal. */
#ifndef NETMAN_PLUGIN_PROGRESS_H
#define NETMAN_PLUGIN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/** progress_show() - "\rWHAT: DONE of ALL"; @all 0: not known */
void progress_show(bool quiet, const char *what, size_t done, size_t all);

/** progress_clear() - Take the line away again */
void progress_clear(bool quiet);

#endif
