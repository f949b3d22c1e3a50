/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: A container's chains in the kernel
 *
 * filter  FORWARD -> netman--forward -> netman--src (tree) -> netout--H
 *                                    -> netman--dst (tree) -> netman--overlay
 *         INPUT   -> netman--input (tree) -> input--H
 * nat     PREROUTING -> netman--netin (tree) -> netin--H
 *
 * Each call is one commit of one table. A tree's leaf has the handle as its
 * comment; shared chains and jumps go with the last container.
 */
#ifndef NETWORKER_NETRULES_H
#define NETWORKER_NETRULES_H

#include "garden-external-networker/ipc/request.h"
#include "garden-external-networker/netrules/conf.h"
#include "garden-external-networker/netrules/rules.h"
#include "netman/err.h"
#include "netman/fw_tx.h"

#include <stdbool.h>
#include <stddef.h>

/** netrules_where() - The locks that guard the tables of this cell */
struct fw_where netrules_where(const struct rules_conf *c);

/**
 * netrules_open() - Set up a container's filter chains, refusing all but its rules
 * @s:          Its names are chosen here: the cut ones, or hashed ones if those
 *              are another container's
 * @ret_hashed: Which of the two
 */
int netrules_open(const struct rules_conf *c, struct subject *s, const struct egress_list *rules,
                  bool *ret_hashed, struct err *e);

/**
 * netrules_egress_add() - Put net-out rules before those that are there
 * @e: FAULT_ABSENT if the container has no chain
 */
int netrules_egress_add(const struct rules_conf *c, const struct subject *s,
                        const struct egress_list *rules, struct err *e);

/** netrules_close() - Remove all filter rules and chains of a handle; none is no error */
int netrules_close(const struct rules_conf *c, const char *handle, struct err *e);

/** struct forward - A port forward, addresses and ports as in rules_netin() */
struct forward {
        uint32_t host_ip;
        struct net_in port;
};

/**
 * netrules_forward_anew() - Set up a container's nat chain
 * @e: FAULT_CONFLICT if a host port is another container's
 *
 * Forwards of other containers to its address go.
 */
int netrules_forward_anew(const struct rules_conf *c, const struct subject *s,
                          const struct forward *list, size_t count, struct err *e);

/** netrules_forward() - Add to it; @e as above */
int netrules_forward(const struct rules_conf *c, const struct subject *s, const struct forward *f,
                     struct err *e);

/** netrules_unforward() - Remove all nat rules and the chain of a handle; none is no error */
int netrules_unforward(const struct rules_conf *c, const char *handle, struct err *e);

#endif
