/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/claim.h"

#include "cmd/flanneld/wait.h"
#include "netman/log.h"

#include <errno.h>
#include <string.h>

/* Somebody was faster: worth another try, unlike an exhausted network. */
static int lost_race(struct err *e)
{
        if (e && e->fault == FAULT_CONFLICT)
                e->sys = EAGAIN;
        return -1;
}

/**
 * take_up() - Go on with a lease that is ours
 *
 * One that names us exactly is only renewed: no other cell need hear of it.
 */
static int take_up(struct store *s, const struct claim *c, const struct lease *held,
                   struct lease *ret, int64_t *ret_ttl_s, struct err *e)
{
        struct lease l = c->cell;
        struct err why = { 0 };

        l.subnet = held->subnet;
        l.id = held->id;
        l.rev = held->rev;
        if (lease_same_cell(held, &l)) {
                if (store_renew(s, &l, c->ttl_s, ret_ttl_s, &why) == 0) {
                        *ret = l;
                        return 0;
                }
                if (why.fault != FAULT_ABSENT) {
                        if (e)
                                *e = why;
                        return -1;
                }
        }
        if (store_update(s, &l, c->ttl_s, e) < 0)
                return lost_race(e);
        *ret_ttl_s = l.id ? c->ttl_s : 0;
        *ret = l;
        return 0;
}

/**
 * ours() - Is this lease this cell's?
 *
 * By its public address; or, when that has changed, by the MAC address of our
 * device together with the subnet we had.
 */
static bool ours(const struct claim *c, const struct lease *held)
{
        if (held->public_ip == c->cell.public_ip)
                return true;
        return held->vxlan && ip4_net_same(held->subnet, c->previous) &&
               memcmp(held->mac, c->cell.mac, LEASE_MAC_LEN) == 0;
}

/* The subnet to ask for where no lease carries our address. */
static int choose(const struct claim *c, const struct leases *all, struct ip4_net *ret,
                  struct err *e)
{
        if (c->previous.len && netconf_fits(c->conf, c->previous) &&
            !leases_find(all, c->previous)) {
                *ret = c->previous;
                return 0;
        }
        return leases_pick(all, c->conf, wait_dice(), ret, e);
}

int claim_lease(struct store *s, const struct claim *c, const struct leases *all, struct lease *ret,
                int64_t *ret_ttl_s, struct err *e)
{
        struct lease l = c->cell;

        for (size_t i = 0; i < all->count; i++) {
                const struct lease *held = &all->at[i];

                if (!ours(c, held))
                        continue;
                if (netconf_fits(c->conf, held->subnet))
                        return take_up(s, c, held, ret, ret_ttl_s, e);
                log_info("old-lease-does-not-fit", LOG_STR("subnet", ip4_net_text(held->subnet).s),
                         LOG_STR("network", ip4_net_text(c->conf->network).s));
        }
        if (choose(c, all, &l.subnet, e) < 0)
                return -1;
        if (store_create(s, &l, c->ttl_s, e) < 0)
                return lost_race(e);
        *ret_ttl_s = c->ttl_s;
        *ret = l;
        return 0;
}
