/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program it gives it another time of day: each asking reads how
 * many seconds to add from the file $WALL_CLOCK. Clocks for durations stay as they
 * are. Built by the test that needs it: libfaketime hangs with the sanitizers.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t shift(void)
{
        const char *path = getenv("WALL_CLOCK");
        FILE *f = path ? fopen(path, "re") : NULL;
        char line[32] = "";

        if (!f)
                return 0;
        if (!fgets(line, sizeof line, f))
                line[0] = '\0';
        (void)fclose(f);
        return strtol(line, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
        if (syscall(SYS_clock_gettime, clock, ret) < 0)
                return -1;
        if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
                ret->tv_sec += shift();
        return 0;
}

int gettimeofday(struct timeval *ret, void *zone)
{
        struct timespec now;

        (void)zone;
        (void)clock_gettime(CLOCK_REALTIME, &now);
        ret->tv_sec = now.tv_sec;
        ret->tv_usec = now.tv_nsec / 1000;
        return 0;
}

time_t time(time_t *ret)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        if (ret)
                *ret = now.tv_sec;
        return now.tv_sec;
}
