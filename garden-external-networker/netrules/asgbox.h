/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: Net-out rules as boxes in layers
 *
 * Every net-out rule allows; all that their order decides is whether a packet is
 * logged. So order matters only between rules that overlap and differ in that, and
 * the list can be sorted into layers that are looked at one after the other:
 *
 *   the layer of a rule is the first above those of all earlier rules that overlap
 *   it and differ in that.
 *
 * Of all rules that fit a packet, be F the first in the list. Another that fits and
 * differs from F comes later in the list and overlaps it (they share the packet), so
 * its layer is above F's. Therefore the lowest layer that has any rule for the packet
 * says what F says, whatever stands in what order inside a layer: rules of a layer that
 * share a packet agree. A list is one layer, however much it overlaps, where none logs,
 * or all do, or those that log share no packet with those that do not.
 */
#ifndef NETWORKER_ASGBOX_H
#define NETWORKER_ASGBOX_H

#include "garden-external-networker/ipc/request.h"
#include "netman/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/**
 * struct asg_box - A rule's addresses and kinds of packet, ends included
 * @kind_lo, @kind_hi: Protocol and port as one number, so that any protocol is a
 *                     range, too: TCP's ports from 0 on, UDP's from 0x10000 on, ICMP's
 *                     types times 256 plus codes from 0x20000 on, others from 0x30000 on
 * @rank:  Position in the list
 * @layer: From 1 on
 */
struct asg_box {
        uint32_t lo, hi, kind_lo, kind_hi;
        uint32_t rank, layer;
        bool log;
};

/** struct asg_boxes - Boxes in order of layers; inside a layer as by asg_box_cmp() */
struct asg_boxes {
        struct asg_box *items;
        size_t count;
};

static inline void asg_boxes_drop(struct asg_boxes *boxes)
{
        free(boxes->items);
}

/**
 * asg_boxes_make() - A list's boxes; what no packet fits, or an earlier rule says in
 *                    the same words, is left out
 * @log_all: All of them log
 */
int asg_boxes_make(const struct egress_list *list, bool log_all, struct asg_boxes *ret,
                   struct err *e);

/** asg_box_proto() - FW_ANY, FW_TCP, FW_UDP, FW_ICMP */
uint8_t asg_box_proto(const struct asg_box *box);

/** asg_box_cmp() - For qsort(): by protocol, FW_ANY first, then addresses, then kinds */
int asg_box_cmp(const void *a, const void *b);

#endif
