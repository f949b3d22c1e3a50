/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may end the agent's waiting: a signal to stop, a change in the folder of
 * the container store or of the subnet file, a nudge from another thread. All behind one
 * descriptor, which also ends a request that is parked at the server.
 */
#ifndef VXLAN_POLICY_AGENT_EVENTS_H
#define VXLAN_POLICY_AGENT_EVENTS_H

#include "netman/err.h"

#include <stdint.h>

#define EVENT_STOP  0x1u /* SIGTERM or SIGINT */
#define EVENT_FILES 0x2u /* something happened in a watched folder */
#define EVENT_NUDGE 0x4u /* events_nudge() was called */

/**
 * struct events - Descriptors; -1 where there is none
 * @all: Can be read while any event is waiting
 */
struct events {
        int all, signals, files, nudge;
};
#define EVENTS_NONE ((struct events){ -1, -1, -1, -1 })

/**
 * events_init() - Start listening
 * @store:  File whose folder is watched; it need not exist, its folder must
 * @subnet: Another; where its folder does not exist, nothing is watched: the
 *          file is looked at in every turn anyway
 *
 * Blocks SIGTERM and SIGINT: call it before threads are made, so that they do
 * not get them either.
 */
int events_init(struct events *ev, const char *store, const char *subnet, struct err *e);
void events_done(struct events *ev);

static inline void events_drop(struct events *ev)
{
        events_done(ev);
}

/** events_nudge() - From any thread */
void events_nudge(const struct events *ev);

/**
 * events_wait() - Sleep until an event or the timeout
 * @timeout_ms: 0: do not sleep; negative: no timeout
 *
 * Return: the events that happened since the last call
 */
unsigned int events_wait(struct events *ev, int timeout_ms);

#endif
