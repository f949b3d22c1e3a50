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
 * @on:          false: leave the table alone
 * @rules, @bytes: Size of the table when we last looked at it all
 */
struct guard {
        bool on;
        uint16_t port;
        const char *lock_file;
        unsigned int rules, bytes;
};

/**
 * guard_sync() - Have the rules be right for these peers
 *
 * In one commit, or none if they are right already.
 */
int guard_sync(struct guard *g, const struct leases *peers, struct err *e);

/** guard_stray() - Has the table's size changed since guard_sync()? A cheap look */
bool guard_stray(const struct guard *g);

#endif
