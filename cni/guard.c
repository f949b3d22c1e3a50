/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: chains of the raw table, whose PREROUTING is the first to see a packet,
 * bridged, routed or for ourselves, and where it still knows its bridge port:
 *
 *   PREROUTING     -i BRIDGE -j netman--bound      (last: rules of others come first)
 *                  -j netman--home                 tree on the source address
 *   netman--bound  -j netman--port                 tree on the source address
 *                  -j DROP
 *   …port-…        -s IP/32 -m physdev --physdev-in VETH -j ACCEPT
 *   …home-…        -s IP/32 ! -i BRIDGE -j DROP
 *
 * netman--bound binds what comes from a bridge; netman--home keeps the cell's
 * neighbours from sending with a container's address. If
 * net.bridge.bridge-nf-call-iptables is off, packets that the bridge hands up come
 * without a port, no leaf matches, and all are dropped: closed, not open.
 *
 * All rules are for IPv4. A bridge switches IPv6 as well, and every device gives
 * itself an address of it, so it is switched off at both ends of the interface.
 */
#include "cni/guard.h"

#include "cni/owner.h"
#include "netman/fw_dispatch.h"
#include "netman/fw_tx.h"
#include "netman/netns.h"
#include "netman/nl.h"
#include "netman/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHAIN_BOUND "netman--bound"
#define CHAIN_PORT  "netman--port"
#define CHAIN_HOME  "netman--home"
#define HOOK        "PREROUTING"

static const struct fw_tree port_tree = { CHAIN_PORT, FW_BY_SRC };
static const struct fw_tree home_tree = { CHAIN_HOME, FW_BY_SRC };

/** struct port - The host's end of a container's interface; names "" where there is none */
struct port {
        char veth[IFNAMSIZ], bridge[IFNAMSIZ];
};

/* ---- Which port is it? ---- */

/**
 * set_device() - Set one of a device's switches
 * @family: "ipv4" or "ipv6"
 */
static int set_device(const char *family, const char *device, const char *key, struct err *e)
{
        OWN(fd) int fd = -1;
        char path[80];

        (void)snprintf(path, sizeof path, "/proc/sys/net/%s/conf/%s/%s", family, device, key);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, "1\n", 2) != 2)
                return err_set(e, errno == ENOENT ? FAULT_ABSENT : FAULT_SYSTEM, errno, "%s", path);
        return 0;
}

/**
 * no_ipv6() - Switch IPv6 off; without the switch there is none
 */
static int no_ipv6(const char *device, struct err *e)
{
        struct err why = { 0 };

        if (set_device("ipv6", device, "disable_ipv6", &why) == 0 || why.fault == FAULT_ABSENT)
                return 0;
        *e = why;
        return -1;
}

/**
 * enter() - Inside the container: no IPv6; index of the interface's other end, 0 for none
 */
static int enter(void *arg, void *result, struct err *e)
{
        OWN(nlx) struct nlx *nl = NULL;
        struct nlx_link link = { 0 };
        struct err why = { 0 };

        if (no_ipv6(arg, e) < 0 || nlx_open(&nl, e) < 0)
                return -1;
        if (nlx_link_get(nl, arg, &link, &why) < 0 && why.fault != FAULT_ABSENT) {
                *e = why;
                return -1;
        }
        *(int *)result = strcmp(link.kind, "veth") == 0 ? link.peer : 0;
        return 0;
}

static int find_port(const struct guard *g, struct port *ret, struct err *e)
{
        OWN(nlx) struct nlx *nl = NULL;
        struct nlx_link veth = { 0 }, bridge = { 0 };
        OWN(fd) int ns = -1;
        char ifname[IFNAMSIZ];
        int peer = 0;

        *ret = (struct port){ 0 };
        (void)snprintf(ifname, sizeof ifname, "%s", g->ifname);
        if (netns_open(g->netns, &ns, e) < 0 ||
            netns_run(ns, enter, ifname, &peer, sizeof peer, 0, e) < 0 || nlx_open(&nl, e) < 0)
                return -1;
        if (!peer)
                return 0;
        if (nlx_link_get_index(nl, peer, &veth, e) < 0)
                return -1;
        memcpy(ret->veth, veth.name, sizeof ret->veth);
        if (!veth.master)
                return 0;
        if (nlx_link_get_index(nl, veth.master, &bridge, e) < 0)
                return -1;
        memcpy(ret->bridge, bridge.name, sizeof ret->bridge);
        return 0;
}

/* ---- Chains ---- */

struct bind {
        const struct guard *guard;
        struct port port;
        char owner[FW_COMMENT_MAX + 1];
};

static int bind_port(struct fw_table *t, const struct bind *b, struct err *e)
{
        static const struct fw_rule bound[] = { { .verb = FW_JUMP, .to = CHAIN_PORT },
                                                { .verb = FW_DROP } };
        struct fw_rule jump = { .verb = FW_JUMP, .to = CHAIN_BOUND };
        struct fw_rule leaf = { .verb = FW_ACCEPT };

        memcpy(jump.in, b->port.bridge, sizeof jump.in);
        memcpy(leaf.physdev_in, b->port.veth, sizeof leaf.physdev_in);
        fw_comment(&leaf, "%s", b->owner);
        if (fw_tree_put(t, &port_tree, b->guard->ip, &leaf, e) < 0 ||
            fw_chain_set(t, CHAIN_BOUND, bound, 2, e) < 0)
                return -1;
        return fw_jump_ensure(t, HOOK, SIZE_MAX, &jump, e);
}

static int bind_home(struct fw_table *t, const struct bind *b, struct err *e)
{
        const struct fw_rule jump = { .verb = FW_JUMP, .to = CHAIN_HOME };
        struct fw_rule leaf = { .in_not = true, .verb = FW_DROP };

        memcpy(leaf.in, b->port.bridge[0] ? b->port.bridge : b->port.veth, sizeof leaf.in);
        fw_comment(&leaf, "%s", b->owner);
        if (fw_tree_put(t, &home_tree, b->guard->ip, &leaf, e) < 0)
                return -1;
        return fw_jump_ensure(t, HOOK, SIZE_MAX, &jump, e);
}

static int bind_it(struct fw_table *t, void *ctx, struct err *e)
{
        const struct bind *b = ctx;

        if (fw_tree_cut_owner(t, &port_tree, b->owner, e) < 0 ||
            fw_tree_cut_owner(t, &home_tree, b->owner, e) < 0)
                return -1;
        if (b->port.bridge[0] && bind_port(t, b, e) < 0)
                return -1;
        return bind_home(t, b, e);
}

/**
 * drop_jumps() - Nobody is bound any more: no bridge needs to be looked at
 */
static int drop_jumps(struct fw_table *t, struct err *e)
{
        OWN(fw_rules) struct fw_rules now = { 0 };

        if (fw_chain_read(t, HOOK, &now, e) < 0)
                return -1;
        for (size_t i = now.count; i > 0; i--)
                if (now.items[i - 1].verb == FW_JUMP &&
                    strcmp(now.items[i - 1].to, CHAIN_BOUND) == 0 &&
                    fw_delete(t, HOOK, i - 1, e) < 0)
                        return -1;
        return fw_chain_delete(t, CHAIN_BOUND, e);
}

static int unbind_it(struct fw_table *t, void *ctx, struct err *e)
{
        if (fw_tree_cut_owner(t, &home_tree, ctx, e) < 0 ||
            fw_tree_trim(t, &home_tree, HOOK, e) < 0 ||
            fw_tree_cut_owner(t, &port_tree, ctx, e) < 0 ||
            fw_tree_trim(t, &port_tree, CHAIN_BOUND, e) < 0)
                return -1;
        return fw_chain_exists(t, CHAIN_PORT) ? 0 : drop_jumps(t, e);
}

/* ---- The guard ---- */

/**
 * prepare() - What is set on the host's side, beside rules
 */
static int prepare(const struct port *p, struct err *e)
{
        if (no_ipv6(p->veth, e) < 0)
                return -1;
        if (p->bridge[0])
                return no_ipv6(p->bridge, e);
        /* The kernel itself drops what comes from an address that is not routed there. */
        return set_device("ipv4", p->veth, "rp_filter", e);
}

int guard_add(const struct guard *g, struct err *e)
{
        const struct fw_where where = { .lock_file = g->lock_file, .wait_ms = g->wait_ms };
        struct bind b = { .guard = g };

        if (!g->netns[0])
                return 0;
        owner_name(g->handle, g->ifname, b.owner);
        if (find_port(g, &b.port, e) < 0)
                return err_add(e, "bind address to port");
        if (!b.port.veth[0])
                return 0;
        if (prepare(&b.port, e) < 0 || fw_edit(&where, "raw", bind_it, &b, NULL, e) < 0)
                return err_add(e, "bind address to port");
        return 0;
}

int guard_remove(const struct guard *g, struct err *e)
{
        const struct fw_where where = { .lock_file = g->lock_file, .wait_ms = g->wait_ms };
        char owner[FW_COMMENT_MAX + 1];

        owner_name(g->handle, g->ifname, owner);
        return fw_edit(&where, "raw", unbind_it, owner, NULL, e);
}
