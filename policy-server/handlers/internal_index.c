/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: the cells' list
 *
 * Runs on the event loop and never waits. There are two ways to an answer:
 *
 *   sync   ask the database, together with all who ask at that moment, whether
 *          the snapshot is the newest, then answer from it
 *   watch  the client named what it has (If-None-Match) and will wait (Prefer):
 *          if that still holds it is parked until it holds no more
 *
 * A watcher whose tag no longer holds is answered from the snapshot at once. If the
 * snapshot may be older than what the client has seen elsewhere, it syncs first.
 */
#include "netman/clock.h"
#include "netman/log.h"
#include "policy-server/agents.h"
#include "policy-server/handlers/handlers.h"
#include "policy-server/http/call.h"
#include "policy-server/metrics.h"
#include "policy-server/snapshot/etag.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define WAIT_MAX_S     300
#define AGENT_NAME_MAX 400
/* A snapshot compared with the database this recently counts as compared. */
#define CHECKED_MS 1000

/**
 * struct question - One cell's request while it is on its way
 * @until_ms: clock_ms() until which it will wait for news; 0: it does not wait
 * @since_us: When it began to wait, for the database or for news
 */
struct question {
        struct feed_waiter sync;
        struct watcher watcher;
        struct call *call;
        const char *ids; /* NULL: all */
        bool has_etag;
        struct etag etag;
        int64_t until_ms, since_us;
        char agent[AGENT_NAME_MAX];
};

/** prefer_wait_ms() - Prefer: wait=SECONDS (RFC 7240), 0 without */
static int64_t prefer_wait_ms(struct http_request *rq)
{
        const char *at = http_request_header(rq, "Prefer");
        int64_t s = 0;

        while (at && *at) {
                char value[8] = "";
                size_t len;

                at += strspn(at, " \t,;");
                len = strcspn(at, ",;");
                if (strncasecmp(at, "wait=", 5) == 0 && len > 5 && len - 5 < sizeof value) {
                        memcpy(value, at + 5, len - 5);
                        value[len - 5] = '\0';
                        value[strcspn(value, " \t")] = '\0';
                        if (str_to_int(value, 0, INT32_MAX, &s, NULL) == 0)
                                return (s > WAIT_MAX_S ? WAIT_MAX_S : s) * 1000;
                }
                at += len;
        }
        return 0;
}

static void unavailable(struct question *q, const struct err *why)
{
        struct call *c = q->call;

        if (q->has_etag)
                agents_failed(c->ps->agents, q->agent);
        /* Who knows about tags knows 503; the others get what they always got. */
        call_fail(c, "database read failed", why);
        if (q->has_etag) {
                c->reply.status = 503;
                http_reply_header(&c->reply, "Retry-After", "1");
        }
        free(q);
        call_finish(c);
}

/** note_agent() - Of a cell that gets news: what had it enforced until now? */
static void note_agent(const struct question *q, const struct feed_view *v)
{
        struct agents *agents = q->call->ps->agents;

        if (!q->has_etag && !http_request_header(q->call->rq, "X-Agent-Id"))
                agents_unnamed(agents);
        else
                agents_seen(agents, q->agent, v->epoch,
                            q->has_etag && str_eq(v->epoch, q->etag.epoch) ? q->etag.revision : 0);
}

/** fill_reply() - The answer from the snapshot, under its lock */
static int fill_reply(struct question *q, const struct feed_view *v, struct err *e)
{
        OWN(table_selection) struct table_selection s = { 0 };
        OWN(str) struct str body = { 0 };
        struct http_reply *reply = &q->call->reply;
        struct fingerprint fp;
        char etag[ETAG_TEXT];

        if (table_select(v->table, q->ids, &s, e) < 0)
                return -1;
        fp = table_fingerprint(v->table, &s);
        etag_print(v, &fp, etag);
        http_reply_header(reply, "ETag", etag);
        if (q->has_etag && fingerprint_eq(&fp, &q->etag.fp)) {
                agents_seen(q->call->ps->agents, q->agent, v->epoch, v->revision);
                reply->status = 304;
                return 0;
        }
        note_agent(q, v);
        if (table_print(v->table, &s, q->call->version, &body, e) < 0)
                return -1;
        call_json(q->call, &body);
        return 0;
}

static void answer(struct question *q)
{
        struct feed *f = q->call->ps->feed;
        struct call *c = q->call;
        struct err why = { 0 };
        int rc;

        rc = fill_reply(q, feed_lock(f), &why);
        feed_unlock(f);
        if (rc < 0) {
                unavailable(q, &why);
                return;
        }
        free(q);
        call_finish(c);
}

static struct question *of_watcher(const struct watcher *w)
{
        return (struct question *)((uintptr_t)w - offsetof(struct question, watcher));
}

/** holds() - Is what the client has still the newest in the snapshot? */
static bool holds(const struct question *q, const struct feed_view *v)
{
        OWN(table_selection) struct table_selection s = { 0 };
        struct fingerprint fp;

        if (table_select(v->table, q->ids, &s, NULL) < 0)
                return false; /* the answer that follows will tell */
        fp = table_fingerprint(v->table, &s);
        return fingerprint_eq(&fp, &q->etag.fp);
}

static bool changed(const struct watcher *w)
{
        const struct question *q = of_watcher(w);
        bool same = holds(q, feed_lock(q->call->ps->feed));

        feed_unlock(q->call->ps->feed);
        return !same;
}

static bool gone(const struct watcher *w)
{
        return http_request_gone(of_watcher(w)->call->rq);
}

static bool recently_checked(struct feed *f)
{
        return clock_ms() - feed_checked_ms(f) <= CHECKED_MS;
}

/**
 * park() - Wait, if there is nothing to tell yet
 *
 * Under the snapshot's lock: a change comes either before, and is seen here, or
 * after, and finds the watcher.
 */
static bool park(struct question *q)
{
        struct feed *f = q->call->ps->feed;
        struct agents *agents = q->call->ps->agents;
        const struct feed_view *v = feed_lock(f);
        bool parked = false;

        if (holds(q, v)) {
                /* First, because a parked one may be woken before watch_add() returns. */
                agents_parked(agents, q->agent, v->epoch, v->revision);
                parked = watch_add(feed_watch(f), &q->watcher, q->ids, q->until_ms) == 0;
                if (!parked)
                        agents_woken(agents, q->agent);
        }
        feed_unlock(f);
        return parked;
}

/** reply() - From a snapshot that is the newest: the answer, or a place to wait */
static void reply(struct question *q)
{
        if (!q->has_etag || !q->until_ms || !park(q))
                answer(q);
}

static void synced(struct feed_waiter *w, bool ok)
{
        struct question *q = (struct question *)w; /* its first member */
        int64_t now_us = clock_us();
        struct err why;

        ps_metrics_store(q->call->ps, q->ids ? "ByGuids" : "All", now_us - q->since_us, ok);
        q->since_us = now_us;
        if (ok) {
                reply(q);
                return;
        }
        (void)err_set(&why, FAULT_UPSTREAM, 0, "the database could not be asked");
        unavailable(q, &why);
}

static void finish(struct watcher *w, enum watch_wake why)
{
        struct question *q = of_watcher(w);

        agents_woken(q->call->ps->agents, q->agent);
        q->call->parked_us = clock_us() - q->since_us;
        q->since_us += q->call->parked_us;
        /* At the end of its time "nothing new" must be known, not believed. */
        if (why == WATCH_EXPIRED && !recently_checked(q->call->ps->feed))
                synced(&q->sync, false);
        else
                answer(q);
}

/** may_be_behind() - May the client have seen something newer than the snapshot? */
static bool may_be_behind(const struct question *q)
{
        struct feed *f = q->call->ps->feed;
        const struct feed_view *v = feed_lock(f);
        bool behind = !str_eq(v->epoch, q->etag.epoch) || q->etag.revision > v->revision;

        feed_unlock(f);
        return behind || !recently_checked(f);
}

/** name_agent() - A cell's certificate and what it calls itself: cells may share one */
static void name_agent(struct question *q)
{
        struct http_request *rq = q->call->rq;
        const char *peer = http_request_peer(rq), *id = http_request_header(rq, "X-Agent-Id");

        (void)snprintf(q->agent, sizeof q->agent, "%.180s|%.180s", peer ? peer : "",
                       id ? id : http_request_address(rq));
}

void handle_internal_index(struct call *c)
{
        struct question *q = calloc(1, sizeof *q);
        const char *etag = http_request_header(c->rq, "If-None-Match");
        int64_t wait_ms;

        if (!q) {
                call_refuse(c, 503, "out of memory");
                call_finish(c);
                return;
        }
        q->sync.done = synced;
        q->watcher = (struct watcher){ .changed = changed, .finish = finish, .gone = gone };
        q->call = c;
        q->ids = http_request_query(c->rq, "id");
        name_agent(q);
        q->has_etag = etag && etag_parse(etag, &q->etag);
        wait_ms = prefer_wait_ms(c->rq);
        q->until_ms = wait_ms ? clock_ms() + wait_ms : 0;
        q->since_us = clock_us();
        if (q->has_etag && q->until_ms && !may_be_behind(q))
                reply(q);
        else
                feed_sync(c->ps->feed, &q->sync);
}
