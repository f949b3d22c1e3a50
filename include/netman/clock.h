/* SPDX-License-Identifier: Apache-2.0 */
/* Monotonic time for deadlines and measurements; never for naming an instant. */
#ifndef NETMAN_CLOCK_H
#define NETMAN_CLOCK_H

#include <stdint.h>
#include <time.h>

/** clock_us() - Microseconds since some fixed point in the past */
static inline int64_t clock_us(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline int64_t clock_ms(void)
{
        return clock_us() / 1000;
}

/** clock_sleep_ms() - Sleep; a signal may end it early */
static inline void clock_sleep_ms(int64_t ms)
{
        struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000 };

        (void)nanosleep(&t, NULL);
}

#endif
