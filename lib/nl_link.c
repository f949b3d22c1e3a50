/* SPDX-License-Identifier: Apache-2.0 */
/* Network interfaces: read, create a VXLAN device, change, delete. */
#include "netman/nl.h"

#include "lib/nl_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void take_vxlan(struct nlattr *data, struct nlx_vxlan *v)
{
        struct nlattr *tb[IFLA_VXLAN_MAX + 1];

        if (nla_parse_nested(tb, IFLA_VXLAN_MAX, data, NULL) < 0)
                return;
        v->vni = nlx_u32(tb[IFLA_VXLAN_ID]);
        v->port = ntohs(nlx_u16(tb[IFLA_VXLAN_PORT]));
        v->local_be = nlx_u32(tb[IFLA_VXLAN_LOCAL]);
        v->link = (int)nlx_u32(tb[IFLA_VXLAN_LINK]);
        v->learning = nlx_u8(tb[IFLA_VXLAN_LEARNING]);
        v->gbp = tb[IFLA_VXLAN_GBP] != NULL;
}

static void take_kind(struct nlattr *info, struct nlx_link *l)
{
        struct nlattr *tb[IFLA_INFO_MAX + 1];

        if (nla_parse_nested(tb, IFLA_INFO_MAX, info, NULL) < 0 || !tb[IFLA_INFO_KIND])
                return;
        (void)nla_strlcpy(l->kind, tb[IFLA_INFO_KIND], sizeof l->kind);
        if (tb[IFLA_INFO_DATA] && strcmp(l->kind, "vxlan") == 0)
                take_vxlan(tb[IFLA_INFO_DATA], &l->vxlan);
}

static void take_stats(struct nlattr *a, struct nlx_link *l)
{
        struct rtnl_link_stats64 s = { 0 };

        /* An older kernel's structure is shorter, a newer one's longer. */
        memcpy(&s, nla_data(a), (size_t)nla_len(a) < sizeof s ? (size_t)nla_len(a) : sizeof s);
        l->rx_bytes = s.rx_bytes;
        l->tx_bytes = s.tx_bytes;
        l->rx_dropped = s.rx_dropped;
        l->tx_dropped = s.tx_dropped;
}

bool nlx_link_decode(struct nlmsghdr *h, struct nlx_link *l)
{
        const struct ifinfomsg *m = nlmsg_data(h);
        struct nlattr *tb[IFLA_MAX + 1];

        *l = (struct nlx_link){ 0 };
        if (h->nlmsg_type != RTM_NEWLINK || nlmsg_parse(h, sizeof *m, tb, IFLA_MAX, NULL) < 0)
                return false;
        l->index = m->ifi_index;
        l->flags = m->ifi_flags;
        if (tb[IFLA_IFNAME])
                (void)nla_strlcpy(l->name, tb[IFLA_IFNAME], sizeof l->name);
        l->mtu = nlx_u32(tb[IFLA_MTU]);
        l->master = (int)nlx_u32(tb[IFLA_MASTER]);
        l->peer = (int)nlx_u32(tb[IFLA_LINK]);
        l->peer_ns = tb[IFLA_LINK_NETNSID] ? (int)nlx_u32(tb[IFLA_LINK_NETNSID]) : -1;
        if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == NLX_MAC_LEN)
                memcpy(l->mac, nla_data(tb[IFLA_ADDRESS]), NLX_MAC_LEN);
        if (tb[IFLA_STATS64])
                take_stats(tb[IFLA_STATS64], l);
        if (tb[IFLA_LINKINFO])
                take_kind(tb[IFLA_LINKINFO], l);
        return true;
}

static int take_link(const struct nlmsghdr *h, struct nlx_list *list, const void *arg)
{
        struct nlx_link link, *room;

        (void)arg;
        if (!nlx_link_decode((struct nlmsghdr *)h, &link))
                return 0;
        if (!(room = nlx_list_next(list)))
                return -1;
        *room = link;
        return 0;
}

/* Ask for one interface, by @name or by @index. */
static int get_one(struct nlx *nl, const char *name, int index, struct nlx_link *ret, struct err *e)
{
        OWN(nlx_list) struct nlx_list list = { .item_size = sizeof *ret };
        struct ifinfomsg head = { .ifi_index = index };
        OWN(nl_msg) struct nl_msg *msg = nlx_msg_new(RTM_GETLINK, 0, &head, sizeof head);
        char ask[64];

        if (name)
                (void)snprintf(ask, sizeof ask, "interface %s", name);
        else
                (void)snprintf(ask, sizeof ask, "interface %d", index);
        if (name && strlen(name) >= IFNAMSIZ)
                return nlx_fail(ENODEV, ask, NULL, e);
        if (!msg || (name && nla_put_string(msg, IFLA_IFNAME, name) < 0))
                return err_oom(e);
        if (nlx_do(nl, msg, ask, take_link, &list, e) < 0)
                return -1;
        if (list.count == 0)
                return nlx_fail(ENODEV, ask, NULL, e);
        memcpy(ret, list.items, sizeof *ret);
        return 0;
}

int nlx_link_get(struct nlx *nl, const char *name, struct nlx_link *ret, struct err *e)
{
        return get_one(nl, name, 0, ret, e);
}

int nlx_link_get_index(struct nlx *nl, int index, struct nlx_link *ret, struct err *e)
{
        return get_one(nl, NULL, index, ret, e);
}

int nlx_links(struct nlx *nl, struct nlx_link **ret, size_t *ret_count, struct err *e)
{
        OWN(nlx_list) struct nlx_list list = { .item_size = sizeof **ret };
        struct ifinfomsg head = { 0 };
        OWN(nl_msg) struct nl_msg *msg = nlx_msg_new(RTM_GETLINK, 0, &head, sizeof head);

        if (nlx_dump(nl, msg, "list interfaces", take_link, NULL, &list, e) < 0)
                return -1;
        *ret_count = list.count;
        *ret = (struct nlx_link *)(void *)GIVE(list.items);
        return 0;
}

/**
 * put_vxlan() - What makes the device, inside IFLA_LINKINFO
 * @anew: Also what the kernel takes for a new device only, and refuses to be
 *        told of again
 */
static int put_vxlan(struct nl_msg *msg, const struct nlx_vxlan *v, bool anew)
{
        struct nlattr *info = nla_nest_start(msg, IFLA_LINKINFO);
        struct nlattr *data;
        int rc = 0;

        if (!info || nla_put_string(msg, IFLA_INFO_KIND, "vxlan") < 0 ||
            !(data = nla_nest_start(msg, IFLA_INFO_DATA)))
                return -1;
        rc |= nla_put_u32(msg, IFLA_VXLAN_ID, v->vni);
        if (anew)
                rc |= nla_put_u16(msg, IFLA_VXLAN_PORT, htons(v->port));
        rc |= nla_put_u8(msg, IFLA_VXLAN_LEARNING, v->learning);
        if (v->local_be)
                rc |= nla_put_u32(msg, IFLA_VXLAN_LOCAL, v->local_be);
        if (v->link)
                rc |= nla_put_u32(msg, IFLA_VXLAN_LINK, (uint32_t)v->link);
        if (anew && v->gbp)
                rc |= nla_put_flag(msg, IFLA_VXLAN_GBP);
        rc |= nla_nest_end(msg, data);
        rc |= nla_nest_end(msg, info);
        return rc;
}

/* No IPv6 link-local address: the overlay is IPv4, and its host sends no router
 * solicitations into it. */
static int put_no_ipv6(struct nl_msg *msg)
{
        struct nlattr *spec = nla_nest_start(msg, IFLA_AF_SPEC);
        struct nlattr *six = spec ? nla_nest_start(msg, AF_INET6) : NULL;

        if (!six || nla_put_u8(msg, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE) < 0)
                return -1;
        return nla_nest_end(msg, six) | nla_nest_end(msg, spec);
}

/* The kernel takes this only for a device that is there, and not at all without IPv6. */
static int vxlan_no_ipv6(struct nlx *nl, const char *name, struct err *e)
{
        struct ifinfomsg head = { 0 };
        OWN(nl_msg) struct nl_msg *msg = nlx_msg_new(RTM_NEWLINK, 0, &head, sizeof head);
        struct err why = { 0 };

        if (!msg || nla_put_string(msg, IFLA_IFNAME, name) < 0 || put_no_ipv6(msg) < 0)
                return err_oom(e);
        if (nlx_do(nl, msg, "set IPv6 address mode", NULL, NULL, &why) == 0 ||
            why.sys == EAFNOSUPPORT)
                return 0;
        if (e)
                *e = why;
        return -1;
}

int nlx_vxlan_add(struct nlx *nl, const char *name, const struct nlx_vxlan *vxlan, uint32_t mtu,
                  const uint8_t *mac, struct err *e)
{
        struct ifinfomsg head = { 0 };
        OWN(nl_msg)
        struct nl_msg *msg =
                nlx_msg_new(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof head);
        char ask[64];

        if (strlen(name) >= IFNAMSIZ)
                return err_set(e, FAULT_BAD_INPUT, 0, "interface name %s is too long", name);
        if (!msg || nla_put_string(msg, IFLA_IFNAME, name) < 0 ||
            nla_put_u32(msg, IFLA_MTU, mtu) < 0 ||
            (mac && nla_put(msg, IFLA_ADDRESS, NLX_MAC_LEN, mac) < 0) ||
            put_vxlan(msg, vxlan, true) < 0)
                return err_oom(e);
        (void)snprintf(ask, sizeof ask, "create VXLAN device %s", name);
        if (nlx_do(nl, msg, ask, NULL, NULL, e) < 0)
                return -1;
        return vxlan_no_ipv6(nl, name, e);
}

int nlx_vxlan_set(struct nlx *nl, int index, const struct nlx_vxlan *vxlan, struct err *e)
{
        struct ifinfomsg head = { .ifi_index = index };
        OWN(nl_msg) struct nl_msg *msg = nlx_msg_new(RTM_NEWLINK, 0, &head, sizeof head);

        if (!msg || put_vxlan(msg, vxlan, false) < 0)
                return err_oom(e);
        return nlx_do(nl, msg, "change VXLAN device", NULL, NULL, e);
}

int nlx_link_set_mtu(struct nlx *nl, int index, uint32_t mtu, struct err *e)
{
        struct ifinfomsg head = { .ifi_index = index };
        OWN(nl_msg) struct nl_msg *msg = nlx_msg_new(RTM_NEWLINK, 0, &head, sizeof head);

        if (!msg || nla_put_u32(msg, IFLA_MTU, mtu) < 0)
                return err_oom(e);
        return nlx_do(nl, msg, "set interface's MTU", NULL, NULL, e);
}

int nlx_link_set_mac(struct nlx *nl, int index, const uint8_t *mac, struct err *e)
{
        struct ifinfomsg head = { .ifi_index = index };
        OWN(nl_msg) struct nl_msg *msg = nlx_msg_new(RTM_NEWLINK, 0, &head, sizeof head);

        if (!msg || nla_put(msg, IFLA_ADDRESS, NLX_MAC_LEN, mac) < 0)
                return err_oom(e);
        return nlx_do(nl, msg, "set interface's MAC address", NULL, NULL, e);
}

int nlx_link_set_up(struct nlx *nl, int index, bool up, struct err *e)
{
        struct ifinfomsg head = {
                .ifi_index = index,
                .ifi_flags = up ? IFF_UP : 0,
                .ifi_change = IFF_UP,
        };
        OWN(nl_msg) struct nl_msg *msg = nlx_msg_new(RTM_NEWLINK, 0, &head, sizeof head);

        return nlx_do(nl, msg, up ? "set interface up" : "set interface down", NULL, NULL, e);
}

int nlx_link_del(struct nlx *nl, int index, struct err *e)
{
        struct ifinfomsg head = { .ifi_index = index };
        OWN(nl_msg) struct nl_msg *msg = nlx_msg_new(RTM_DELLINK, 0, &head, sizeof head);
        struct err why = { 0 };

        if (nlx_do(nl, msg, "delete interface", NULL, NULL, &why) < 0 && why.sys != ENODEV) {
                if (e)
                        *e = why;
                return -1;
        }
        return 0;
}
