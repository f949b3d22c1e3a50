/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joining: from nothing to a lease and a device. Whatever the store cannot
 * answer now is asked again until it can or the daemon is told to end.
 */
#ifndef FLANNELD_JOIN_H
#define FLANNELD_JOIN_H

#include "cmd/flanneld/netconf.h"
#include "cmd/flanneld/options.h"
#include "cmd/flanneld/underlay.h"
#include "cmd/flanneld/vtep.h"

/**
 * struct joined - What came of it
 * @all, @rev: All leases as they were just before ours was taken
 * @made:      There was no device before
 * @left_s:    Seconds our lease lives; 0: for ever
 */
struct joined {
        struct netconf conf;
        struct underlay underlay;
        struct vtep vtep;
        struct nlx_link device;
        bool made;
        struct lease lease;
        int64_t left_s;
        struct leases all; /* owned */
        int64_t rev;
};

void joined_drop(struct joined *j);

/** join_check() - Can this be begun with? Reads files, but speaks with nobody */
int join_check(const struct options *o, struct err *e);

/** joined_describe() - The device, as far as it follows from @conf and @underlay */
void joined_describe(struct joined *j);

/**
 * join_network() - First half: the underlay and the network's configuration
 * @end_fd: Readable when the daemon is to end
 *
 * Return: 1, done; 0, told to end; -1: @e
 */
int join_network(const struct options *o, struct nlx *nl, struct store *s, int end_fd,
                 struct joined *ret, struct err *e);

/** join_lease() - Second half: a lease, and the device, which is up then. Return: likewise */
int join_lease(const struct options *o, struct nlx *nl, struct store *s, int end_fd,
               struct joined *j, struct err *e);

#endif
