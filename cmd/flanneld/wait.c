/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/wait.h"

#include "netman/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/random.h>

bool wait_for_two(int wake_fd, int other_fd, int64_t ms)
{
        int64_t end = clock_ms() + ms;

        for (;;) {
                struct pollfd p[] = { { wake_fd, POLLIN, 0 }, { other_fd, POLLIN, 0 } };
                int64_t left = end - clock_ms();
                int rc;

                if (left < 0)
                        left = 0;
                rc = poll(p, 2, left > INT_MAX ? INT_MAX : (int)left);
                if (rc > 0)
                        return p[0].revents;
                if (rc == 0 && left <= INT_MAX)
                        return false;
        }
}

bool wait_for(int wake_fd, int64_t ms)
{
        return wait_for_two(wake_fd, -1, ms);
}

uint32_t wait_dice(void)
{
        uint32_t dice = 0;

        /* It fails only before the machine's first random number. */
        if (getrandom(&dice, sizeof dice, GRND_NONBLOCK) != sizeof dice)
                dice = (uint32_t)clock_us();
        return dice;
}

int64_t wait_jitter(int64_t ms)
{
        int64_t half = ms / 2;

        return ms - half / 2 + (half > 0 ? wait_dice() % (half + 1) : 0);
}
