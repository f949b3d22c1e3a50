/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: metrics to the machine's metron agent
 *
 * Each value is an Envelope of Cloud Foundry's dropsonde protocol in one UDP
 * datagram; counters are added up and told every 5 s. Whoever has a metric puts it
 * into a queue, and never waits or fails because of it; a thread sends. Nobody
 * answers: a metric that gets lost is followed by the next. The thread looks the
 * address up, again after failures, and calls the program for its regular metrics.
 *
 * All functions may be called from any thread, and with NULL: then nobody
 * listens to dropsonde, and nothing happens.
 */
#ifndef NETMAN_DROPSONDE_H
#define NETMAN_DROPSONDE_H

#include "netman/err.h"
#include "netman/own.h"

#include <stddef.h>
#include <stdint.h>

#define DROPSONDE_NAME_MAX 64 /* characters in an origin, a name, a unit */

struct dropsonde;

/**
 * struct dropsonde_config - Where metrics go; strings need not outlive the start
 * @address: metron_address, "127.0.0.1:3457" or "host:port"
 * @origin:  The program's name in the metrics
 * @turn:    Called on the thread, at the start and every @every_s seconds, to send
 *           what is told regularly; may be NULL
 */
struct dropsonde_config {
        const char *address, *origin;
        void (*turn)(struct dropsonde *d, void *arg);
        void *arg;
        int every_s;
};

/**
 * dropsonde_start() - Begin to send
 * @e: FAULT_BAD_INPUT: the address is none. One that cannot be looked up yet is no error
 */
int dropsonde_start(const struct dropsonde_config *c, struct dropsonde **ret, struct err *e);

/** dropsonde_stop() - Tell the counters' last, then end; a look-up under way is waited for */
void dropsonde_stop(struct dropsonde *d);
OWN_DROP(dropsonde, struct dropsonde *, dropsonde_stop)

/** dropsonde_check() - Is this HOST:PORT? For who checks a configuration; @e: FAULT_BAD_INPUT */
int dropsonde_check(const char *address, struct err *e);

/** dropsonde_value() - Send a value. @unit: "ms", "seconds", … or "", at most 15 characters */
void dropsonde_value(struct dropsonde *d, const char *name, double value, const char *unit);

/** dropsonde_count() - Add to a counter; at most 64 different ones */
void dropsonde_count(struct dropsonde *d, const char *name, uint64_t delta);

/** struct dropsonde_stats - Datagrams handed to the kernel, and metrics that could not be sent */
struct dropsonde_stats {
        uint64_t sent, lost;
};

/** dropsonde_stats() - Since the start; zeros for NULL */
void dropsonde_stats(struct dropsonde *d, struct dropsonde_stats *ret);

#endif
