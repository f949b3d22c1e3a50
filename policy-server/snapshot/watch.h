/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who waits for a change, indexed by the apps they wait for: a change wakes
 * those it touches and nobody else.
 */
#ifndef NETMAN_POLICY_SERVER_SNAPSHOT_WATCH_H
#define NETMAN_POLICY_SERVER_SNAPSHOT_WATCH_H

#include "netman/err.h"
#include "netman/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watch;
struct watch_link;

/** enum watch_wake - Why a watcher waits no more */
enum watch_wake {
        WATCH_CHANGED, /* one of its apps was touched */
        WATCH_EXPIRED, /* its time is over */
        WATCH_CLOSED,  /* the server is stopping, or the client has gone */
};

/**
 * struct watcher - Embedded in whatever waits
 * @changed: One of its apps was touched: does that concern it? On the feed's thread
 * @finish:  It is parked no more, and the callee's again; on the feed's thread
 * @gone:    Has the client hung up? Asked now and then
 * The rest is the watch's own.
 */
struct watcher {
        bool (*changed)(const struct watcher *w);
        void (*finish)(struct watcher *w, enum watch_wake why);
        bool (*gone)(const struct watcher *w);

        int64_t deadline_ms;
        struct watcher *prev, *next;
        struct watch_link *links;
        size_t link_count;
        bool called;
};

int watch_new(struct watch **ret, struct err *e);

/** watch_free() - Nobody may be waiting any more */
void watch_free(struct watch *w);

/**
 * watch_add() - Park
 * @ids: Comma list, NULL for all apps
 *
 * Return: -1 if there is no memory or the watch is closed: nothing was parked
 */
int watch_add(struct watch *w, struct watcher *who, const char *ids, int64_t deadline_ms);

/** watch_touch() - Mark those who wait for this app; they are called by watch_call() */
void watch_touch(struct watch *w, const char *id);

/** watch_touch_all() - Mark all: what changed is not known */
void watch_touch_all(struct watch *w);

/** watch_call() - Call the marked ones; not from within a lock */
void watch_call(struct watch *w);

/** watch_tick() - Call those whose time is over or whose client has gone */
void watch_tick(struct watch *w, int64_t now_ms);

/** watch_close() - Dismiss all, and let nobody in any more; from any thread */
void watch_close(struct watch *w);

size_t watch_count(struct watch *w);

#endif
