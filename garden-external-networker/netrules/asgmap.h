/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: Net-out rules as a map
 *
 * A list of net-out rules says for each packet: passes, passes and is logged, or
 * neither; the first rule that fits decides. For a few rules the list itself goes
 * into the kernel. For many, it is turned into a map first: for each kind of
 * protocol, disjoint address ranges in order, each with disjoint port ranges in
 * order. A map can be searched like a tree, whatever the list looked like.
 */
#ifndef NETWORKER_ASGMAP_H
#define NETWORKER_ASGMAP_H

#include "garden-external-networker/ipc/request.h"
#include "netman/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kinds of protocol. ICMP's "port" is its type times 256 plus its code. */
enum asg_class { ASG_TCP, ASG_UDP, ASG_ICMP, ASG_OTHER, ASG_CLASSES };

/** struct span - Ports from @lo to @hi pass; @log: and are logged */
struct span {
        uint16_t lo, hi;
        bool log;
};

/** struct slab - Addresses from @lo to @hi; their ports are @count spans from @first on */
struct slab {
        uint32_t lo, hi;
        size_t first, count;
};

/**
 * struct asg_map - Slabs in order of addresses, spans of a slab in order of ports
 *
 * Slabs may share spans.
 */
struct asg_map {
        struct slab *slabs;
        size_t slab_count, slab_cap;
        struct span *spans;
        size_t span_count, span_cap;
};

/**
 * asg_map_make() - The map of a list for one kind of protocol
 * @e: FAULT_CONFLICT: the rules overlap so much that a map would be far greater
 *     than the list
 */
int asg_map_make(const struct egress_list *list, enum asg_class class, struct asg_map *ret,
                 struct err *e);
void asg_map_done(struct asg_map *map);

#endif
