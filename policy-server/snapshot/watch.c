/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/snapshot/watch.h"

#include "netman/hash.h"

#include <pthread.h>
#include <string.h>

#define BUCKETS 16384 /* apps waited for: some 100 each for 2,000 cells, many shared */
#define GONE_MS 5000  /* how often clients are looked at, and how long a dead one may stay */
#define TICK_MS 200

/** struct watch_id - An app somebody waits for */
struct watch_id {
        struct watch_id *next;
        struct watch_link *links;
        size_t len;
        char id[];
};

/** struct watch_link - One watcher waits for one app */
struct watch_link {
        struct watch_link *next, **prev_next;
        struct watcher *who;
        struct watch_id *id;
};

/** struct watchers - A list of them; the parked ones in the order of their deadlines */
struct watchers {
        struct watcher *first, *last;
        size_t count;
};

struct watch {
        pthread_mutex_t lock;
        struct watch_id *buckets[BUCKETS];
        struct watchers parked, called;
        int64_t next_tick_ms, next_gone_ms;
        bool closed;
        struct watch_id any; /* those who wait for all apps; last, for it ends in an open array */
};

int watch_new(struct watch **ret, struct err *e)
{
        struct watch *w = calloc(1, sizeof *w);

        if (!w)
                return err_oom(e);
        (void)pthread_mutex_init(&w->lock, NULL);
        *ret = w;
        return 0;
}

void watch_free(struct watch *w)
{
        if (!w)
                return;
        (void)pthread_mutex_destroy(&w->lock);
        free(w);
}

static size_t bucket_of(const char *id, size_t len)
{
        return hash_fold(hash_fnv(id, len)) % BUCKETS;
}

static struct watch_id *find_id(struct watch *w, const char *id, size_t len)
{
        struct watch_id *at = w->buckets[bucket_of(id, len)];

        while (at && !(at->len == len && memcmp(at->id, id, len) == 0))
                at = at->next;
        return at;
}

static struct watch_id *find_or_make_id(struct watch *w, const char *id, size_t len)
{
        struct watch_id *at = find_id(w, id, len);
        size_t bucket = bucket_of(id, len);

        if (at)
                return at;
        at = calloc(1, sizeof *at + len + 1);
        if (!at)
                return NULL;
        memcpy(at->id, id, len);
        at->len = len;
        at->next = w->buckets[bucket];
        w->buckets[bucket] = at;
        return at;
}

static void drop_id_if_idle(struct watch *w, struct watch_id *id)
{
        struct watch_id **at;

        if (id->links || id == &w->any)
                return;
        at = &w->buckets[bucket_of(id->id, id->len)];
        while (*at != id)
                at = &(*at)->next;
        *at = id->next;
        free(id);
}

/** list_add() - Behind @after; NULL: in front */
static void list_add(struct watchers *l, struct watcher *after, struct watcher *who)
{
        who->prev = after;
        who->next = after ? after->next : l->first;
        if (who->next)
                who->next->prev = who;
        else
                l->last = who;
        if (after)
                after->next = who;
        else
                l->first = who;
        l->count++;
}

/**
 * park_in_order() - Cells wait for about the same time: the place is near the end
 */
static void park_in_order(struct watch *w, struct watcher *who)
{
        struct watcher *after = w->parked.last;

        while (after && after->deadline_ms > who->deadline_ms)
                after = after->prev;
        list_add(&w->parked, after, who);
}

static void list_remove(struct watchers *l, struct watcher *who)
{
        if (who->next)
                who->next->prev = who->prev;
        else
                l->last = who->prev;
        if (who->prev)
                who->prev->next = who->next;
        else
                l->first = who->next;
        l->count--;
}

static void link_to(struct watch_link *link, struct watcher *who, struct watch_id *id)
{
        link->who = who;
        link->id = id;
        link->prev_next = &id->links;
        link->next = id->links;
        if (link->next)
                link->next->prev_next = &link->next;
        id->links = link;
}

static void unlink_all(struct watch *w, struct watcher *who)
{
        for (size_t i = 0; i < who->link_count; i++) {
                struct watch_link *link = &who->links[i];

                *link->prev_next = link->next;
                if (link->next)
                        link->next->prev_next = link->prev_next;
                drop_id_if_idle(w, link->id);
        }
        free(who->links);
        who->links = NULL;
        who->link_count = 0;
}

static bool link_ids(struct watch *w, struct watcher *who, const char *ids)
{
        while (ids) {
                size_t len = strcspn(ids, ",");
                struct watch_id *id = find_or_make_id(w, ids, len);

                if (!id)
                        return false;
                link_to(&who->links[who->link_count++], who, id);
                ids = ids[len] ? ids + len + 1 : NULL;
        }
        return true;
}

static size_t count_ids(const char *ids)
{
        size_t n = 1;

        for (; ids && *ids; ids++)
                n += *ids == ',';
        return n;
}

int watch_add(struct watch *w, struct watcher *who, const char *ids, int64_t deadline_ms)
{
        bool ok;

        who->links = calloc(count_ids(ids), sizeof *who->links);
        if (!who->links)
                return -1;
        who->link_count = 0;
        who->called = false;
        who->deadline_ms = deadline_ms;
        (void)pthread_mutex_lock(&w->lock);
        ok = !w->closed;
        if (ok && ids)
                ok = link_ids(w, who, ids);
        else if (ok)
                link_to(&who->links[who->link_count++], who, &w->any);
        if (ok)
                park_in_order(w, who);
        else
                unlink_all(w, who);
        (void)pthread_mutex_unlock(&w->lock);
        return ok ? 0 : -1;
}

/** mark() - Under the lock: from the parked to those to be called */
static void mark(struct watch *w, struct watcher *who)
{
        if (who->called)
                return;
        who->called = true;
        list_remove(&w->parked, who);
        list_add(&w->called, w->called.last, who);
}

static void mark_links(struct watch *w, struct watch_id *id)
{
        for (struct watch_link *l = id ? id->links : NULL; l; l = l->next)
                mark(w, l->who);
}

void watch_touch(struct watch *w, const char *id)
{
        (void)pthread_mutex_lock(&w->lock);
        mark_links(w, find_id(w, id, strlen(id)));
        mark_links(w, &w->any);
        (void)pthread_mutex_unlock(&w->lock);
}

static void mark_all(struct watch *w)
{
        while (w->parked.first)
                mark(w, w->parked.first);
}

void watch_touch_all(struct watch *w)
{
        (void)pthread_mutex_lock(&w->lock);
        mark_all(w);
        (void)pthread_mutex_unlock(&w->lock);
}

/** next_called() - Take one of the marked out of the list; its links stay */
static struct watcher *next_called(struct watch *w)
{
        struct watcher *who;

        (void)pthread_mutex_lock(&w->lock);
        who = w->called.first;
        if (who)
                list_remove(&w->called, who);
        (void)pthread_mutex_unlock(&w->lock);
        return who;
}

static void let_go(struct watch *w, struct watcher *who)
{
        (void)pthread_mutex_lock(&w->lock);
        unlink_all(w, who);
        (void)pthread_mutex_unlock(&w->lock);
}

/** park_again() - Return: false if the watch was closed meanwhile */
static bool park_again(struct watch *w, struct watcher *who)
{
        bool open;

        (void)pthread_mutex_lock(&w->lock);
        open = !w->closed;
        who->called = false;
        if (open)
                park_in_order(w, who);
        (void)pthread_mutex_unlock(&w->lock);
        return open;
}

static void dismiss(struct watch *w, struct watcher *who, enum watch_wake why)
{
        let_go(w, who);
        who->finish(who, why);
}

void watch_call(struct watch *w)
{
        struct watcher *who;

        while ((who = next_called(w))) {
                if (who->changed(who))
                        dismiss(w, who, WATCH_CHANGED);
                else if (!park_again(w, who))
                        dismiss(w, who, WATCH_CLOSED);
        }
}

/**
 * take_due() - Those whose time is over, or whose client has gone, as a list
 * @look: Look at the clients too
 */
static struct watcher *take_due(struct watch *w, int64_t now_ms, bool look)
{
        struct watcher *due = NULL, *next;

        (void)pthread_mutex_lock(&w->lock);
        for (struct watcher *who = w->parked.first; who; who = next) {
                next = who->next;
                if (who->deadline_ms > now_ms && !look)
                        break; /* so have all behind it */
                who->called = look && who->gone(who);
                if (who->deadline_ms > now_ms && !who->called)
                        continue;
                list_remove(&w->parked, who);
                unlink_all(w, who);
                who->next = due;
                due = who;
        }
        (void)pthread_mutex_unlock(&w->lock);
        return due;
}

void watch_tick(struct watch *w, int64_t now_ms)
{
        bool look = now_ms >= w->next_gone_ms;
        struct watcher *due;

        if (now_ms < w->next_tick_ms)
                return;
        w->next_tick_ms = now_ms + TICK_MS;
        if (look)
                w->next_gone_ms = now_ms + GONE_MS;
        due = take_due(w, now_ms, look);
        while (due) {
                struct watcher *who = due;

                due = due->next;
                who->finish(who, who->called ? WATCH_CLOSED : WATCH_EXPIRED);
        }
}

void watch_close(struct watch *w)
{
        struct watcher *who;

        (void)pthread_mutex_lock(&w->lock);
        w->closed = true;
        mark_all(w);
        (void)pthread_mutex_unlock(&w->lock);
        while ((who = next_called(w)))
                dismiss(w, who, WATCH_CLOSED);
}

size_t watch_count(struct watch *w)
{
        size_t n;

        (void)pthread_mutex_lock(&w->lock);
        n = w->parked.count + w->called.count;
        (void)pthread_mutex_unlock(&w->lock);
        return n;
}
