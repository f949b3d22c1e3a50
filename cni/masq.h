/* SPDX-License-Identifier: Apache-2.0 */
/* Masquerading: what a container sends outside the overlay leaves with the cell's address. */
#ifndef CNI_MASQ_H
#define CNI_MASQ_H

#include "netman/err.h"
#include "netman/fw_rule.h"
#include "netman/fw_tx.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * struct masq - Masquerading for one interface of a container
 * @wait_ms:   Bound on waiting for the locks of the table
 * @overlay:   Traffic to it keeps its address
 * @spare:     So does traffic to this network; @spare.len 0 for none
 */
struct masq {
        const char *lock_file, *handle, *ifname;
        int wait_ms;
        uint32_t ip;
        struct fw_net overlay, spare;
};

/** struct masq_left - What is known of a container's interfaces from their rules */
struct masq_left {
        uint32_t ip; /* of this one; 0: not known */
        bool others; /* are there other ones? */
};

/** masq_add() - @ret->others: the container has other interfaces already */
int masq_add(const struct masq *m, struct masq_left *ret, struct err *e);

/** masq_look() - Of which of the container's interfaces are there rules? Takes no lock */
int masq_look(const struct masq *m, struct masq_left *ret, struct err *e);

/** masq_remove() - By handle and interface: @m->ip need not be known; none is no error */
int masq_remove(const struct masq *m, struct err *e);

/** masq_leaves() - All containers' rules, in the table nat; see owner.h for whose they are */
int masq_leaves(struct fw_table *t, struct fw_rules *ret, struct err *e);

/** masq_check() - Is it there? FAULT_ABSENT if not */
int masq_check(const struct masq *m, struct err *e);

#endif
