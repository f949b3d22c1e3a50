/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: the plan: (settings, containers, policies) -> chains of the filter table
 *
 * A pure function: no clock, no files, no kernel; the order of its input does not
 * matter, and the same input gives the same bytes. What a packet meets:
 *
 *   vpa--forward   tunnel packets made by a container -> REJECT
 *                  forged overlay traffic -> DROP
 *                  from a container of ours -> vpa--src: tree on the source address
 *                        -> MARK with the tag of the source's app
 *                  established or related, to the overlay -> ACCEPT
 *                  the mark is kept with the connection
 *                  leaving by the overlay device, with a tag -> ACCEPT: its cell decides;
 *                  if connections are cut -> vpa--out: tree on the mark -> protocol, ports
 *                  overlay to overlay -> vpa--dst: tree on the destination address
 *                        -> vpa--to-APP: tree on the mark -> protocol, ports -> ACCEPT
 *                  overlay to overlay -> REJECT
 *
 * All steps inside a tree are gotos, so a packet that matches nothing comes back
 * to vpa--forward and meets the REJECT. All instances of an app share its chain.
 */
#ifndef VXLAN_POLICY_AGENT_PLAN_H
#define VXLAN_POLICY_AGENT_PLAN_H

#include "netman/agent_rules.h"
#include "netman/err.h"
#include "netman/fw_rule.h"
#include "netman/policy.h"
#include "netman/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_PREFIX  AGENT_PREFIX
#define PLAN_ROOT    AGENT_ROOT
#define PLAN_DST     AGENT_DST  /* where decisions on our containers as destinations start */
#define PLAN_OUT     "vpa--out" /* those on what leaves for other cells */
#define PLAN_TAG_MAX 0xffff     /* VXLAN's group policy id has 16 bits */

/**
 * struct plan_settings - What the plan needs to know of the configuration
 * @overlay:     Network of all containers of all cells
 * @subnet:      This cell's part of it; @overlay itself where that is not known
 * @device:      The overlay's device ("flannel.1")
 * @vtep_port:   UDP port of the overlay's tunnels: containers may not send there
 * @cut:         Connections whose policy is gone are being cut: none may be taken up
 *               again in the middle, and none may look like the answer to another.
 *               Two containers that both go on sending would otherwise find, each
 *               on its own cell, the other's datagrams to be replies; so nothing
 *               leaves that no policy of its app could be meant for.
 * @logging:     Log what policies accept, and what is refused for want of one
 * @accepted_udp_per_second, @denied_per_second: Rate limits of those logs
 * @tag_length:  Bytes in a tag, for its text in log prefixes
 */
struct plan_settings {
        struct fw_net overlay, subnet;
        char device[FW_IFACE_MAX + 1];
        uint16_t vtep_port;
        bool cut, logging;
        uint32_t accepted_udp_per_second, denied_per_second;
        unsigned int tag_length;
};

/**
 * struct plan_container - A container of this cell; strings are borrowed
 * @app: The policy group's id; NULL where it has none
 */
struct plan_container {
        const char *handle, *app;
        uint32_t ip;
};

struct plan_input {
        struct plan_settings settings;
        const struct plan_container *containers;
        size_t container_count;
        const struct policy *policies;
        size_t policy_count;
};

/** struct plan_chain - A chain with its rules */
struct plan_chain {
        char name[FW_CHAIN_MAX + 1];
        struct fw_rules rules;
};

/**
 * struct plan - Chains, sorted by name; all zero is a valid empty one
 * @rules:     Of all chains together
 * @bad_tags:  Policies left out because a tag is 0 or does not fit into VXLAN's 16 bits
 * @conflicts: Addresses left out because containers of two apps claim them
 */
struct plan {
        struct plan_chain *chains;
        size_t count, cap, rules, bad_tags, conflicts;
};

/**
 * plan_make() - Compile policies for this cell's containers
 * @ret: Emptied, then filled in; as it was on failure
 */
int plan_make(const struct plan_input *in, struct plan *ret, struct err *e);

/**
 * plan_allows() - May a connection be opened to a container of this cell?
 * @dst:   Its address
 * @tag:   The source app's
 * @proto: FW_TCP or FW_UDP
 */
bool plan_allows(const struct plan *p, uint32_t dst, uint32_t tag, uint8_t proto, uint16_t port);

/**
 * plan_lets_out() - May a connection be opened to some other cell?
 *
 * Only a plan with @cut knows; any other leaves it to that cell.
 */
bool plan_lets_out(const struct plan *p, uint32_t tag, uint8_t proto, uint16_t port);

/** plan_chain() - By name. Return: borrowed, or NULL */
const struct plan_chain *plan_chain(const struct plan *p, const char *name);

bool plan_same(const struct plan *a, const struct plan *b);

/** plan_print() - As "iptables -S" would show it */
void plan_print(const struct plan *p, struct str *out);
void plan_done(struct plan *p);

/* OWN(plan) struct plan p = { 0 }; */
static inline void plan_drop(struct plan *p)
{
        plan_done(p);
}

#endif
