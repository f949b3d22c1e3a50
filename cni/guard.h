/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard: a container sends with its own address or not at all. The tag that
 * policies go by is found by the source address, so an address must not be for
 * the taking.
 */
#ifndef CNI_GUARD_H
#define CNI_GUARD_H

#include "netman/err.h"
#include "netman/fw_rule.h"
#include "netman/fw_tx.h"

#include <stdint.h>

/**
 * struct guard - One container's interface
 * @wait_ms: Bound on waiting for the locks of the table
 * @netns:  Path of the container's network namespace
 * @ifname: Interface inside it
 * @ip:     The one address it may send from
 */
struct guard {
        const char *lock_file, *handle, *netns, *ifname;
        int wait_ms;
        uint32_t ip;
};

/**
 * guard_add() - Bind the address to the host's end of the interface
 *
 * On a bridge: only packets that come through the container's port may have its
 * address as source, and packets of the bridge with any other source are dropped,
 * wherever they go; the port takes no MAC address but the container's, and frames
 * from it go to the host only. Without a bridge the host's end is held to its route
 * (rp_filter). Either way nothing from elsewhere has the address as source, and
 * IPv6, which no rule sees, is off. An interface that is no veth loses IPv6 only.
 */
int guard_add(const struct guard *g, struct err *e);

/** guard_remove() - By handle and interface: the rest need not be known; none is no error */
int guard_remove(const struct guard *g, struct err *e);

/** guard_leaves() - All containers' rules, in the table raw; see owner.h for whose they are */
int guard_leaves(struct fw_table *t, struct fw_rules *ret, struct err *e);

#endif
