/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/netman-doctor/checks.h"

#include "cni/subnet_env.h"
#include "garden-external-networker/manager/steps.h"
#include "netman/nl.h"
#include "netman/own.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define VXLAN_OVERHEAD 50 /* bytes of the envelope */

/**
 * check_ports() - Ports of the pool that the kernel also gives to outgoing connections
 */
static void check_ports(const struct config *c, struct report *r)
{
        static const char what[] = "host ports apart from ephemeral ports";
        const struct portalloc pa = step_ports(c);
        char remedy[80] = "choose another start_port";
        int64_t lo, hi, new_lo, new_hi;

        if (!portalloc_overlap(&pa, &lo, &hi)) {
                report_pass(r, what);
                return;
        }
        new_lo = lo;
        new_hi = hi;
        if (portalloc_apart(&pa, &new_lo, &new_hi))
                (void)snprintf(remedy, sizeof remedy,
                               "do: sysctl -w net.ipv4.ip_local_port_range='%d %d'", (int)new_lo,
                               (int)new_hi);
        report_warn(r, what, "the pool %d-%d overlaps net.ipv4.ip_local_port_range %d-%d; %s",
                    (int)c->start_port, (int)(c->start_port + c->total_ports - 1), (int)lo, (int)hi,
                    remedy);
}

static bool overlap(struct fw_net a, struct fw_net b)
{
        uint32_t mask = fw_mask(a.len < b.len ? a.len : b.len);

        return ((a.addr ^ b.addr) & mask) == 0;
}

/**
 * is_ours() - Does a route into the overlay belong there?
 *
 * To other cells through a VXLAN device, to our containers through a bridge or,
 * one by one, through their own devices.
 */
static bool is_ours(const struct nlx_link *link, const struct nlx_route *route)
{
        return strcmp(link->kind, "vxlan") == 0 || strcmp(link->kind, "bridge") == 0 ||
               (strcmp(link->kind, "veth") == 0 && route->len == 32);
}

static int find_overlap(const struct config *c, struct nlx *nl, char *ret, size_t ret_len,
                        struct err *e)
{
        OWN(mem) struct nlx_route *routes = NULL;
        size_t count;

        ret[0] = '\0';
        if (nlx_routes(nl, 0, &routes, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                const struct fw_net net = { ntohl(routes[i].dst_be), routes[i].len, false };
                struct nlx_link link;

                if (!net.len || !overlap(net, c->rules.overlay) ||
                    nlx_link_get_index(nl, routes[i].dev, &link, &(struct err){ 0 }) < 0 ||
                    is_ours(&link, &routes[i]))
                        continue;
                (void)snprintf(ret, ret_len, "route to %u.%u.%u.%u/%u on %s", net.addr >> 24,
                               net.addr >> 16 & 255, net.addr >> 8 & 255, net.addr & 255, net.len,
                               link.name);
        }
        return 0;
}

static void check_overlay(const struct config *c, struct report *r)
{
        static const char what[] = "overlay network apart from other routes";
        OWN(nlx) struct nlx *nl = NULL;
        char found[120];
        struct err e;

        if (!config_owns_rules(c))
                return;
        if (nlx_open(&nl, &e) < 0 || find_overlap(c, nl, found, sizeof found, &e) < 0)
                report_fail(r, what, "%s", e.msg);
        else if (*found)
                report_fail(r, what, "%s overlaps %s; choose another overlay_network", found,
                            c->rules.overlay_network);
        else
                report_pass(r, what);
}

/**
 * find_instance() - The interface that has the cell's address
 *
 * Return: 1 with @ret filled in; 0: there is none; -1: @e
 */
static int find_instance(uint32_t instance, struct nlx_link *ret, struct err *e)
{
        OWN(nlx) struct nlx *nl = NULL;
        OWN(mem) struct nlx_addr *addrs = NULL;
        size_t count;

        if (nlx_open(&nl, e) < 0 || nlx_addrs(nl, 0, &addrs, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (ntohl(addrs[i].ip_be) == instance)
                        return nlx_link_get_index(nl, addrs[i].dev, ret, e) < 0 ? -1 : 1;
        return 0;
}

/**
 * check_instance() - Without the address, port forwards match nothing
 */
static void check_instance(const struct config *c, struct report *r)
{
        static const char what[] = "instance_address is this cell's";
        struct nlx_link link;
        struct err e;
        int found;

        if (!c->rules.instance_addr)
                return;
        found = find_instance(c->rules.instance_addr, &link, &e);
        if (found < 0)
                report_fail(r, what, "%s", e.msg);
        else if (found)
                report_pass(r, what);
        else
                report_warn(r, what,
                            "no interface has %s; packets to host ports must arrive with it",
                            c->rules.instance_address);
}

void check_mtu(uint32_t instance, const char *subnet_file, struct report *r)
{
        static const char what[] = "MTU of containers fits the underlay";
        struct subnet_env env = { 0 };
        struct nlx_link link;
        struct err e;

        if (!instance || find_instance(instance, &link, &e) <= 0)
                report_warn(r, what,
                            "not looked at: no instance_address names the "
                            "underlay's interface");
        else if (subnet_env_read(subnet_file, &env, &e) < 0)
                report_fail(r, what, "%s; restart flanneld", e.msg);
        else if ((uint32_t)env.mtu + VXLAN_OVERHEAD > link.mtu)
                report_fail(r, what,
                            "%s gives them %d, and %s carries %u, %d of them for VXLAN; restart "
                            "flanneld, or set Backend.MTU in the network's configuration",
                            subnet_file, env.mtu, link.name, link.mtu, VXLAN_OVERHEAD);
        else
                report_pass(r, what);
}

void check_network(const struct config *c, struct report *r)
{
        check_ports(c, r);
        check_overlay(c, r);
        check_instance(c, r);
}
