/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: the kernel's side of the overlay
 *
 * Underlay, device, peers and rules as they are to be, and what makes the kernel
 * be so: at the start, when leases change, and when somebody else changed
 * something. All of it belongs to one thread.
 */
#ifndef FLANNELD_OVERLAY_H
#define FLANNELD_OVERLAY_H

#include "cmd/flanneld/join.h"
#include "cmd/flanneld/patience.h"
#include "cmd/flanneld/peers.h"
#include "cmd/flanneld/rules.h"
#include "netman/metrics.h"

/**
 * struct chore - Something that may have to be set right
 * @stray:    It may differ from what it is to be: look
 * @patience: When that fails
 */
struct chore {
        bool stray;
        struct patience patience;
};

/**
 * struct overlay - All of it
 * @underlay, @device: Looked at when we hear of a change; peers and rules know for
 *                     themselves whether they are stray
 * @tables, @filters:  The patience with peers and rules
 * @repaired_ms:       When something was last set right
 * @looked_ms:         When we last looked at the iptables rules
 * @warned:            That the kernel keeps too few neighbours was said
 */
struct overlay {
        const struct options *o;
        struct metrics *metrics; /* borrowed */
        struct nlx *nl;
        struct nlx_watch *watch;
        struct joined j;
        struct peers peers;
        struct rules rules;
        struct chore underlay, device;
        struct patience tables, filters;
        int64_t repaired_ms, looked_ms;
        bool warned;
};

/** overlay_open() - Connect to the kernel: we hear of changes from here on */
int overlay_open(struct overlay *ov, const struct options *o, struct metrics *m, struct err *e);
void overlay_drop(struct overlay *ov);

/**
 * overlay_join() - From nothing to a lease, a device, peers, rules and subnet.env
 * @end_fd: Readable when the daemon is to end
 *
 * Whatever the store cannot answer now, or a lock keeps from us, is tried again.
 *
 * Return: 1, joined; 0, told to end; -1: @e
 */
int overlay_join(struct overlay *ov, int end_fd, struct err *e);

/** overlay_write_env() - subnet.env, for the CNI plugin */
int overlay_write_env(const struct overlay *ov, struct err *e);

/** overlay_hear_neighbours() - Be told of our device's neighbours only */
void overlay_hear_neighbours(struct overlay *ov);

/** overlay_flush() - Make the changes collected in @peers. @start_us: when news of them came */
void overlay_flush(struct overlay *ov, int64_t start_us);

/** overlay_sync_rules() - Have the iptables rules follow the peers */
int overlay_sync_rules(struct overlay *ov, bool all, struct err *e);

/** overlay_fd() - Readable when the kernel has something to tell; then overlay_hear() */
int overlay_fd(const struct overlay *ov);
int overlay_hear(struct overlay *ov, struct err *e);

/** overlay_due_ms() - When there is something to do unasked, by clock_ms(); INT64_MAX: never */
int64_t overlay_due_ms(const struct overlay *ov);

/** overlay_do_due() - Do what is due */
void overlay_do_due(struct overlay *ov);

#endif
