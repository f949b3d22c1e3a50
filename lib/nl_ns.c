/* SPDX-License-Identifier: Apache-2.0 */
/* By which numbers this network namespace knows others. */
#include "netman/nl.h"

#include "lib/nl_wire.h"

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static int take_number(const struct nlmsghdr *h, struct nlx_list *list, const void *arg)
{
        struct nlattr *tb[NETNSA_MAX + 1];
        int *room;

        (void)arg;
        if (h->nlmsg_type != RTM_NEWNSID ||
            nlmsg_parse((struct nlmsghdr *)h, sizeof(struct rtgenmsg), tb, NETNSA_MAX, NULL) < 0)
                return 0;
        room = nlx_list_next(list);
        if (!room)
                return -1;
        *room = tb[NETNSA_NSID] ? (int)nlx_u32(tb[NETNSA_NSID]) : -1;
        return 0;
}

int nlx_ns_number(struct nlx *nl, int ns_fd, int *ret, struct err *e)
{
        OWN(nlx_list) struct nlx_list list = { .item_size = sizeof *ret };
        const struct rtgenmsg head = { .rtgen_family = AF_UNSPEC };
        OWN(nl_msg) struct nl_msg *msg = nlx_msg_new(RTM_GETNSID, 0, &head, sizeof head);

        if (!msg || nla_put_u32(msg, NETNSA_FD, (uint32_t)ns_fd) < 0)
                return err_oom(e);
        if (nlx_do(nl, msg, "number of a network namespace", take_number, &list, e) < 0)
                return -1;
        *ret = list.count ? *(const int *)(const void *)list.items : -1;
        return 0;
}
