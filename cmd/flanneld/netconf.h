/* SPDX-License-Identifier: Apache-2.0 */
/* The network's configuration: one JSON document that all cells share. */
#ifndef FLANNELD_NETCONF_H
#define FLANNELD_NETCONF_H

#include "cmd/flanneld/ip4.h"
#include "netman/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        VXLAN_OVERHEAD = 50, /* bytes that the envelope adds to an IPv4 packet */
        VXLAN_DEFAULT_VNI = 1,
        VXLAN_DEFAULT_PORT = 8472, /* Linux' own, from before 4789 was assigned */
};

/**
 * struct netconf - What the document says, defaults filled in
 * @subnet_len:  Prefix length of a cell's subnet
 * @min, @max:   First and last subnet that is handed out
 * @mtu:         Of the underlay; 0: that of the interface
 * @gbp:         VXLAN packets carry the group policy id
 * @direct:      Asked for direct routing, which would lose the group policy id
 * @other:       Backend type that is not ours; "" when it is
 */
struct netconf {
        struct ip4_net network;
        uint8_t subnet_len;
        uint32_t min, max;
        uint32_t vni;
        uint16_t port;
        uint32_t mtu;
        bool gbp;
        bool direct;
        char other[32];
};

/**
 * netconf_parse() - Read and check the document
 * @e: FAULT_BAD_INPUT naming the key
 *
 * Keys are taken in any case, as flannel takes them; unknown keys are ignored.
 */
int netconf_parse(const char *text, size_t len, struct netconf *ret, struct err *e);

/** netconf_fits() - Is @subnet one that this configuration hands out? */
bool netconf_fits(const struct netconf *c, struct ip4_net subnet);

#endif
