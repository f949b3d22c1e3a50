/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other cells in the kernel's tables: for each a route to its subnet, a
 * permanent neighbour entry for its VTEP and a forwarding entry to its underlay
 * address. Changes are collected, then made together.
 */
#ifndef FLANNELD_PEERS_H
#define FLANNELD_PEERS_H

#include "cmd/flanneld/lease.h"
#include "netman/nl.h"

/**
 * struct peers - What the kernel is to know; all zero is nothing
 * @dev:     VXLAN device
 * @self:    Our own public address and subnet: no peer has them
 * @wanted:  Leases of the peers
 * @beaten:  Leases that cannot be programmed beside one of those
 * @changes: Collected, not yet made
 * @stray:   The kernel's tables may differ from @wanted: look
 */
struct peers {
        int dev;
        uint32_t vni;
        struct ip4_net network;
        struct ip4_net self;
        uint32_t self_ip;
        struct leases wanted;       /* owned */
        struct leases beaten;       /* owned */
        struct nlx_change *changes; /* owned */
        size_t count, cap;
        bool stray;
};

void peers_drop(struct peers *p);

/** peers_put() - A lease was made or changed; one that is no peer's goes */
int peers_put(struct peers *p, const struct lease *l, struct err *e);

/** peers_remove() - A lease has ended */
int peers_remove(struct peers *p, struct ip4_net subnet, struct err *e);

/** peers_set() - These are all leases there are */
int peers_set(struct peers *p, const struct leases *all, struct err *e);

/** peers_flush() - Make the collected changes; sets @stray if one fails */
int peers_flush(struct peers *p, struct nlx *nl, struct err *e);

/**
 * peers_repair() - Compare the kernel's tables with what is wanted, set right what differs
 * @ret_changes: How many changes that took
 *
 * Routes by our device into the overlay, permanent neighbours and forwarding
 * entries of our device that nobody wants are deleted.
 */
int peers_repair(struct peers *p, struct nlx *nl, size_t *ret_changes, struct err *e);

/** peers_agrees() - Is what the kernel tells has changed as it is wanted? */
bool peers_agrees(const struct peers *p, const struct nlx_change *note);

#endif
