/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: the guard at the tunnel's end
 *
 * A VXLAN packet says itself which app it comes from, so whoever can send one
 * can be any app. Before the kernel takes them out of their envelope they pass
 * INPUT, and there only those from the underlay addresses of known cells go on:
 *
 *   INPUT            -p udp --dport 8472 -j flanneld--vtep
 *   flanneld--vtep   -j flanneld--peers        a dispatch tree; its leaves ACCEPT
 *                    -j DROP
 *
 * A container of ours must not make such packets: they would leave with the cell's
 * own address. And what has come out of the tunnel from an app is for containers:
 * the cell's own services listen on its overlay addresses too.
 *
 *   FORWARD          -s NETWORK -p udp --dport 8472 -j REJECT
 *   INPUT            -i DEVICE -m mark ! --mark 0 -j flanneld--cell
 *   flanneld--cell   -m state --state RELATED,ESTABLISHED -j RETURN
 *                    -j REJECT
 *
 * The rules outlive the daemon like everything else it makes.
 */
#ifndef FLANNELD_GUARD_H
#define FLANNELD_GUARD_H

#include "cmd/flanneld/lease.h"
#include "netman/fw_tx.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * struct guard - How the rules are kept
 * @on:            false: there are to be none
 * @network:       The overlay
 * @device:        Its device; borrowed
 * @ips, @count:   Addresses that have a leaf, sorted
 * @rules, @bytes: Size of the table when we last set it right; 0: never
 * @doubt:         It had another size when we last changed it
 */
struct guard {
        bool on;
        uint16_t port;
        struct ip4_net network;
        const char *device, *lock_file;
        uint32_t *ips; /* owned */
        size_t count;
        unsigned int rules, bytes;
        bool doubt;
};

void guard_drop(struct guard *g);

/**
 * guard_sync() - Have the rules be right for these peers
 *
 * @all: Look at every leaf; else only at those of addresses that came or went
 *
 * In one commit, or none if they are right already.
 */
int guard_sync(struct guard *g, const struct leases *peers, bool all, struct err *e);

/** guard_stray() - May somebody have changed the rules? A cheap look at the table's size */
bool guard_stray(const struct guard *g);

#endif
