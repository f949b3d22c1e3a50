/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting between tries, as every thread here does it. */
#ifndef FLANNELD_WAIT_H
#define FLANNELD_WAIT_H

#include <stdbool.h>
#include <stdint.h>

/** wait_for() - Sleep unless @wake_fd is, or becomes, readable. Return: true if it is */
bool wait_for(int wake_fd, int64_t ms);

/** wait_for_two() - The same, but also over once @other_fd, if >= 0, is readable */
bool wait_for_two(int wake_fd, int other_fd, int64_t ms);

/** wait_dice() - A random number */
uint32_t wait_dice(void);

/** wait_jitter() - @ms, more or less by a quarter, so that cells do not act in step */
int64_t wait_jitter(int64_t ms);

#endif
