/* SPDX-License-Identifier: Apache-2.0 */
/* What a bridge lets through one of its ports. */
#include "netman/nl.h"

#include "lib/nl_wire.h"

#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <netlink/attr.h>
#include <sys/socket.h>

/* A kernel before 5.18 does not know IFLA_BRPORT_LOCKED and passes it over: what has
 * another MAC address as source gets through then, but nobody learns from it. */
static int set_flags(struct nlx *nl, int dev, struct err *e)
{
        struct ifinfomsg head = { .ifi_family = AF_BRIDGE, .ifi_index = dev };
        OWN(nl_msg) struct nl_msg *msg = nlx_msg_new(RTM_SETLINK, 0, &head, sizeof head);
        struct nlattr *port = msg ? nla_nest_start(msg, IFLA_PROTINFO | NLA_F_NESTED) : NULL;

        if (!port || nla_put_u8(msg, IFLA_BRPORT_ISOLATED, 1) < 0 ||
            nla_put_u8(msg, IFLA_BRPORT_LEARNING, 0) < 0 ||
            nla_put_u8(msg, IFLA_BRPORT_UNICAST_FLOOD, 0) < 0 ||
            nla_put_u8(msg, IFLA_BRPORT_LOCKED, 1) < 0)
                return err_oom(e);
        (void)nla_nest_end(msg, port);
        return nlx_do(nl, msg, "isolate bridge port", NULL, NULL, e);
}

static int set_mac(struct nlx *nl, int dev, const uint8_t *mac, struct err *e)
{
        struct ndmsg head = { .ndm_family = AF_BRIDGE,
                              .ndm_ifindex = dev,
                              .ndm_state = NUD_NOARP,
                              .ndm_flags = NTF_MASTER };
        OWN(nl_msg)
        struct nl_msg *msg =
                nlx_msg_new(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof head);

        if (!msg || nla_put(msg, NDA_LLADDR, NLX_MAC_LEN, mac) < 0)
                return err_oom(e);
        return nlx_do(nl, msg, "bind MAC address to bridge port", NULL, NULL, e);
}

int nlx_port_bind(struct nlx *nl, int dev, const uint8_t *mac, struct err *e)
{
        return set_mac(nl, dev, mac, e) < 0 ? -1 : set_flags(nl, dev, e);
}
