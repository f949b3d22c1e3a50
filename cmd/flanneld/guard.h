/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: the guard at the tunnel's end
 *
 * A VXLAN packet says itself which app it comes from, so whoever can send one
 * can be any app. Before the kernel takes them out of their envelope they pass
 * INPUT, and there only those from the underlay addresses of known cells go on.
 * In table mangle:
 *
 *   INPUT            -p udp --dport 8472 -j flanneld--vtep
 *   flanneld--vtep   -j flanneld--peers        a dispatch tree; its leaves ACCEPT
 *                    -j DROP
 *
 * Cells come and go, and each commit costs the whole table: "mangle" holds nothing
 * else, while "filter" has the rules of all containers.
 *
 * A container of ours must not make such packets: they would leave with the cell's
 * own address. And what has come out of the tunnel from an app is for containers:
 * the cell's own services listen on its overlay addresses too. These are for ever
 * the same and want REJECT, so they are in table filter:
 *
 *   FORWARD          -s NETWORK -p udp --dport 8472 -j REJECT
 *   INPUT            -i DEVICE -m mark ! --mark 0 -j flanneld--cell
 *   flanneld--cell   -m state --state RELATED,ESTABLISHED -j RETURN
 *                    -j REJECT
 *
 * The rules outlive the daemon like everything else it makes. An older version had
 * all in filter: what it left there goes once the rules in mangle stand.
 */
#ifndef FLANNELD_GUARD_H
#define FLANNELD_GUARD_H

#include "cmd/flanneld/lease.h"
#include "cmd/flanneld/table.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * struct guard - How the rules are kept
 * @on:          false: there are to be none
 * @network:     The overlay
 * @device:      Its device; borrowed
 * @ips, @count: Addresses that have a leaf, sorted
 * @known:       That, and both sizes, are what we last set right
 * @mangle, @filter: The tables' sizes then
 * @doubt:       mangle had another size when we last changed it
 */
struct guard {
        bool on;
        uint16_t port;
        struct ip4_net network;
        const char *device, *lock_file;
        uint32_t *ips; /* owned */
        size_t count;
        bool known;
        struct table_size mangle, filter;
        bool doubt;
};

void guard_drop(struct guard *g);

/** guard_close() - Let in no cell but those that were let in before: for a device that is not up
 * yet */
int guard_close(const struct guard *g, struct err *e);

/**
 * guard_sync() - Have the rules be right for these peers
 *
 * @all: Look at every rule; else only at the leaves of addresses that came or went
 *
 * In one commit to each table, or none if they are right already.
 */
int guard_sync(struct guard *g, const struct leases *peers, bool all, struct err *e);

/** guard_stray() - May somebody have changed the rules? A cheap look at the tables' sizes */
bool guard_stray(const struct guard *g);

#endif
