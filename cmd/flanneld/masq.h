/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: --ip-masq
 *
 * Packets that leave the overlay get the cell's address, as flannel's daemon
 * has it: not those from container to container, and not multicast; and those
 * that come from elsewhere for another cell's containers, so that their answers
 * find back.
 *
 *   POSTROUTING      -j flanneld--masq
 */
#ifndef FLANNELD_MASQ_H
#define FLANNELD_MASQ_H

#include "cmd/flanneld/ip4.h"
#include "cmd/flanneld/table.h"

/**
 * struct masq - How the rules are kept
 * @on:  false: there are to be none
 * @nat: Size of the table when we last set it right
 */
struct masq {
        bool on;
        struct ip4_net network, subnet;
        const char *lock_file;
        struct table_size nat;
};

/** masq_sync() - Have the rules be right */
int masq_sync(struct masq *m, struct err *e);

/** masq_stray() - Has the table's size changed since masq_sync()? A cheap look */
bool masq_stray(const struct masq *m);

#endif
