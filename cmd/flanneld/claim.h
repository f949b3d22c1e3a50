/* SPDX-License-Identifier: Apache-2.0 */
/* Get this cell's lease: the one it has, the one it had, or a free one. */
#ifndef FLANNELD_CLAIM_H
#define FLANNELD_CLAIM_H

#include "cmd/flanneld/netconf.h"
#include "cmd/flanneld/store.h"

/**
 * struct claim - What this cell asks for
 * @cell:     Public address, VNI and MAC address
 * @previous: Subnet it had before, or length 0
 * @ttl_s:    Life of the lease without renewal
 */
struct claim {
        const struct netconf *conf;
        struct lease cell;
        struct ip4_net previous;
        int64_t ttl_s;
};

/**
 * claim_lease() - One attempt
 * @all:       All leases, as just listed
 * @ret:       Our lease
 * @ret_ttl_s: Seconds that it lives from now; 0: for ever
 * @e:         FAULT_CONFLICT with sys EAGAIN: another cell was faster, list and
 *             try again; without: the network is exhausted
 */
int claim_lease(struct store *s, const struct claim *c, const struct leases *all, struct lease *ret,
                int64_t *ret_ttl_s, struct err *e);

#endif
