/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: the snapshot and what keeps it true
 *
 * One thread owns a connection to the database. It loads all policies, then
 * follows policy_changes from revision to revision: at once when a writer's
 * NOTIFY comes, and in any case twice a second, because a notification can be
 * lost with its connection. A reader who must not miss what was written before
 * it asked syncs first: one question to the database serves all who wait for
 * one at that moment.
 *
 * Lock order: the snapshot's lock, then the watchers' lock.
 */
#ifndef NETMAN_POLICY_SERVER_SNAPSHOT_FEED_H
#define NETMAN_POLICY_SERVER_SNAPSHOT_FEED_H

#include "policy-server/config.h"
#include "policy-server/snapshot/table.h"
#include "policy-server/snapshot/watch.h"

#define FEED_EPOCH_MAX 40

struct feed;

/**
 * feed_start() - Load the policies, start following them
 * @c: Borrowed, must outlive the feed
 */
int feed_start(const struct ps_config *c, struct feed **ret, struct err *e);

/** feed_stop() - Nobody may ask any more, and feed_watch() must be closed; NULL is allowed */
void feed_stop(struct feed *f);

/**
 * struct feed_view - The snapshot while feed_lock() holds it
 * @epoch: The history that @revision belongs to: revisions of two are not comparable
 */
struct feed_view {
        const struct table *table;
        int64_t revision;
        char epoch[FEED_EPOCH_MAX];
};

/** feed_lock() - Hold the snapshot still; short, and nothing that waits inside */
const struct feed_view *feed_lock(struct feed *f);
void feed_unlock(struct feed *f);

/** feed_checked_ms() - clock_ms() of the last time the snapshot was known to be the newest */
int64_t feed_checked_ms(struct feed *f);

/**
 * feed_told_revision() - The newest one of which all watchers it touches have been told
 *
 * It belongs to the view's epoch for who holds feed_lock().
 */
int64_t feed_told_revision(struct feed *f);

/**
 * struct feed_waiter - Wants to know when the snapshot has all that was written
 *                      before it asked
 * @done: Called once, on the feed's thread: @ok is false if the database could
 *        not be asked. The waiter is the callee's again
 */
struct feed_waiter {
        struct feed_waiter *next;
        void (*done)(struct feed_waiter *w, bool ok);
};

void feed_sync(struct feed *f, struct feed_waiter *w);

/** feed_sync_wait() - The same for a thread that may wait; @e: FAULT_UPSTREAM */
int feed_sync_wait(struct feed *f, struct err *e);

/** feed_watch() - Where requests that wait for changes are parked */
struct watch *feed_watch(struct feed *f);

#endif
