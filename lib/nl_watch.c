/* SPDX-License-Identifier: Apache-2.0 */
/* Hear of changes as they happen. */
#include "netman/nl.h"

#include "lib/nl_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/neighbour.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { NOTE_MAX = 16384, NOTES_AT_ONCE = 4096, RECEIVE_BUFFER = 4 << 20 };

struct nlx_watch {
        struct nl_sock *sock;
};

int nlx_watch_open(struct nlx_watch **ret, struct err *e)
{
        static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE,
                                      RTNLGRP_NEIGH };
        OWN(nlx_watch) struct nlx_watch *w = calloc(1, sizeof *w);
        int rc;

        if (!w || !(w->sock = nl_socket_alloc()))
                return err_oom(e);
        rc = nl_connect(w->sock, NETLINK_ROUTE);
        for (size_t i = 0; rc == 0 && i < sizeof groups / sizeof *groups; i++)
                rc = nl_socket_add_membership(w->sock, groups[i]);
        if (rc == 0)
                rc = nl_socket_set_nonblocking(w->sock);
        if (rc < 0)
                return err_set(e, FAULT_SYSTEM, 0, "watch netlink: %s", nl_geterror(rc));
        /* Room for a thousand cells' entries at once; without it changes are lost
         * and told as such. */
        (void)setsockopt(nl_socket_get_fd(w->sock), SOL_SOCKET, SO_RCVBUFFORCE,
                         &(int){ RECEIVE_BUFFER }, sizeof(int));
        *ret = GIVE(w);
        return 0;
}

void nlx_watch_close(struct nlx_watch *w)
{
        if (!w)
                return;
        nl_socket_free(w->sock);
        free(w);
}

int nlx_watch_fd(const struct nlx_watch *w)
{
        return nl_socket_get_fd(w->sock);
}

int nlx_watch_neighbours(struct nlx_watch *w, int dev, struct err *e)
{
        /* Loads turn the bytes into network order, so the constants are turned too. */
        uint32_t made = htons(RTM_NEWNEIGH), gone = htons(RTM_DELNEIGH);
        uint32_t ours = htonl((uint32_t)dev);
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, made, 1, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, gone, 0, 2),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                         NLMSG_HDRLEN + offsetof(struct ndmsg, ndm_ifindex)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ours, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
                BPF_STMT(BPF_RET | BPF_K, 0),
        };
        struct sock_fprog filter = { sizeof code / sizeof *code, code };

        if (setsockopt(nlx_watch_fd(w), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "filter netlink notifications");
        return 0;
}

static void tell(struct nlmsghdr *h, nlx_note_fn fn, void *arg)
{
        const struct ifinfomsg *m = nlmsg_data(h);
        struct nlx_change note = { .what = NLX_LINK, .del = h->nlmsg_type == RTM_DELLINK };

        if (h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK) {
                if (nlx_change_decode(h, &note))
                        fn(&note, arg);
                return;
        }
        /* The bridge family tells of ports, not of the interface. */
        if (h->nlmsg_len < NLMSG_LENGTH(sizeof *m) || m->ifi_family != AF_UNSPEC)
                return;
        note.link = m->ifi_index;
        fn(&note, arg);
}

void nlx_notes_tell(void *bytes, size_t len, nlx_note_fn fn, void *arg)
{
        struct nlmsghdr *h = bytes;

        for (int left = (int)len; nlmsg_ok(h, left); h = nlmsg_next(h, &left))
                tell(h, fn, arg);
}

int nlx_watch_read(struct nlx_watch *w, nlx_note_fn fn, void *arg, struct err *e)
{
        _Alignas(struct nlmsghdr) char buf[NOTE_MAX];

        /* Bounded: poll() will say that there is more. */
        for (int i = 0; i < NOTES_AT_ONCE; i++) {
                ssize_t n = recv(nlx_watch_fd(w), buf, sizeof buf, 0);

                if (n < 0 && errno == EAGAIN)
                        return 0;
                if (n < 0 && errno == ENOBUFS)
                        fn(&(struct nlx_change){ .what = NLX_LOST }, arg);
                else if (n < 0 && errno != EINTR)
                        return err_set(e, FAULT_SYSTEM, errno, "read netlink notifications");
                if (n > 0)
                        nlx_notes_tell(buf, (size_t)n, fn, arg);
        }
        return 0;
}
