/* SPDX-License-Identifier: Apache-2.0 */
/* What agent.c (start, loop, stop), look.c and ask.c share. */
#ifndef VXLAN_POLICY_AGENT_AGENT_IMPL_H
#define VXLAN_POLICY_AGENT_AGENT_IMPL_H

#include "netman/http_server.h"
#include "vxlan-policy-agent/alive.h"
#include "vxlan-policy-agent/config.h"
#include "vxlan-policy-agent/poll/cycle.h"
#include "vxlan-policy-agent/poll/drift.h"
#include "vxlan-policy-agent/poll/events.h"
#include "vxlan-policy-agent/poll/pace.h"
#include "vxlan-policy-agent/poll/source.h"

/**
 * struct agent - All there is
 * @next_ask_ms: Not before this time (clock_ms()) is the server asked again
 * @asked_ms:    When it was last asked without being parked
 * @retry_ms:    When to try again to enforce; means nothing while that is well
 * @tried:       The cycle's changes when it was last tried
 * @failure:     Why it failed then
 * @stop:        Told to end
 */
struct agent {
        const struct agent_config *config;
        struct events events;
        struct status status;
        struct cycle cycle;
        struct source source;
        struct pace pace, enforce_pace;
        struct drift drift;
        struct http_server *debug_server, *force_server;
        struct alive alive;
        int64_t next_ask_ms, asked_ms, retry_ms;
        uint64_t tried;
        struct err failure;
        bool stop;
};

/**
 * agent_enforce() - Enforce what is known; tell the log if that fails, and why in @a->failure
 *
 * What failed is tried again when something changed, or after a pause. Told to stop
 * while it waits for a lock, it comes back and says nothing.
 */
void agent_enforce(struct agent *a);

/** agent_look() - Whatever does not need the server: containers, drift, logging, what is shown */
void agent_look(struct agent *a);

/** agent_ask_at_ms() - When the server is to be asked again */
int64_t agent_ask_at_ms(const struct agent *a);

/**
 * agent_consult() - Ask the server if it is time to, then enforce what is known
 * @forced: It is time, and the answer may not wait
 *
 * Return: 0; 1 if the request was called off and the next turn has to ask; or -1
 * with @e set, which was logged
 */
int agent_consult(struct agent *a, bool forced, struct err *e);

#endif
