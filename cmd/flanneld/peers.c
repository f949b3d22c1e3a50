/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/peers.h"

#include "cmd/flanneld/peers_parts.h"
#include "netman/grow.h"
#include "netman/log.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

void peers_drop(struct peers *p)
{
        leases_drop(&p->wanted);
        leases_drop(&p->beaten);
        free(p->changes);
}

int peers_collect(struct peers *p, const struct nlx_change *c, struct err *e)
{
        if (grow(&p->changes, p->count, &p->cap, sizeof *p->changes, e) < 0)
                return -1;
        p->changes[p->count++] = *c;
        return 0;
}

struct nlx_change peers_route(const struct peers *p, const struct lease *l)
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

struct nlx_change peers_neigh(const struct peers *p, const struct lease *l)
{
        struct nlx_change c = { .what = NLX_NEIGH };

        c.neigh = (struct nlx_neigh){ .dev = p->dev, .ip_be = htonl(l->subnet.ip) };
        memcpy(c.neigh.mac, l->mac, sizeof c.neigh.mac);
        return c;
}

struct nlx_change peers_fdb(const struct peers *p, const struct lease *l)
{
        struct nlx_change c = { .what = NLX_FDB };

        c.fdb = (struct nlx_fdb){ .dev = p->dev, .remote_be = htonl(l->public_ip) };
        memcpy(c.fdb.mac, l->mac, sizeof c.fdb.mac);
        return c;
}

int peers_collect_del(struct peers *p, struct nlx_change c, struct err *e)
{
        c.del = true;
        return peers_collect(p, &c, e);
}

/* Route last: the first packet finds neighbour and tunnel end in place. */
static int collect_new(struct peers *p, const struct lease *l, struct err *e)
{
        struct nlx_change n = peers_neigh(p, l), f = peers_fdb(p, l), r = peers_route(p, l);

        return peers_collect(p, &n, e) | peers_collect(p, &f, e) | peers_collect(p, &r, e);
}

static int collect_gone(struct peers *p, const struct lease *l, struct err *e)
{
        return peers_collect_del(p, peers_route(p, l), e) |
               peers_collect_del(p, peers_neigh(p, l), e) |
               peers_collect_del(p, peers_fdb(p, l), e);
}

/* A lease whose cell changed: only what differs; its route stays. */
static int collect_moved(struct peers *p, const struct lease *was, const struct lease *is,
                         struct err *e)
{
        struct nlx_change f = peers_fdb(p, is), n = peers_neigh(p, is);

        if (memcmp(was->mac, is->mac, sizeof is->mac) == 0)
                return peers_collect(p, &f, e);
        return peers_collect(p, &f, e) | peers_collect(p, &n, e) |
               peers_collect_del(p, peers_fdb(p, was), e);
}

/* flannel before 0.24 tells 16 bits of a VNI, before 0.14 it tells none. */
static bool same_tunnel(const struct peers *p, const struct lease *l)
{
        return l->vxlan &&
               (l->vni == p->vni || l->vni == (p->vni & UINT16_MAX) || l->vni == LEASE_VNI_UNSAID);
}

/**
 * is_peer() - Is this the lease of another cell that we can reach?
 */
static bool is_peer(const struct peers *p, const struct lease *l)
{
        if (ip4_net_same(l->subnet, p->self))
                return false;
        if (!same_tunnel(p, l))
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

static bool same_mac(const struct lease *a, const struct lease *b)
{
        return memcmp(a->mac, b->mac, LEASE_MAC_LEN) == 0;
}

/**
 * rivals() - Can only one of two leases be programmed?
 *
 * One MAC address can be at one place only: two leases have it when a machine was
 * copied, or when a cell came back under another address while its old lease is
 * still running out. And subnets of two lengths that begin with the same address
 * would have one VTEP address.
 */
static bool rivals(const struct lease *a, const struct lease *b)
{
        return !ip4_net_same(a->subnet, b->subnet) &&
               (same_mac(a, b) || a->subnet.ip == b->subnet.ip);
}

/* Of two rivals the newer has the MAC address, the older the VTEP address. */
static bool beats(const struct lease *a, const struct lease *b)
{
        if (same_mac(a, b))
                return a->rev >= b->rev;
        return a->rev < b->rev;
}

static void tell_rivals(const struct lease *a, const struct lease *b)
{
        if (same_mac(a, b))
                log_error("two-leases-with-one-mac-address", LOG_STR("mac", mac_text(a->mac).s),
                          LOG_STR("subnet", ip4_net_text(a->subnet).s),
                          LOG_STR("other", ip4_net_text(b->subnet).s));
        else
                log_error("lease-out-of-place", LOG_STR("subnet", ip4_net_text(a->subnet).s),
                          LOG_STR("other", ip4_net_text(b->subnet).s));
}

/* Take a peer out of what is wanted. */
static int forget(struct peers *p, struct ip4_net subnet, struct err *e)
{
        const struct lease *was = leases_find(&p->wanted, subnet);

        if (!was)
                return 0;
        if (collect_gone(p, was, e) < 0)
                return -1;
        leases_remove(&p->wanted, subnet);
        return 0;
}

/**
 * settle_rivals() - Keep those that are beaten aside: they come back when who beat them goes
 *
 * Return: 1: @l is to be programmed; 0: it is beaten; -1: @e
 */
static int settle_rivals(struct peers *p, const struct lease *l, struct err *e)
{
        const struct lease *found[] = { with_mac(p, l->mac),
                                        peers_at_address(p, htonl(l->subnet.ip)) };
        struct lease lost[2];
        size_t count = 0;

        for (size_t i = 0; i < 2; i++) {
                if (!found[i] || !rivals(found[i], l))
                        continue;
                tell_rivals(l, found[i]);
                if (!beats(l, found[i]))
                        return leases_put(&p->beaten, l, e) < 0 ? -1 : 0;
                lost[count++] = *found[i];
        }
        for (size_t i = 0; i < count; i++)
                if (leases_put(&p->beaten, &lost[i], e) < 0 || forget(p, lost[i].subnet, e) < 0)
                        return -1;
        return 1;
}

/* Nobody stands in the way of those any more whom @gone had beaten. */
static int take_back(struct peers *p, const struct lease *gone, struct err *e)
{
        OWN(leases) struct leases set = p->beaten;

        p->beaten = (struct leases){ 0 };
        for (size_t i = 0; i < set.count; i++)
                if ((rivals(&set.at[i], gone) ? peers_put(p, &set.at[i], e)
                                              : leases_put(&p->beaten, &set.at[i], e)) < 0)
                        return -1;
        return 0;
}

/* Have @l be wanted; @was: what its subnet's lease said before, or NULL. */
static int want(struct peers *p, const struct lease *was, const struct lease *l, struct err *e)
{
        if (!was && collect_new(p, l, e) < 0)
                return -1;
        if (was && !lease_same_cell(was, l) && collect_moved(p, was, l, e) < 0)
                return -1;
        return leases_put(&p->wanted, l, e);
}

int peers_put(struct peers *p, const struct lease *l, struct err *e)
{
        const struct lease *found = leases_find(&p->wanted, l->subnet);
        struct lease was = found ? *found : (struct lease){ 0 };
        int wins;

        if (!is_peer(p, l))
                return peers_remove(p, l->subnet, e);
        leases_remove(&p->beaten, l->subnet);
        wins = settle_rivals(p, l, e);
        if (wins < 0)
                return -1;
        if ((wins ? want(p, found ? &was : NULL, l, e) : forget(p, l->subnet, e)) < 0)
                return -1;
        return found && !same_mac(&was, l) ? take_back(p, &was, e) : 0;
}

int peers_remove(struct peers *p, struct ip4_net subnet, struct err *e)
{
        const struct lease *was = leases_find(&p->wanted, subnet);
        struct lease gone;

        leases_remove(&p->beaten, subnet);
        if (!was)
                return 0;
        gone = *was;
        return forget(p, subnet, e) < 0 ? -1 : take_back(p, &gone, e);
}

int peers_set(struct peers *p, const struct leases *all, struct err *e)
{
        p->beaten.count = 0; /* they are among @all, or gone */
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
const struct lease *peers_at_address(const struct peers *p, uint32_t ip_be)
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

bool peers_route_right(const struct peers *p, const struct nlx_route *r)
{
        struct ip4_net dst = { ntohl(r->dst_be), r->len };

        return leases_find(&p->wanted, dst) && r->via_be == r->dst_be && r->onlink && !r->metric;
}

bool peers_route_ours(const struct peers *p, const struct nlx_route *r)
{
        return ip4_net_has(p->network, ntohl(r->dst_be)) && r->len > p->network.len;
}

bool peers_neigh_right(const struct peers *p, const struct nlx_neigh *n)
{
        const struct lease *l = peers_at_address(p, n->ip_be);

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
                return peers_route_right(p, &note->route) || !peers_route_ours(p, &note->route);
        case NLX_NEIGH:
                if (note->del)
                        return !peers_at_address(p, note->neigh.ip_be);
                return peers_neigh_right(p, &note->neigh) ||
                       (!note->neigh.permanent && !peers_at_address(p, note->neigh.ip_be));
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
