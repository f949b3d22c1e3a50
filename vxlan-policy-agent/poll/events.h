/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may end the agent's waiting: a signal to stop, a change in the folder of
 * the container store or of the subnet file, a nudge from another thread, a clock. All
 * behind one descriptor, which also ends a request that is parked at the server.
 */
#ifndef VXLAN_POLICY_AGENT_EVENTS_H
#define VXLAN_POLICY_AGENT_EVENTS_H

#include "netman/err.h"
#include "vxlan-policy-agent/poll/folder.h"

#include <stdbool.h>
#include <stdint.h>

#define EVENT_STOP   0x1u  /* SIGTERM or SIGINT */
#define EVENT_STORE  0x2u  /* something happened in the store's folder, or to it */
#define EVENT_SUBNET 0x4u  /* the same for the subnet file's */
#define EVENT_NUDGE  0x8u  /* events_nudge() was called */
#define EVENT_TICK   0x10u /* it is time to look around even if nothing happened */

/**
 * struct events - Descriptors; -1 where there is none
 * @all: Can be read while any event is waiting
 */
struct events {
        int all, signals, nudge, clock;
        struct folder store, subnet;
};
/* clang-format off */
#define EVENTS_NONE { -1, -1, -1, -1, FOLDER_NONE, FOLDER_NONE }
/* clang-format on */

/**
 * events_init() - Start listening
 * @store:   File whose folder is watched; it need not exist, its folder must
 * @subnet:  Another; its folder may come later
 * @tick_ms: The clock's period
 *
 * Blocks SIGTERM and SIGINT: call it before threads are made, so that they do
 * not get them either.
 */
int events_init(struct events *ev, const char *store, const char *subnet, int64_t tick_ms,
                struct err *e);
void events_done(struct events *ev);

static inline void events_drop(struct events *ev)
{
        events_done(ev);
}

/** events_nudge() - From any thread */
void events_nudge(const struct events *ev);

/** events_stopping() - Is a signal to stop waiting? It stays there for events_wait() */
bool events_stopping(const struct events *ev);

/**
 * events_wait() - Sleep until an event or the timeout
 * @timeout_ms: 0: do not sleep; negative: no timeout
 *
 * Return: the events that happened since the last call
 */
unsigned int events_wait(struct events *ev, int timeout_ms);

#endif
