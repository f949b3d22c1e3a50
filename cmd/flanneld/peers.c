/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/peers.h"

#include "netman/log.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

void peers_drop(struct peers *p)
{
        leases_drop(&p->wanted);
        free(p->changes);
}

static int collect(struct peers *p, const struct nlx_change *c, struct err *e)
{
        if (p->count == p->cap) {
                size_t cap = p->cap ? p->cap * 2 : 64;
                struct nlx_change *more = reallocarray(p->changes, cap, sizeof *more);

                if (!more)
                        return err_oom(e);
                p->changes = more;
                p->cap = cap;
        }
        p->changes[p->count++] = *c;
        return 0;
}

static struct nlx_change route_of(const struct peers *p, const struct lease *l)
{
        struct nlx_change c = { .what = NLX_ROUTE };

        c.route = (struct nlx_route){
                .dst_be = htonl(l->subnet.ip),
                .len = l->subnet.len,
                .via_be = htonl(l->subnet.ip),
                .dev = p->dev,
                .onlink = true,
        };
        return c;
}

static struct nlx_change neigh_of(const struct peers *p, const struct lease *l)
{
        struct nlx_change c = { .what = NLX_NEIGH };

        c.neigh = (struct nlx_neigh){ .dev = p->dev, .ip_be = htonl(l->subnet.ip) };
        memcpy(c.neigh.mac, l->mac, sizeof c.neigh.mac);
        return c;
}

static struct nlx_change fdb_of(const struct peers *p, const struct lease *l)
{
        struct nlx_change c = { .what = NLX_FDB };

        c.fdb = (struct nlx_fdb){ .dev = p->dev, .remote_be = htonl(l->public_ip) };
        memcpy(c.fdb.mac, l->mac, sizeof c.fdb.mac);
        return c;
}

static int collect_del(struct peers *p, struct nlx_change c, struct err *e)
{
        c.del = true;
        return collect(p, &c, e);
}

/* Route last: the first packet finds neighbour and tunnel end in place. */
static int collect_new(struct peers *p, const struct lease *l, struct err *e)
{
        struct nlx_change n = neigh_of(p, l), f = fdb_of(p, l), r = route_of(p, l);

        return collect(p, &n, e) | collect(p, &f, e) | collect(p, &r, e);
}

static int collect_gone(struct peers *p, const struct lease *l, struct err *e)
{
        return collect_del(p, route_of(p, l), e) | collect_del(p, neigh_of(p, l), e) |
               collect_del(p, fdb_of(p, l), e);
}

/* A lease whose cell changed: only what differs; its route stays. */
static int collect_moved(struct peers *p, const struct lease *was, const struct lease *is,
                         struct err *e)
{
        struct nlx_change f = fdb_of(p, is), n = neigh_of(p, is);

        if (memcmp(was->mac, is->mac, sizeof is->mac) == 0)
                return collect(p, &f, e);
        return collect(p, &f, e) | collect(p, &n, e) | collect_del(p, fdb_of(p, was), e);
}

/**
 * is_peer() - Is this the lease of another cell that we can reach?
 */
static bool is_peer(const struct peers *p, const struct lease *l)
{
        if (ip4_net_same(l->subnet, p->self))
                return false;
        if (!l->vxlan || l->vni != p->vni)
                return false;
        if (l->public_ip == p->self_ip) {
                log_info("lease-with-our-address-ignored",
                         LOG_STR("subnet", ip4_net_text(l->subnet).s));
                return false;
        }
        if (!ip4_net_overlap(p->network, l->subnet) || l->subnet.len <= p->network.len ||
            ip4_net_overlap(p->self, l->subnet)) {
                log_error("lease-out-of-place", LOG_STR("subnet", ip4_net_text(l->subnet).s));
                return false;
        }
        return true;
}

/* Which peer has this MAC address? */
static const struct lease *with_mac(const struct peers *p, const uint8_t *mac)
{
        for (size_t i = 0; i < p->wanted.count; i++)
                if (memcmp(p->wanted.at[i].mac, mac, LEASE_MAC_LEN) == 0)
                        return &p->wanted.at[i];
        return NULL;
}

/**
 * settle_rivals() - One MAC address can be at one place only: the newest lease has it
 *
 * Two have it when a machine was copied, or when a cell came back under another
 * address while its old lease is still running out.
 *
 * Return: 1: @l is it; 0: @l is the older one; -1: @e
 */
static int settle_rivals(struct peers *p, const struct lease *l, struct err *e)
{
        const struct lease *rival = with_mac(p, l->mac);

        if (!rival || ip4_net_same(rival->subnet, l->subnet))
                return 1;
        log_error("two-leases-with-one-mac-address", LOG_STR("mac", mac_text(l->mac).s),
                  LOG_STR("subnet", ip4_net_text(l->subnet).s),
                  LOG_STR("other", ip4_net_text(rival->subnet).s));
        if (rival->rev > l->rev)
                return 0;
        return peers_remove(p, rival->subnet, e) < 0 ? -1 : 1;
}

int peers_put(struct peers *p, const struct lease *l, struct err *e)
{
        const struct lease *was;
        int wins = is_peer(p, l) ? settle_rivals(p, l, e) : 0;

        if (wins <= 0)
                return wins < 0 ? -1 : peers_remove(p, l->subnet, e);
        was = leases_find(&p->wanted, l->subnet);
        if (!was) {
                if (collect_new(p, l, e) < 0)
                        return -1;
        } else if (!lease_same_cell(was, l)) {
                if (collect_moved(p, was, l, e) < 0)
                        return -1;
        }
        return leases_put(&p->wanted, l, e);
}

int peers_remove(struct peers *p, struct ip4_net subnet, struct err *e)
{
        const struct lease *was = leases_find(&p->wanted, subnet);

        if (!was)
                return 0;
        if (collect_gone(p, was, e) < 0)
                return -1;
        leases_remove(&p->wanted, subnet);
        return 0;
}

int peers_set(struct peers *p, const struct leases *all, struct err *e)
{
        /* Backwards: what is removed does not move what is still to be seen. */
        for (size_t i = p->wanted.count; i > 0; i--) {
                struct ip4_net subnet = p->wanted.at[i - 1].subnet;

                if (!leases_find(all, subnet) && peers_remove(p, subnet, e) < 0)
                        return -1;
        }
        for (size_t i = 0; i < all->count; i++)
                if (peers_put(p, &all->at[i], e) < 0)
                        return -1;
        return 0;
}

int peers_flush(struct peers *p, struct nlx *nl, struct err *e)
{
        size_t count = p->count;

        p->count = 0;
        if (count == 0 || nlx_apply(nl, p->changes, count, e) == 0)
                return 0;
        p->stray = true;
        return -1;
}

/* Which peer has its VTEP at this address? */
static const struct lease *at_address(const struct peers *p, uint32_t ip_be)
{
        size_t low = 0, high = p->wanted.count;
        uint32_t ip = ntohl(ip_be);

        while (low < high) {
                size_t mid = low + (high - low) / 2;

                if (p->wanted.at[mid].subnet.ip < ip)
                        low = mid + 1;
                else
                        high = mid;
        }
        if (low == p->wanted.count || p->wanted.at[low].subnet.ip != ip)
                return NULL;
        return &p->wanted.at[low];
}

static bool route_right(const struct peers *p, const struct nlx_route *r)
{
        struct ip4_net dst = { ntohl(r->dst_be), r->len };

        return leases_find(&p->wanted, dst) && r->via_be == r->dst_be && r->onlink && !r->metric;
}

static bool route_ours(const struct peers *p, const struct nlx_route *r)
{
        return ip4_net_has(p->network, ntohl(r->dst_be)) && r->len > p->network.len;
}

static bool neigh_right(const struct peers *p, const struct nlx_neigh *n)
{
        const struct lease *l = at_address(p, n->ip_be);

        return l && n->permanent && memcmp(l->mac, n->mac, sizeof l->mac) == 0;
}

bool peers_agrees(const struct peers *p, const struct nlx_change *note)
{
        const struct lease *l;
        struct ip4_net dst;

        switch (note->what) {
        case NLX_ROUTE:
                dst = (struct ip4_net){ ntohl(note->route.dst_be), note->route.len };
                if (note->del)
                        return !leases_find(&p->wanted, dst);
                return route_right(p, &note->route) || !route_ours(p, &note->route);
        case NLX_NEIGH:
                if (note->del)
                        return !at_address(p, note->neigh.ip_be);
                return neigh_right(p, &note->neigh) ||
                       (!note->neigh.permanent && !at_address(p, note->neigh.ip_be));
        case NLX_FDB:
                l = with_mac(p, note->fdb.mac);
                return (l && htonl(l->public_ip) == note->fdb.remote_be) != note->del;
        case NLX_ADDR:
        case NLX_LINK:
        case NLX_LOST:
                break;
        }
        return false;
}

/**
 * struct survey - What of the wanted is there, by position in @wanted
 * @by_mac: Positions sorted by MAC address
 */
struct survey {
        bool *route, *neigh, *fdb;
        uint32_t *by_mac;
        size_t missing;
};

static void survey_drop(struct survey *s)
{
        free(s->route);
        free(s->neigh);
        free(s->fdb);
        free(s->by_mac);
}

static int compare_mac(const void *a, const void *b, void *arg)
{
        const struct lease *at = arg;

        return memcmp(at[*(const uint32_t *)a].mac, at[*(const uint32_t *)b].mac, LEASE_MAC_LEN);
}

static int survey_new(const struct peers *p, struct survey *s, struct err *e)
{
        size_t n = p->wanted.count + 1; /* calloc(0) may be NULL */

        s->route = calloc(n, sizeof *s->route);
        s->neigh = calloc(n, sizeof *s->neigh);
        s->fdb = calloc(n, sizeof *s->fdb);
        s->by_mac = calloc(n, sizeof *s->by_mac);
        if (!s->route || !s->neigh || !s->fdb || !s->by_mac)
                return err_oom(e);
        for (uint32_t i = 0; i < p->wanted.count; i++)
                s->by_mac[i] = i;
        qsort_r(s->by_mac, p->wanted.count, sizeof *s->by_mac, compare_mac, p->wanted.at);
        return 0;
}

static int survey_routes(struct peers *p, struct survey *s, struct nlx *nl, struct err *e)
{
        OWN(mem) struct nlx_route *all = NULL;
        size_t count;

        if (nlx_routes(nl, p->dev, &all, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                struct nlx_change del = { .what = NLX_ROUTE, .route = all[i] };
                struct ip4_net dst = { ntohl(all[i].dst_be), all[i].len };
                const struct lease *l = leases_find(&p->wanted, dst);

                if (route_right(p, &all[i]))
                        s->route[l - p->wanted.at] = true;
                else if (route_ours(p, &all[i]) && !(l && all[i].metric == 0) &&
                         collect_del(p, del, e) < 0) /* that one is replaced instead */
                        return -1;
        }
        return 0;
}

static int survey_neighs(struct peers *p, struct survey *s, struct nlx *nl, struct err *e)
{
        OWN(mem) struct nlx_neigh *all = NULL;
        size_t count;

        if (nlx_neighs(nl, p->dev, &all, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                struct nlx_change del = { .what = NLX_NEIGH, .neigh = all[i] };
                const struct lease *l = at_address(p, all[i].ip_be);

                if (neigh_right(p, &all[i]))
                        s->neigh[l - p->wanted.at] = true;
                else if (!l && all[i].permanent && collect_del(p, del, e) < 0)
                        return -1;
        }
        return 0;
}

/* By the sorted positions: which peer has this MAC address? */
static const struct lease *surveyed(const struct peers *p, const struct survey *s,
                                    const uint8_t *mac)
{
        size_t low = 0, high = p->wanted.count;
        const struct lease *at = p->wanted.at;

        while (low < high) {
                size_t mid = low + (high - low) / 2;

                if (memcmp(at[s->by_mac[mid]].mac, mac, LEASE_MAC_LEN) < 0)
                        low = mid + 1;
                else
                        high = mid;
        }
        if (low == p->wanted.count || memcmp(at[s->by_mac[low]].mac, mac, LEASE_MAC_LEN) != 0)
                return NULL;
        return &at[s->by_mac[low]];
}

static int survey_fdbs(struct peers *p, struct survey *s, struct nlx *nl, struct err *e)
{
        OWN(mem) struct nlx_fdb *all = NULL;
        size_t count;

        if (nlx_fdbs(nl, p->dev, &all, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                struct nlx_change del = { .what = NLX_FDB, .fdb = all[i] };
                const struct lease *l = surveyed(p, s, all[i].mac);

                if (l && htonl(l->public_ip) == all[i].remote_be)
                        s->fdb[l - p->wanted.at] = true;
                else if (!l && collect_del(p, del, e) < 0) /* a wrong end is replaced */
                        return -1;
        }
        return 0;
}

int peers_repair(struct peers *p, struct nlx *nl, size_t *ret_changes, struct err *e)
{
        OWN(survey) struct survey s = { 0 };

        p->stray = false;
        p->count = 0; /* the comparison finds whatever was collected, too */
        if (survey_new(p, &s, e) < 0 || survey_routes(p, &s, nl, e) < 0 ||
            survey_neighs(p, &s, nl, e) < 0 || survey_fdbs(p, &s, nl, e) < 0) {
                p->stray = true;
                return -1;
        }
        for (size_t i = 0; i < p->wanted.count; i++) {
                const struct lease *l = &p->wanted.at[i];
                struct nlx_change n = neigh_of(p, l), f = fdb_of(p, l), r = route_of(p, l);

                if ((!s.neigh[i] && collect(p, &n, e) < 0) ||
                    (!s.fdb[i] && collect(p, &f, e) < 0) || (!s.route[i] && collect(p, &r, e) < 0))
                        return -1;
        }
        *ret_changes = p->count;
        return peers_flush(p, nl, e);
}
