/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: chains of the raw table, whose PREROUTING is the first to see a packet,
 * bridged, routed or for ourselves, and where it still knows its bridge port:
 *
 *   PREROUTING     -p icmp -j netman--icmp         (first) tree on the source address
 *                  -i BRIDGE -j netman--bound      (last: rules of others come first)
 *                  -j netman--home                 tree on the source address
 *   …icmp-…        -s IP/32 -p icmp --icmp-type 3/4 -j DROP    (on no bridge)
 *   netman--bound  -p icmp --icmp-type 3/4 -j DROP
 *                  -j netman--port                 tree on the source address
 *                  -j DROP
 *   …port-…        -s IP/32 -m physdev --physdev-in VETH -j ACCEPT
 *   …home-…        -s IP/32 ! -i BRIDGE -j DROP
 *
 * netman--bound binds what comes from a bridge; netman--home keeps the cell's
 * neighbours from sending with a container's address. If
 * net.bridge.bridge-nf-call-iptables is off, packets that the bridge hands up come
 * without a port, no leaf matches, and all are dropped: closed, not open.
 *
 * A container is no router, so that it has no paths' MTU to tell of: what it told
 * of the cell's own tunnels would be believed, and make all their packets small. (Who
 * has a rule before netman--bound that accepts it has let the guard go altogether.)
 *
 * Rules see IPv4 only; port.c is about all else.
 */
#include "cni/guard.h"

#include "cni/owner.h"
#include "cni/port.h"
#include "netman/fw_dispatch.h"
#include "netman/fw_tx.h"
#include "netman/own.h"

#include <stdio.h>
#include <string.h>

#define CHAIN_BOUND "netman--bound"
#define CHAIN_PORT  "netman--port"
#define CHAIN_HOME  "netman--home"
#define CHAIN_ICMP  "netman--icmp"
#define HOOK        "PREROUTING"

static const struct fw_tree port_tree = { CHAIN_PORT, FW_BY_SRC };
static const struct fw_tree home_tree = { CHAIN_HOME, FW_BY_SRC };
static const struct fw_tree icmp_tree = { CHAIN_ICMP, FW_BY_SRC };

/* ---- Chains ---- */

struct bind {
        const struct guard *guard;
        struct port port;
        char owner[FW_COMMENT_MAX + 1];
};

/* What a router says of a path's MTU. */
#define TOO_BIG .proto = FW_ICMP, .icmp = { true, 3, 4 }, .verb = FW_DROP

static int bind_port(struct fw_table *t, const struct bind *b, struct err *e)
{
        static const struct fw_rule bound[] = { { TOO_BIG },
                                                { .verb = FW_JUMP, .to = CHAIN_PORT },
                                                { .verb = FW_DROP } };
        struct fw_rule jump = { .verb = FW_JUMP, .to = CHAIN_BOUND };
        struct fw_rule leaf = { .verb = FW_ACCEPT };

        memcpy(jump.in, b->port.bridge, sizeof jump.in);
        memcpy(leaf.physdev_in, b->port.veth, sizeof leaf.physdev_in);
        fw_comment(&leaf, "%s", b->owner);
        if (fw_tree_put(t, &port_tree, b->guard->ip, &leaf, e) < 0 ||
            fw_chain_set(t, CHAIN_BOUND, bound, sizeof bound / sizeof bound[0], e) < 0)
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

static int bind_icmp(struct fw_table *t, const struct bind *b, struct err *e)
{
        const struct fw_rule jump = { .proto = FW_ICMP, .verb = FW_JUMP, .to = CHAIN_ICMP };
        struct fw_rule leaf = { TOO_BIG };

        fw_comment(&leaf, "%s", b->owner);
        if (fw_tree_put(t, &icmp_tree, b->guard->ip, &leaf, e) < 0)
                return -1;
        return fw_jump_ensure(t, HOOK, 0, &jump, e); /* before what accepts */
}

/**
 * forget() - Forget where the owner's addresses are
 *
 * Done under the table's lock: another container may be given an address as soon as
 * it is free, and then the leaf is that one's, and so is the entry.
 */
static int forget(struct fw_table *t, const char *owner, struct err *e)
{
        OWN(fw_rules) struct fw_rules leaves = { 0 };

        if (fw_tree_leaves(t, &home_tree, &leaves, e) < 0)
                return -1;
        for (size_t i = 0; i < leaves.count; i++)
                if (strcmp(leaves.items[i].comment, owner) == 0 &&
                    port_forget(leaves.items[i].in, leaves.items[i].src.addr, e) < 0)
                        return -1;
        return 0;
}

static int bind_it(struct fw_table *t, void *ctx, struct err *e)
{
        const struct bind *b = ctx;

        if (forget(t, b->owner, e) < 0 || fw_tree_cut_owner(t, &port_tree, b->owner, e) < 0 ||
            fw_tree_cut_owner(t, &home_tree, b->owner, e) < 0 ||
            fw_tree_cut_owner(t, &icmp_tree, b->owner, e) < 0)
                return -1;
        if (b->port.bridge[0] ? bind_port(t, b, e) < 0 : bind_icmp(t, b, e) < 0)
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
        if (forget(t, ctx, e) < 0 || fw_tree_cut_owner(t, &home_tree, ctx, e) < 0 ||
            fw_tree_trim(t, &home_tree, HOOK, e) < 0 ||
            fw_tree_cut_owner(t, &icmp_tree, ctx, e) < 0 ||
            fw_tree_trim(t, &icmp_tree, HOOK, e) < 0 ||
            fw_tree_cut_owner(t, &port_tree, ctx, e) < 0 ||
            fw_tree_trim(t, &port_tree, CHAIN_BOUND, e) < 0)
                return -1;
        return fw_chain_exists(t, CHAIN_PORT) ? 0 : drop_jumps(t, e);
}

/* ---- The guard ---- */

int guard_add(const struct guard *g, struct err *e)
{
        const struct fw_where where = { .lock_file = g->lock_file, .wait_ms = g->wait_ms };
        struct bind b = { .guard = g };

        if (!g->netns[0])
                return 0;
        owner_name(g->handle, g->ifname, b.owner);
        if (port_find(g->netns, g->ifname, &b.port, e) < 0)
                return err_add(e, "bind address to port");
        if (!b.port.veth[0])
                return 0;
        if (port_close(&b.port, e) < 0 || fw_edit(&where, "raw", bind_it, &b, NULL, e) < 0 ||
            port_know(&b.port, g->ip, e) < 0)
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

int guard_leaves(struct fw_table *t, struct fw_rules *ret, struct err *e)
{
        if (fw_tree_leaves(t, &port_tree, ret, e) < 0 || fw_tree_leaves(t, &home_tree, ret, e) < 0)
                return -1;
        return fw_tree_leaves(t, &icmp_tree, ret, e);
}
