/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: chains of the raw table, whose PREROUTING is the first to see a packet,
 * bridged, routed or for ourselves, and where it still knows its bridge port:
 *
 *   PREROUTING     -i BRIDGE -j netman--bound      (last: rules of others come first)
 *   netman--bound  -j netman--port                 tree on the source address
 *                  -j DROP
 *   …              -s IP/32 -m physdev --physdev-in VETH -j ACCEPT
 *
 * If net.bridge.bridge-nf-call-iptables is off, packets come without a port, no
 * leaf matches, and all are dropped: closed, not open.
 */
#include "cni/guard.h"

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
#define HOOK        "PREROUTING"

static const struct fw_tree tree = { CHAIN_PORT, FW_BY_SRC };

/** struct port - The host's end of a container's interface; names "" where there is none */
struct port {
        char veth[IFNAMSIZ], bridge[IFNAMSIZ];
};

/* ---- Which port is it? ---- */

/**
 * peer_of() - Inside the container: index of the interface's other end, 0 for none
 */
static int peer_of(void *arg, void *result, struct err *e)
{
        OWN(nlx) struct nlx *nl = NULL;
        struct nlx_link link = { 0 };
        struct err why = { 0 };

        if (nlx_open(&nl, e) < 0)
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
            netns_run(ns, peer_of, ifname, &peer, sizeof peer, 0, e) < 0 || nlx_open(&nl, e) < 0)
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

/* ---- On a bridge ---- */

static void name_owner(const char *handle, const char *ifname, char owner[FW_COMMENT_MAX + 1])
{
        (void)snprintf(owner, FW_COMMENT_MAX + 1, "%s:%s", handle, ifname);
}

struct bind {
        const struct guard *guard;
        struct port port;
};

static int bind_it(struct fw_table *t, void *ctx, struct err *e)
{
        static const struct fw_rule bound[] = { { .verb = FW_JUMP, .to = CHAIN_PORT },
                                                { .verb = FW_DROP } };
        const struct bind *b = ctx;
        struct fw_rule jump = { .verb = FW_JUMP, .to = CHAIN_BOUND };
        struct fw_rule leaf = { .verb = FW_ACCEPT };
        char owner[FW_COMMENT_MAX + 1];

        memcpy(jump.in, b->port.bridge, sizeof jump.in);
        memcpy(leaf.physdev_in, b->port.veth, sizeof leaf.physdev_in);
        name_owner(b->guard->handle, b->guard->ifname, owner);
        fw_comment(&leaf, "%s", owner);
        if (fw_tree_cut_owner(t, &tree, owner, e) < 0 ||
            fw_tree_put(t, &tree, b->guard->ip, &leaf, e) < 0 ||
            fw_chain_set(t, CHAIN_BOUND, bound, 2, e) < 0)
                return -1;
        return fw_jump_ensure(t, HOOK, SIZE_MAX, &jump, e);
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
        if (fw_tree_cut_owner(t, &tree, ctx, e) < 0 || fw_tree_trim(t, &tree, CHAIN_BOUND, e) < 0)
                return -1;
        return fw_chain_exists(t, CHAIN_PORT) ? 0 : drop_jumps(t, e);
}

/* ---- Without a bridge ---- */

/**
 * hold_to_route() - Let the kernel drop what comes from an address that is not routed there
 */
static int hold_to_route(const char *veth, struct err *e)
{
        OWN(fd) int fd = -1;
        char path[80];

        (void)snprintf(path, sizeof path, "/proc/sys/net/ipv4/conf/%s/rp_filter", veth);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, "1\n", 2) != 2)
                return err_set(e, FAULT_SYSTEM, errno, "%s", path);
        return 0;
}

int guard_add(const struct guard *g, struct err *e)
{
        const struct fw_where where = { .lock_file = g->lock_file, .wait_ms = FW_WAIT_MS };
        struct bind b = { .guard = g };

        if (!g->netns[0])
                return 0;
        if (find_port(g, &b.port, e) < 0)
                return err_add(e, "bind address to port");
        if (!b.port.veth[0])
                return 0;
        if (!b.port.bridge[0])
                return hold_to_route(b.port.veth, e);
        return fw_edit(&where, "raw", bind_it, &b, NULL, e) < 0 ? err_add(e, "bind address to port")
                                                                : 0;
}

int guard_remove(const char *lock_file, const char *handle, const char *ifname, struct err *e)
{
        const struct fw_where where = { .lock_file = lock_file, .wait_ms = FW_WAIT_MS };
        char owner[FW_COMMENT_MAX + 1];

        name_owner(handle, ifname, owner);
        return fw_edit(&where, "raw", unbind_it, owner, NULL, e);
}
