/* SPDX-License-Identifier: Apache-2.0 */
/* The VXLAN device: made, corrected, or made anew only if it must be. */
#ifndef FLANNELD_VTEP_H
#define FLANNELD_VTEP_H

#include "cmd/flanneld/netconf.h"
#include "netman/nl.h"

/**
 * struct vtep - The device as it is to be
 * @mac:     Its MAC address, as other cells know it; all zero: a device that is
 *           there keeps its own, a new one gets one by chance
 * @address: Its address, the subnet's .0; 0: not known yet
 * @network: The overlay; other addresses out of it are taken from the device
 */
struct vtep {
        char name[IFNAMSIZ];
        struct nlx_vxlan vxlan;
        uint32_t mtu;
        uint8_t mac[NLX_MAC_LEN];
        uint32_t address;
        struct ip4_net network;
};

/**
 * vtep_ensure() - Make the device be as it is to be; nothing is sent if it is
 * @ret: The device as it is then
 * @e:   FAULT_CONFLICT: another device or program has the port; tells the remedy
 */
int vtep_ensure(struct nlx *nl, const struct vtep *want, struct nlx_link *ret, struct err *e);

/** vtep_is_up() - Is it there and up, and need not be made anew? */
bool vtep_is_up(struct nlx *nl, const struct vtep *want);

#endif
