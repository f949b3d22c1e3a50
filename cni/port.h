/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's end of a container's interface, below IP: what a container can send
 * there, and whom it can make believe what.
 */
#ifndef CNI_PORT_H
#define CNI_PORT_H

#include "netman/err.h"
#include "netman/nl.h"

#include <stdint.h>

/**
 * struct port - A veth's end here; @veth is "" where the interface is no veth
 * @bridge: "" where the veth hangs on none
 * @mac:    Of the container's end
 */
struct port {
        char veth[IFNAMSIZ], bridge[IFNAMSIZ];
        int veth_dev, bridge_dev;
        uint8_t mac[NLX_MAC_LEN];
};

/**
 * port_find() - By the container's end
 * @netns: Path of the container's network namespace
 *
 * The container's end loses IPv6, whatever it is.
 */
int port_find(const char *netns, const char *ifname, struct port *ret, struct err *e);

/**
 * port_close() - Let nothing pass but what rules see
 *
 * IPv6 goes off. On a bridge, containers no longer see each other's frames: the
 * host answers for their addresses (proxy ARP) and routes between them, without
 * redirects: net.ipv4.conf.all.send_redirects becomes 0, which leaves every other
 * device to its own switch. Without a
 * bridge, the kernel drops what comes from an address that is not routed there.
 */
int port_close(const struct port *p, struct err *e);

/** port_know() - Have the host believe for good that @ip is at this port's MAC address */
int port_know(const struct port *p, uint32_t ip, struct err *e);

/** port_forget() - Undo port_know(); a bridge or an entry that is not there is no error */
int port_forget(const char *bridge, uint32_t ip, struct err *e);

#endif
