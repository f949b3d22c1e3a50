/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/poll/pace.h"

#include <stdlib.h>

#define FIRST_MS 500
#define LAST_MS  30000

/**
 * jitter() - @ms give or take a tenth, so that a thousand cells do not ask in step
 */
static int64_t jitter(struct pace *p, int64_t ms)
{
        return ms - ms / 10 + rand_r(&p->seed) % (ms / 5 + 1);
}

int64_t pace_poll(struct pace *p)
{
        return jitter(p, p->interval_ms);
}

int64_t pace_failed(struct pace *p)
{
        unsigned int doublings = p->failures < 6 ? p->failures : 6;
        int64_t ms = (int64_t)FIRST_MS << doublings;

        p->failures++;
        return jitter(p, ms < LAST_MS ? ms : LAST_MS);
}

void pace_well(struct pace *p)
{
        p->failures = 0;
}

bool pace_waits(const struct pace_answer *a)
{
        return a->named && (a->news || a->took_ms >= a->wait_ms / 2);
}
