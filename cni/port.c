/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: below IP. A bridge believes what it hears: whoever sends a frame from
 * another's MAC address gets the other's frames, whoever answers ARP for another's
 * address its packets, and frames that are no IPv4 meet no rule at all. So a port
 * is isolated (frames go to the host or nowhere), bound to one MAC address, and the
 * host's neighbour entry is permanent (ARP does not change it).
 */
#include "cni/port.h"

#include "netman/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** struct inside - What the container's end tells */
struct inside {
        int peer;
        uint8_t mac[NLX_MAC_LEN];
};

/**
 * set_device() - Set one of a device's switches
 * @kind: Folder below /proc/sys/net: "ipv4/conf", …
 */
static int set_device(const char *kind, const char *device, const char *key, const char *value,
                      struct err *e)
{
        OWN(fd) int fd = -1;
        char path[80];

        (void)snprintf(path, sizeof path, "/proc/sys/net/%s/%s/%s", kind, device, key);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, value, strlen(value)) < 0)
                return err_set(e, errno == ENOENT ? FAULT_ABSENT : FAULT_SYSTEM, errno, "%s", path);
        return 0;
}

/**
 * no_ipv6() - Switch IPv6 off; without the switch there is none
 */
static int no_ipv6(const char *device, struct err *e)
{
        struct err why = { 0 };

        if (set_device("ipv6/conf", device, "disable_ipv6", "1", &why) == 0 ||
            why.fault == FAULT_ABSENT)
                return 0;
        *e = why;
        return -1;
}

static int enter(void *arg, void *result, struct err *e)
{
        OWN(nlx) struct nlx *nl = NULL;
        struct nlx_link link = { 0 };
        struct inside *in = result;
        struct err why = { 0 };

        if (no_ipv6(arg, e) < 0 || nlx_open(&nl, e) < 0)
                return -1;
        if (nlx_link_get(nl, arg, &link, &why) < 0 && why.fault != FAULT_ABSENT) {
                *e = why;
                return -1;
        }
        in->peer = strcmp(link.kind, "veth") == 0 ? link.peer : 0;
        memcpy(in->mac, link.mac, sizeof in->mac);
        return 0;
}

int port_find(const char *netns, const char *ifname, struct port *ret, struct err *e)
{
        OWN(nlx) struct nlx *nl = NULL;
        struct nlx_link veth = { 0 }, bridge = { 0 };
        OWN(fd) int ns = -1;
        char name[IFNAMSIZ];
        struct inside in = { 0 };

        *ret = (struct port){ 0 };
        (void)snprintf(name, sizeof name, "%s", ifname);
        if (netns_open(netns, &ns, e) < 0 || netns_visit(ns, enter, name, &in, e) < 0 ||
            nlx_open(&nl, e) < 0)
                return -1;
        if (!in.peer)
                return 0;
        if (nlx_link_get_index(nl, in.peer, &veth, e) < 0)
                return -1;
        memcpy(ret->veth, veth.name, sizeof ret->veth);
        memcpy(ret->mac, in.mac, sizeof ret->mac);
        ret->veth_dev = veth.index;
        if (!veth.master)
                return 0;
        if (nlx_link_get_index(nl, veth.master, &bridge, e) < 0)
                return -1;
        memcpy(ret->bridge, bridge.name, sizeof ret->bridge);
        ret->bridge_dev = bridge.index;
        return 0;
}

static int close_bridge(const struct port *p, struct err *e)
{
        OWN(nlx) struct nlx *nl = NULL;

        /*
         * Answer for the others, and at once: the kernel waits up to 0.8 s by default.
         * Nor tell a container that goes through the host of a shorter way, which it
         * cannot take: that uses up what the kernel grants it in ICMP errors, and the
         * next refusal would be kept from it. The kernel tells unless both say no;
         * "all" alone changes nothing for other devices, whose own default is yes.
         */
        if (no_ipv6(p->bridge, e) < 0 ||
            set_device("ipv4/neigh", p->bridge, "proxy_delay", "0", e) < 0 ||
            set_device("ipv4/conf", p->bridge, "proxy_arp_pvlan", "1", e) < 0 ||
            set_device("ipv4/conf", p->bridge, "send_redirects", "0", e) < 0 ||
            set_device("ipv4/conf", "all", "send_redirects", "0", e) < 0 || nlx_open(&nl, e) < 0)
                return -1;
        return nlx_port_bind(nl, p->veth_dev, p->mac, e);
}

int port_close(const struct port *p, struct err *e)
{
        if (no_ipv6(p->veth, e) < 0)
                return -1;
        return p->bridge[0] ? close_bridge(p, e)
                            : set_device("ipv4/conf", p->veth, "rp_filter", "1", e);
}

int port_know(const struct port *p, uint32_t ip, struct err *e)
{
        OWN(nlx) struct nlx *nl = NULL;
        struct nlx_change set = { .what = NLX_NEIGH };

        if (!p->bridge[0])
                return 0;
        set.neigh = (struct nlx_neigh){ .dev = p->bridge_dev, .ip_be = htonl(ip) };
        memcpy(set.neigh.mac, p->mac, sizeof set.neigh.mac);
        return nlx_open(&nl, e) < 0 ? -1 : nlx_apply(nl, &set, 1, e);
}

int port_forget(const char *bridge, uint32_t ip, struct err *e)
{
        OWN(nlx) struct nlx *nl = NULL;
        struct nlx_change cut = { .what = NLX_NEIGH, .del = true };
        struct nlx_link link = { 0 };
        struct err why = { 0 };

        if (nlx_open(&nl, e) < 0)
                return -1;
        if (nlx_link_get(nl, bridge, &link, &why) < 0) {
                if (why.fault == FAULT_ABSENT)
                        return 0;
                *e = why;
                return -1;
        }
        cut.neigh = (struct nlx_neigh){ .dev = link.index, .ip_be = htonl(ip) };
        return nlx_apply(nl, &cut, 1, e);
}
