/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd is told: that we are ready, that we live, that we end. */
#ifndef VXLAN_POLICY_AGENT_ALIVE_H
#define VXLAN_POLICY_AGENT_ALIVE_H

#include <stdint.h>

/**
 * struct alive - The watchdog
 * @period_ms: How often it wants to hear of us; 0: never
 * @said_ms:   When it did, by clock_ms()
 */
struct alive {
        int64_t period_ms, said_ms;
};

/** alive_init() - Does somebody watch over us, and how closely? */
void alive_init(struct alive *a);

/** alive_ready() - The loop begins: whoever waits for us may go on */
void alive_ready(void);

/** alive_tick() - We still do our work; says so if it is time to */
void alive_tick(struct alive *a);
void alive_ending(void);

#endif
