/* SPDX-License-Identifier: Apache-2.0 */
/* When to ask the server again. */
#ifndef VXLAN_POLICY_AGENT_PACE_H
#define VXLAN_POLICY_AGENT_PACE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct pace - How often to ask
 * @interval_ms: Between polls of a server that cannot be waited on
 * @failures:    In a row
 * @seed:        Of the jitter
 */
struct pace {
        int64_t interval_ms;
        unsigned int failures;
        unsigned int seed;
};

/** pace_poll() - Milliseconds to the next poll: the interval, give or take a tenth */
int64_t pace_poll(struct pace *p);

/** pace_failed() - Milliseconds to the next try: doubling from 0.5 s up to 30 s, with jitter */
int64_t pace_failed(struct pace *p);

/** pace_well() - The server answered */
void pace_well(struct pace *p);

/**
 * struct pace_answer - What an answer tells of the server's manners
 * @wait_ms: It was asked to wait so long for news; 0: it was not
 * @took_ms: It did
 * @named:   It has names for its revisions, to ask for a newer one by
 * @news:    It named one that we did not have
 */
struct pace_answer {
        int64_t wait_ms, took_ms;
        bool named, news;
};

/**
 * pace_waits() - Can the server be waited on?
 *
 * Not one that answers at once, though it was asked to wait and has no news, or
 * that names no revision: it has to be polled.
 */
bool pace_waits(const struct pace_answer *a);

#endif
