/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, routes, neighbours and forwarding entries as the kernel tells them. */
#include "netman/nl.h"

#include "lib/nl_wire.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool mac_attr(struct nlattr *a, uint8_t mac[NLX_MAC_LEN])
{
        if (!a || nla_len(a) != NLX_MAC_LEN)
                return false;
        memcpy(mac, nla_data(a), NLX_MAC_LEN);
        return true;
}

static bool parse_addr(struct nlmsghdr *h, struct nlx_change *c)
{
        const struct ifaddrmsg *m = nlmsg_data(h);
        struct nlattr *tb[IFA_MAX + 1];

        if (nlmsg_parse(h, sizeof *m, tb, IFA_MAX, NULL) < 0 || m->ifa_family != AF_INET)
                return false;
        c->what = NLX_ADDR;
        c->addr.dev = (int)m->ifa_index;
        c->addr.len = m->ifa_prefixlen;
        c->addr.scope = m->ifa_scope;
        c->addr.ip_be = nlx_u32(tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS]);
        return true;
}

static bool parse_route(struct nlmsghdr *h, struct nlx_change *c)
{
        const struct rtmsg *m = nlmsg_data(h);
        struct nlattr *tb[RTA_MAX + 1];

        if (nlmsg_parse(h, sizeof *m, tb, RTA_MAX, NULL) < 0 || m->rtm_family != AF_INET ||
            m->rtm_table != RT_TABLE_MAIN)
                return false;
        c->what = NLX_ROUTE;
        if (m->rtm_type == RTN_UNICAST)
                c->route.dev = (int)nlx_u32(tb[RTA_OIF]);
        c->route.dst_be = nlx_u32(tb[RTA_DST]);
        c->route.len = m->rtm_dst_len;
        c->route.via_be = nlx_u32(tb[RTA_GATEWAY]);
        c->route.onlink = m->rtm_flags & RTNH_F_ONLINK;
        c->route.proto = m->rtm_protocol;
        c->route.metric = nlx_u32(tb[RTA_PRIORITY]);
        return true;
}

/* A neighbour, or with the bridge family a forwarding entry. */
static bool parse_neigh(struct nlmsghdr *h, struct nlx_change *c)
{
        const struct ndmsg *m = nlmsg_data(h);
        struct nlattr *tb[NDA_MAX + 1];

        if (nlmsg_parse(h, sizeof *m, tb, NDA_MAX, NULL) < 0)
                return false;
        if (m->ndm_family == AF_BRIDGE) {
                c->what = NLX_FDB;
                c->fdb.dev = m->ndm_ifindex;
                c->fdb.remote_be = nlx_u32(tb[NDA_DST]);
                return c->fdb.remote_be && mac_attr(tb[NDA_LLADDR], c->fdb.mac);
        }
        if (m->ndm_family != AF_INET)
                return false;
        c->what = NLX_NEIGH;
        c->neigh.dev = m->ndm_ifindex;
        c->neigh.ip_be = nlx_u32(tb[NDA_DST]);
        c->neigh.permanent = m->ndm_state & NUD_PERMANENT;
        (void)mac_attr(tb[NDA_LLADDR], c->neigh.mac); /* an unresolved one has none */
        return true;
}

bool nlx_change_decode(struct nlmsghdr *h, struct nlx_change *c)
{
        *c = (struct nlx_change){ 0 };
        switch (h->nlmsg_type) {
        case RTM_DELADDR:
                c->del = true;
                __attribute__((fallthrough));
        case RTM_NEWADDR:
                return parse_addr(h, c);
        case RTM_DELROUTE:
                c->del = true;
                __attribute__((fallthrough));
        case RTM_NEWROUTE:
                return parse_route(h, c);
        case RTM_DELNEIGH:
                c->del = true;
                __attribute__((fallthrough));
        case RTM_NEWNEIGH:
                return parse_neigh(h, c);
        default:
                return false;
        }
}

int nlx_change_dev(const struct nlx_change *c)
{
        switch (c->what) {
        case NLX_ADDR:
                return c->addr.dev;
        case NLX_ROUTE:
                return c->route.dev;
        case NLX_NEIGH:
                return c->neigh.dev;
        case NLX_FDB:
                return c->fdb.dev;
        case NLX_LINK:
                return c->link;
        case NLX_LOST:
                break;
        }
        return 0;
}

/** struct asked - What a dump is to keep: entries of one kind, of one interface or all */
struct asked {
        enum nlx_what what;
        int dev;
};

static int take_entry(const struct nlmsghdr *h, struct nlx_list *list, const void *arg)
{
        const struct asked *asked = arg;
        struct nlx_change c;
        void *room;

        if (!nlx_change_decode((struct nlmsghdr *)h, &c) || c.what != asked->what ||
            (asked->dev && nlx_change_dev(&c) != asked->dev) ||
            (c.what == NLX_ROUTE && c.route.dev == 0))
                return 0;
        if (!(room = nlx_list_next(list)))
                return -1;
        memcpy(room, &c.addr, list->item_size); /* every member of the union begins there */
        return 0;
}

/* Dump into an array that becomes the caller's. */
static int collect(struct nlx *nl, struct nl_msg *msg, const char *ask, struct asked asked,
                   struct nlx_list *list, struct err *e)
{
        OWN(nl_msg) struct nl_msg *owned = msg;

        return nlx_dump(nl, owned, ask, take_entry, &asked, list, e);
}

int nlx_addrs(struct nlx *nl, int dev, struct nlx_addr **ret, size_t *ret_count, struct err *e)
{
        OWN(nlx_list) struct nlx_list list = { .item_size = sizeof **ret };
        struct ifaddrmsg head = { .ifa_family = AF_INET, .ifa_index = (uint32_t)dev };

        if (collect(nl, nlx_msg_new(RTM_GETADDR, 0, &head, sizeof head), "list addresses",
                    (struct asked){ NLX_ADDR, dev }, &list, e) < 0)
                return -1;
        *ret_count = list.count;
        *ret = (struct nlx_addr *)(void *)GIVE(list.items);
        return 0;
}

int nlx_routes(struct nlx *nl, int dev, struct nlx_route **ret, size_t *ret_count, struct err *e)
{
        OWN(nlx_list) struct nlx_list list = { .item_size = sizeof **ret };
        struct rtmsg head = { .rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN };
        struct nl_msg *msg = nlx_msg_new(RTM_GETROUTE, 0, &head, sizeof head);

        if (dev)
                msg = nlx_finished(msg, msg ? nla_put_u32(msg, RTA_OIF, (uint32_t)dev) : 0);
        if (collect(nl, msg, "list routes", (struct asked){ NLX_ROUTE, dev }, &list, e) < 0)
                return -1;
        *ret_count = list.count;
        *ret = (struct nlx_route *)(void *)GIVE(list.items);
        return 0;
}

/* A dump request for neighbours of @family, of one interface or of all. */
static struct nl_msg *neigh_dump(uint8_t family, int dev)
{
        struct ndmsg head = { .ndm_family = family };
        struct nl_msg *msg = nlx_msg_new(RTM_GETNEIGH, 0, &head, sizeof head);

        if (!dev || !msg)
                return msg;
        return nlx_finished(msg, nla_put_u32(msg, NDA_IFINDEX, (uint32_t)dev));
}

int nlx_neighs(struct nlx *nl, int dev, struct nlx_neigh **ret, size_t *ret_count, struct err *e)
{
        OWN(nlx_list) struct nlx_list list = { .item_size = sizeof **ret };

        if (collect(nl, neigh_dump(AF_INET, dev), "list neighbours",
                    (struct asked){ NLX_NEIGH, dev }, &list, e) < 0)
                return -1;
        *ret_count = list.count;
        *ret = (struct nlx_neigh *)(void *)GIVE(list.items);
        return 0;
}

int nlx_fdbs(struct nlx *nl, int dev, struct nlx_fdb **ret, size_t *ret_count, struct err *e)
{
        OWN(nlx_list) struct nlx_list list = { .item_size = sizeof **ret };

        if (collect(nl, neigh_dump(AF_BRIDGE, dev), "list forwarding entries",
                    (struct asked){ NLX_FDB, dev }, &list, e) < 0)
                return -1;
        *ret_count = list.count;
        *ret = (struct nlx_fdb *)(void *)GIVE(list.items);
        return 0;
}

/** struct way - What nlx_route_get() learns */
struct way {
        int dev;
        uint32_t src_be;
};

static int take_way(const struct nlmsghdr *h, struct nlx_list *list, const void *arg)
{
        struct nlattr *tb[RTA_MAX + 1];
        struct way *w;

        (void)arg;
        if (h->nlmsg_type != RTM_NEWROUTE ||
            nlmsg_parse((struct nlmsghdr *)h, sizeof(struct rtmsg), tb, RTA_MAX, NULL) < 0)
                return 0;
        if (!(w = nlx_list_next(list)))
                return -1;
        w->dev = (int)nlx_u32(tb[RTA_OIF]);
        w->src_be = nlx_u32(tb[RTA_PREFSRC]);
        return 0;
}

int nlx_route_get(struct nlx *nl, uint32_t dst_be, int *ret_dev, uint32_t *ret_src_be,
                  struct err *e)
{
        OWN(nlx_list) struct nlx_list list = { .item_size = sizeof(struct way) };
        struct rtmsg head = { .rtm_family = AF_INET, .rtm_dst_len = 32 };
        OWN(nl_msg) struct nl_msg *msg = nlx_msg_new(RTM_GETROUTE, 0, &head, sizeof head);
        const struct way *w;

        if (!msg || nla_put_u32(msg, RTA_DST, dst_be) < 0)
                return err_oom(e);
        if (nlx_do(nl, msg, "look up route", take_way, &list, e) < 0)
                return -1;
        if (list.count == 0)
                return nlx_fail(ENETUNREACH, "look up route", NULL, e);
        w = (const struct way *)(void *)list.items;
        *ret_dev = w->dev;
        *ret_src_be = w->src_be;
        return 0;
}
