/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals before anything is made, each with its remedy. */
#include "cmd/flanneld/underlay.h"

#include "netman/file.h"
#include "netman/log.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { OVERLAY_MTU_MIN = 576 };

uint32_t underlay_mtu(const struct underlay *u, const struct netconf *c)
{
        return (c->mtu ? c->mtu : u->link.mtu) - VXLAN_OVERHEAD;
}

static int check_mtu(const struct underlay *u, const struct netconf *c, struct err *e)
{
        uint32_t mtu = c->mtu ? c->mtu : u->link.mtu;

        if (mtu > u->link.mtu)
                return err_set(
                        e, FAULT_CONFLICT, 0,
                        "the configured MTU %u is greater than %s's %u: lower Backend.MTU or "
                        "raise the interface's",
                        mtu, u->link.name, u->link.mtu);
        if (mtu < OVERLAY_MTU_MIN + VXLAN_OVERHEAD)
                return err_set(
                        e, FAULT_CONFLICT, 0,
                        "MTU %u leaves less than %d bytes for the overlay: raise it to %d at "
                        "least",
                        mtu, (int)OVERLAY_MTU_MIN, OVERLAY_MTU_MIN + VXLAN_OVERHEAD);
        return 0;
}

/**
 * in_the_way() - Does a route lead packets of the overlay elsewhere?
 *
 * Not in the way: our device's own routes, and those of bridges and virtual
 * interfaces to parts of the overlay, which are the way to this cell's own
 * containers.
 */
static bool in_the_way(struct nlx *nl, const struct nlx_route *r, const struct netconf *c,
                       const char *device)
{
        struct ip4_net dst = { ntohl(r->dst_be), r->len };
        struct nlx_link l = { 0 };
        bool local;

        if (r->len == 0 || !ip4_net_overlap(dst, c->network))
                return false;
        if (nlx_link_get_index(nl, r->dev, &l, NULL) < 0)
                return false; /* gone since */
        local = strcmp(l.kind, "bridge") == 0 || strcmp(l.kind, "veth") == 0;
        return strcmp(l.name, device) != 0 && !(local && r->len > c->network.len && !r->via_be);
}

static int check_overlap(struct nlx *nl, const struct underlay *u, const struct netconf *c,
                         const char *device, struct err *e)
{
        OWN(mem) struct nlx_route *all = NULL;
        size_t count;

        if (ip4_net_has(c->network, u->local) || ip4_net_has(c->network, u->public_ip))
                return err_set(e, FAULT_CONFLICT, 0,
                               "the overlay %s contains this cell's underlay address %s: choose "
                               "another Network",
                               ip4_net_text(c->network).s, ip4_text(u->local).s);
        if (nlx_routes(nl, 0, &all, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                struct ip4_net dst = { ntohl(all[i].dst_be), all[i].len };
                struct nlx_link l = { .name = "?" };

                if (!in_the_way(nl, &all[i], c, device))
                        continue;
                (void)nlx_link_get_index(nl, all[i].dev, &l, NULL); /* only for its name */
                return err_set(
                        e, FAULT_CONFLICT, 0,
                        "the overlay %s overlaps the route to %s by %s and would cut this "
                        "cell off from it: choose another Network, or delete the route if it "
                        "is a left-over",
                        ip4_net_text(c->network).s, ip4_net_text(dst).s, l.name);
        }
        return 0;
}

/**
 * check_port() - Has a program taken the tunnel's UDP port?
 *
 * The kernel would say so only when the device is set up. Where there is a VXLAN
 * device with that port already the port is the kernel's.
 */
static int check_port(struct nlx *nl, const struct netconf *c, struct err *e)
{
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(c->port) };
        OWN(mem) struct nlx_link *all = NULL;
        OWN(fd) int fd = -1;
        size_t count;

        if (nlx_links(nl, &all, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (strcmp(all[i].kind, "vxlan") == 0 && all[i].vxlan.port == c->port)
                        return 0;
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) == 0)
                return 0;
        return err_set(e, FAULT_CONFLICT, 0,
                       "UDP port %u is in use: stop the program that has it ('ss -ulnp sport = "
                       ":%u' shows it) or set another Backend.Port for the whole network",
                       c->port, c->port);
}

int underlay_check(struct nlx *nl, const struct underlay *u, const struct netconf *c,
                   const char *device, struct err *e)
{
        if (check_mtu(u, c, e) < 0 || check_overlap(nl, u, c, device, e) < 0)
                return -1;
        return check_port(nl, c, e);
}

/* One of the kernel's limits. Return: false where it is not shown, as in other network
 * namespaces than the first. */
static bool neighbours_allowed(const char *path, int64_t *ret)
{
        OWN(str) struct str text = { 0 };

        if (file_read(path, 64, &text, NULL) < 0)
                return false;
        text.data[strcspn(text.data, "\n")] = '\0';
        return str_to_int(text.data, 0, INT32_MAX, ret, NULL) == 0;
}

bool underlay_warn_neighbours(size_t leases)
{
        /* Above 3 the kernel takes no more; above 2 it looks for some to drop each time. Up to
         * 1 it lets old ones be, which is nothing to permanent ones. */
        static const char *const paths[] = { "/proc/sys/net/ipv4/neigh/default/gc_thresh3",
                                             "/proc/sys/net/ipv4/neigh/default/gc_thresh2" };

        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
                int64_t most;

                if (!neighbours_allowed(paths[i], &most) || leases * 5 / 4 < (size_t)most)
                        continue;
                log_error("too-few-neighbours-allowed", LOG_STR("setting", paths[i]),
                          LOG_INT("is", most), LOG_INT("leases", leases),
                          LOG_STR("remedy", "raise net.ipv4.neigh.default.gc_thresh1, 2 and 3 to "
                                            "at least twice the number of cells"));
                return true;
        }
        return false;
}
