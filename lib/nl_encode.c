/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, routes, neighbours and forwarding entries as messages to the kernel. */
#include "netman/nl.h"

#include "lib/nl_wire.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <netlink/attr.h>
#include <sys/socket.h>

/* Setting replaces what has the same key, so that doing it twice is fine. */
static int set_flags(bool del)
{
        return NLM_F_ACK | (del ? 0 : NLM_F_CREATE | NLM_F_REPLACE);
}

struct nl_msg *nlx_finished(struct nl_msg *msg, int rc)
{
        if (msg && rc < 0) {
                nlmsg_free(msg);
                return NULL;
        }
        return msg;
}

static struct nl_msg *encode_addr(const struct nlx_addr *a, bool del)
{
        struct ifaddrmsg head = {
                .ifa_family = AF_INET,
                .ifa_prefixlen = a->len,
                .ifa_scope = a->scope,
                .ifa_index = (uint32_t)a->dev,
        };
        struct nl_msg *msg =
                nlx_msg_new(del ? RTM_DELADDR : RTM_NEWADDR, set_flags(del), &head, sizeof head);

        return nlx_finished(msg, msg ? nla_put_u32(msg, IFA_LOCAL, a->ip_be) |
                                                 nla_put_u32(msg, IFA_ADDRESS, a->ip_be)
                                     : 0);
}

static struct nl_msg *encode_route(const struct nlx_route *r, bool del)
{
        struct rtmsg head = {
                .rtm_family = AF_INET,
                .rtm_dst_len = r->len,
                .rtm_table = RT_TABLE_MAIN,
                .rtm_protocol = r->proto || del ? r->proto : RTPROT_STATIC,
                .rtm_scope = r->via_be ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
                .rtm_type = RTN_UNICAST,
                .rtm_flags = r->onlink ? RTNH_F_ONLINK : 0,
        };
        struct nl_msg *msg;
        int rc = 0;

        if (del) {
                head.rtm_scope = RT_SCOPE_NOWHERE; /* any */
                head.rtm_flags = 0;
        }
        msg = nlx_msg_new(del ? RTM_DELROUTE : RTM_NEWROUTE, set_flags(del), &head, sizeof head);
        if (!msg)
                return NULL;
        if (r->len)
                rc |= nla_put_u32(msg, RTA_DST, r->dst_be);
        if (r->via_be)
                rc |= nla_put_u32(msg, RTA_GATEWAY, r->via_be);
        if (r->metric)
                rc |= nla_put_u32(msg, RTA_PRIORITY, r->metric);
        return nlx_finished(msg, rc | nla_put_u32(msg, RTA_OIF, (uint32_t)r->dev));
}

static struct nl_msg *encode_neigh(const struct nlx_neigh *n, bool del)
{
        struct ndmsg head = {
                .ndm_family = AF_INET,
                .ndm_ifindex = n->dev,
                .ndm_state = del ? 0 : NUD_PERMANENT,
        };
        struct nl_msg *msg =
                nlx_msg_new(del ? RTM_DELNEIGH : RTM_NEWNEIGH, set_flags(del), &head, sizeof head);
        int rc = 0;

        if (!msg)
                return NULL;
        if (!del)
                rc = nla_put(msg, NDA_LLADDR, NLX_MAC_LEN, n->mac);
        return nlx_finished(msg, rc | nla_put_u32(msg, NDA_DST, n->ip_be));
}

static struct nl_msg *encode_fdb(const struct nlx_fdb *f, bool del)
{
        struct ndmsg head = {
                .ndm_family = AF_BRIDGE,
                .ndm_ifindex = f->dev,
                .ndm_state = NUD_PERMANENT,
                .ndm_flags = NTF_SELF,
        };
        struct nl_msg *msg =
                nlx_msg_new(del ? RTM_DELNEIGH : RTM_NEWNEIGH, set_flags(del), &head, sizeof head);

        return nlx_finished(msg, msg ? nla_put(msg, NDA_LLADDR, NLX_MAC_LEN, f->mac) |
                                                 nla_put_u32(msg, NDA_DST, f->remote_be)
                                     : 0);
}

struct nl_msg *nlx_change_encode(const struct nlx_change *c)
{
        switch (c->what) {
        case NLX_ADDR:
                return encode_addr(&c->addr, c->del);
        case NLX_ROUTE:
                return encode_route(&c->route, c->del);
        case NLX_NEIGH:
                return encode_neigh(&c->neigh, c->del);
        case NLX_FDB:
                return encode_fdb(&c->fdb, c->del);
        case NLX_LINK: /* only told, never asked for */
        case NLX_LOST:
                break;
        }
        return NULL;
}
