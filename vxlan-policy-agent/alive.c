/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/alive.h"

#include "netman/clock.h"

#include <systemd/sd-daemon.h>

/* All of these do nothing where it was not systemd that started us. */

void alive_init(struct alive *a)
{
        uint64_t watchdog_us = 0;

        *a = (struct alive){ 0 };
        if (sd_watchdog_enabled(0, &watchdog_us) > 0)
                a->period_ms = watchdog_us > 2000 ? (int64_t)(watchdog_us / 2000) : 1;
}

void alive_ready(void)
{
        (void)sd_notify(0, "READY=1");
}

void alive_tick(struct alive *a)
{
        int64_t now = clock_ms();

        if (!a->period_ms || now < a->said_ms + a->period_ms)
                return;
        (void)sd_notify(0, "WATCHDOG=1"); /* who does not hear it restarts us */
        a->said_ms = now;
}

void alive_ending(void)
{
        (void)sd_notify(0, "STOPPING=1");
}
