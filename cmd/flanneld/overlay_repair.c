/* SPDX-License-Identifier: Apache-2.0 */
/* Hear what others change in the kernel, and set it right. */
#include "cmd/flanneld/overlay.h"
#include "cmd/flanneld/stats.h"
#include "netman/clock.h"
#include "netman/log.h"

#include <arpa/inet.h>
#include <string.h>

/* Between two repairs: somebody who deletes as fast as we set must not take all
 * of the machine's time. */
enum { REPAIR_PAUSE_MS = 200 };

/* Is a route by another interface, or by none, to a subnet of a peer's? It has taken ours away. */
static bool took_a_route(const struct overlay *ov, const struct nlx_change *note)
{
        struct ip4_net dst = { ntohl(note->route.dst_be), note->route.len };

        return note->what == NLX_ROUTE && !note->del && leases_find(&ov->peers.wanted, dst);
}

/* The address that our packets come from is on some interface, again perhaps. */
static bool our_address_came(const struct overlay *ov, const struct nlx_change *note)
{
        return note->what == NLX_ADDR && !note->del &&
               ntohl(note->addr.ip_be) == ov->j.underlay.local;
}

static void on_note(const struct nlx_change *note, void *arg)
{
        struct overlay *ov = arg;
        int dev = nlx_change_dev(note);
        bool ours = dev == ov->peers.dev;
        bool link = note->what == NLX_LINK || note->what == NLX_ADDR;

        if (our_address_came(ov, note)) {
                patience_end(&ov->underlay.patience);
                patience_end(&ov->device.patience);
                ov->underlay.stray = true;
        }
        if (note->what == NLX_LOST || (link && dev == ov->j.underlay.link.index))
                ov->underlay.stray = true;
        if (note->what == NLX_LOST || (link && ours))
                ov->device.stray = true;
        else if (!ours)
                ov->peers.stray |= took_a_route(ov, note);
        else if (!ov->peers.stray)
                ov->peers.stray = !peers_agrees(&ov->peers, note);
}

int overlay_fd(const struct overlay *ov)
{
        return nlx_watch_fd(ov->watch);
}

int overlay_hear(struct overlay *ov, struct err *e)
{
        return nlx_watch_read(ov->watch, on_note, ov, e);
}

static void failed(struct patience *p, const char *event, const struct err *why)
{
        if (patience_fail(p, why))
                log_error(event, LOG_WHY(why));
}

/**
 * find_underlay() - Where is the underlay now?
 *
 * Its interface may be another one of the same name. The address that the lease
 * tells must be the same: another one is told only by a new start.
 */
static int find_underlay(struct overlay *ov, struct underlay *ret, struct err *e)
{
        struct underlay u;

        if (underlay_find(ov->nl, &ov->o->underlay, &u, e) < 0)
                return -1;
        if (u.public_ip != ov->j.underlay.public_ip)
                return err_set(e, FAULT_CONFLICT, 0,
                               "this cell's address is %s now, but its lease tells %s: restart "
                               "flanneld to tell the other cells",
                               ip4_text(u.public_ip).s, ip4_text(ov->j.underlay.public_ip).s);
        *ret = u;
        return 0;
}

static void repair_underlay(struct overlay *ov)
{
        struct chore *c = &ov->underlay;
        struct underlay u;
        struct err e = { 0 };
        bool moved;

        if (find_underlay(ov, &u, &e) < 0) {
                failed(&c->patience, "underlay-lost", &e);
                return;
        }
        moved = u.link.index != ov->j.underlay.link.index || u.local != ov->j.underlay.local;
        if (moved || c->patience.pause_ms)
                log_info("underlay-found-again", LOG_STR("interface", u.link.name),
                         LOG_STR("address", ip4_text(u.local).s));
        c->stray = false;
        patience_end(&c->patience);
        if (!moved)
                return;
        ov->j.underlay = u;
        joined_describe(&ov->j);
        ov->device.stray = true;
        patience_end(&ov->device.patience);
}

static void repair_device(struct overlay *ov)
{
        struct chore *c = &ov->device;
        uint32_t mtu = ov->j.device.mtu;
        struct err e = { 0 };

        if (vtep_ensure(ov->nl, &ov->j.vtep, &ov->j.device, &e) < 0) {
                failed(&c->patience, "device-repair-failed", &e);
                return;
        }
        c->stray = false;
        patience_end(&c->patience);
        ov->peers.stray = true; /* with a device all its entries go */
        if (ov->peers.dev != ov->j.device.index) {
                ov->peers.dev = ov->j.device.index;
                overlay_hear_neighbours(ov);
        }
        if (ov->j.device.mtu != mtu && overlay_write_env(ov, &e) < 0)
                log_error("subnet-file-failed", LOG_WHY(&e));
}

static void repair_peers(struct overlay *ov)
{
        struct err e = { 0 };
        size_t changes = 0;

        if (peers_repair(&ov->peers, ov->nl, &changes, &e) < 0) {
                ov->peers.stray = true;
                failed(&ov->tables, "repair-failed", &e);
        } else {
                patience_end(&ov->tables);
                if (changes > 0)
                        log_info("repaired", LOG_INT("changes", changes));
        }
        metrics_add(ov->metrics, STATS_REPAIRS, changes > 0, NULL);
        metrics_add(ov->metrics, STATS_CHANGES, (double)changes, NULL);
}

static void repair_rules(struct overlay *ov)
{
        struct err e = { 0 };

        if (overlay_sync_rules(ov, true, &e) < 0)
                failed(&ov->filters, "rules-failed", &e);
        else
                patience_end(&ov->filters);
}

/* When a chore is due. */
static int64_t due(const struct overlay *ov, bool stray, const struct patience *p)
{
        int64_t next = ov->repaired_ms + REPAIR_PAUSE_MS;

        if (!stray)
                return INT64_MAX;
        return p->next_ms > next ? p->next_ms : next;
}

static int64_t look_due(const struct overlay *ov)
{
        return rules_any(&ov->rules) ? ov->looked_ms + ov->o->resync_s * 1000 : INT64_MAX;
}

int64_t overlay_due_ms(const struct overlay *ov)
{
        const int64_t all[] = {
                due(ov, ov->underlay.stray, &ov->underlay.patience),
                due(ov, ov->device.stray, &ov->device.patience),
                due(ov, ov->peers.stray && !ov->device.stray, &ov->tables),
                due(ov, ov->rules.stray, &ov->filters),
                look_due(ov),
        };
        int64_t first = INT64_MAX;

        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
                first = all[i] < first ? all[i] : first;
        return first;
}

void overlay_do_due(struct overlay *ov)
{
        int64_t now = clock_ms(), before = ov->repaired_ms;

        if (now >= look_due(ov)) {
                rules_look(&ov->rules);
                ov->looked_ms = now;
        }
        if (now < before + REPAIR_PAUSE_MS)
                return;
        if (now >= due(ov, ov->rules.stray, &ov->filters))
                repair_rules(ov);
        if (now >= due(ov, ov->underlay.stray, &ov->underlay.patience))
                repair_underlay(ov);
        if (now >= due(ov, ov->device.stray, &ov->device.patience))
                repair_device(ov);
        if (now >= due(ov, ov->peers.stray && !ov->device.stray, &ov->tables))
                repair_peers(ov);
        ov->repaired_ms = now;
}
