/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: request and acknowledgement
 *
 * Every request asks for an acknowledgement and has a sequence number of its
 * own; answers with another number belong to a request that was given up and
 * are passed over. The kernel handles a request within the sender's sendmsg(),
 * so its answer is there when we come to read it: no deadline is needed.
 *
 * Many changes go out in one datagram. Their acknowledgements come one by one
 * and must fit into our receive buffer together, which bounds the batch.
 */
#include "netman/nl.h"

#include "lib/nl_wire.h"

#include <errno.h>
#include <netlink/attr.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
        READ_SIZE = 65536,  /* the kernel cuts dumps at 32 KiB */
        BATCH_CHANGES = 64, /* acknowledgements take about 1 KiB of the buffer each */
        BATCH_BYTES = 16384,
        DUMP_TRIES = 20,
        LIST_MAX = 1 << 20, /* elements of one dump */
        RECEIVE_BUFFER = 1 << 20,
};

/**
 * struct nlx - A connection
 * @sock: Bound; used for building and sending only
 * @seq:  Of the last request
 * @sent: Requests sent
 * @buf:  READ_SIZE bytes for answers
 */
struct nlx {
        struct nl_sock *sock;
        int fd;
        uint32_t seq;
        uint64_t sent;
        char *buf;
};

int nlx_fail(int sys, const char *ask, const char *kernel_words, struct err *e)
{
        enum fault f = FAULT_SYSTEM;

        if (sys == ENODEV || sys == ENOENT || sys == ESRCH || sys == ENXIO)
                f = FAULT_ABSENT;
        else if (sys == EEXIST || sys == EBUSY || sys == EADDRINUSE)
                f = FAULT_CONFLICT;
        else if (sys == EPERM || sys == EACCES)
                f = FAULT_DENIED;
        else if (sys == EINVAL || sys == ERANGE)
                f = FAULT_BAD_INPUT;
        if (!kernel_words)
                return err_set(e, f, sys, "%s", ask);
        return err_set(e, f, sys, "%s (%s)", ask, kernel_words);
}

int nlx_open(struct nlx **ret, struct err *e)
{
        OWN(nlx) struct nlx *nl = calloc(1, sizeof *nl);
        int on = 1;
        int rc;

        if (!nl || !(nl->buf = malloc(READ_SIZE)) || !(nl->sock = nl_socket_alloc()))
                return err_oom(e);
        rc = nl_connect(nl->sock, NETLINK_ROUTE); /* CLOEXEC since libnl 3.2 */
        if (rc < 0)
                return err_set(e, FAULT_SYSTEM, 0, "netlink: %s", nl_geterror(rc));
        nl->fd = nl_socket_get_fd(nl->sock);
        /* Short acknowledgements, the kernel's words, filters in dumps. An older
         * kernel that refuses one of them works without. */
        (void)setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
        (void)setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
        (void)setsockopt(nl->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
        (void)setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ RECEIVE_BUFFER }, sizeof(int));
        *ret = GIVE(nl);
        return 0;
}

void nlx_close(struct nlx *nl)
{
        if (!nl)
                return;
        nl_socket_free(nl->sock);
        free(nl->buf);
        free(nl);
}

uint64_t nlx_sent(const struct nlx *nl)
{
        return nl->sent;
}

void nlx_list_drop(struct nlx_list *l)
{
        free(l->items);
}

void *nlx_list_next(struct nlx_list *l)
{
        char *room;

        if (l->count == l->cap) {
                size_t cap = l->cap ? l->cap * 2 : 16;

                if (cap > LIST_MAX || !(room = realloc(l->items, cap * l->item_size)))
                        return NULL;
                l->items = room;
                l->cap = cap;
        }
        room = l->items + l->count++ * l->item_size;
        memset(room, 0, l->item_size);
        return room;
}

struct nl_msg *nlx_msg_new(int type, int flags, const void *head, size_t head_len)
{
        struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);

        if (msg && nlmsg_append(msg, (void *)head, head_len, NLMSG_ALIGNTO) < 0) {
                nlmsg_free(msg);
                return NULL;
        }
        return msg;
}

/* One datagram from the kernel into nl->buf. */
static int receive(struct nlx *nl, size_t *ret_len, struct err *e)
{
        for (;;) {
                ssize_t n = recv(nl->fd, nl->buf, READ_SIZE, MSG_TRUNC);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return err_set(e, FAULT_SYSTEM, errno, "read netlink");
                if (n > READ_SIZE)
                        return err_set(e, FAULT_SYSTEM, EMSGSIZE, "read netlink");
                *ret_len = (size_t)n;
                return 0;
        }
}

/* Number, stamp and send what is in @data: whole messages, numbered already. */
static int send_all(struct nlx *nl, const void *data, size_t len, struct err *e)
{
        struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

        for (;;) {
                ssize_t n = sendto(nl->fd, data, len, 0, (struct sockaddr *)&kernel, sizeof kernel);

                if (n == (ssize_t)len)
                        return 0;
                if (n < 0 && errno == EINTR)
                        continue;
                return err_set(e, FAULT_SYSTEM, n < 0 ? errno : EMSGSIZE, "write netlink");
        }
}

/* The kernel's own words about an error, borrowed from the message; or NULL. */
static const char *kernel_words(const struct nlmsghdr *h)
{
        const struct nlmsgerr *ack = nlmsg_data(h);
        struct nlattr *tb[NLMSGERR_ATTR_MAX + 1] = { NULL };
        size_t skip = sizeof *ack;
        size_t len = h->nlmsg_len - NLMSG_HDRLEN;

        if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
                return NULL;
        if (!(h->nlmsg_flags & NLM_F_CAPPED))
                skip += NLMSG_ALIGN(ack->msg.nlmsg_len) - sizeof ack->msg;
        if (skip >= len ||
            nla_parse(tb, NLMSGERR_ATTR_MAX, (struct nlattr *)((char *)nlmsg_data(h) + skip),
                      (int)(len - skip), NULL) < 0)
                return NULL;
        return tb[NLMSGERR_ATTR_MSG] ? nla_get_string(tb[NLMSGERR_ATTR_MSG]) : NULL;
}

/**
 * struct answer - How far the answer to one request has come
 * @torn: A dump was interrupted by a change
 */
struct answer {
        bool done;
        bool torn;
};

/**
 * take_message() - One message of the answer to the request nl->seq
 */
static int take_message(const struct nlmsghdr *h, const char *ask, nlx_take_fn take,
                        const void *arg, struct nlx_list *list, struct answer *a, struct err *e)
{
        int code = 0;

        if (h->nlmsg_flags & NLM_F_DUMP_INTR)
                a->torn = true;
        if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE) {
                a->done = true;
                if (h->nlmsg_len >= NLMSG_HDRLEN + sizeof code)
                        memcpy(&code, nlmsg_data(h), sizeof code);
                if (code == 0)
                        return 0;
                return nlx_fail(-code, ask, h->nlmsg_type == NLMSG_ERROR ? kernel_words(h) : NULL,
                                e);
        }
        if (take && take(h, list, arg) < 0)
                return err_oom(e);
        return 0;
}

/* Everything up to the end of the answer to request nl->seq. */
static int converse(struct nlx *nl, const char *ask, nlx_take_fn take, const void *arg,
                    struct nlx_list *list, bool *ret_torn, struct err *e)
{
        struct answer a = { 0 };

        while (!a.done) {
                struct nlmsghdr *h = (struct nlmsghdr *)nl->buf;
                size_t got;
                int left;

                if (receive(nl, &got, e) < 0)
                        return -1;
                for (left = (int)got; nlmsg_ok(h, left) && !a.done; h = nlmsg_next(h, &left))
                        if (h->nlmsg_seq == nl->seq &&
                            take_message(h, ask, take, arg, list, &a, e) < 0)
                                return -1;
        }
        *ret_torn = a.torn;
        return 0;
}

static int request(struct nlx *nl, struct nl_msg *msg, struct err *e)
{
        struct nlmsghdr *h = nlmsg_hdr(msg);

        h->nlmsg_seq = ++nl->seq;
        h->nlmsg_pid = 0;
        nl->sent++;
        return send_all(nl, h, h->nlmsg_len, e);
}

int nlx_do(struct nlx *nl, struct nl_msg *msg, const char *ask, nlx_take_fn take,
           struct nlx_list *list, struct err *e)
{
        bool torn;

        if (!msg)
                return err_oom(e);
        nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
        if (request(nl, msg, e) < 0)
                return -1;
        return converse(nl, ask, take, NULL, list, &torn, e);
}

int nlx_dump(struct nlx *nl, struct nl_msg *msg, const char *ask, nlx_take_fn take, const void *arg,
             struct nlx_list *list, struct err *e)
{
        if (!msg)
                return err_oom(e);
        nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_DUMP;
        for (int i = 0; i < DUMP_TRIES; i++) {
                bool torn = false;

                list->count = 0;
                if (request(nl, msg, e) < 0 || converse(nl, ask, take, arg, list, &torn, e) < 0)
                        return -1;
                if (!torn)
                        return 0;
        }
        return err_set(e, FAULT_CONFLICT, 0, "%s: it changed during each of %d readings", ask,
                       (int)DUMP_TRIES);
}

/**
 * struct batch - Changes on their way in one datagram
 * @first:     The first of them in the caller's array
 * @count:     How many
 * @first_seq: Sequence number of the first
 */
struct batch {
        struct nlx_change *first;
        size_t count;
        uint32_t first_seq;
        size_t len;
        _Alignas(struct nlmsghdr) char data[BATCH_BYTES];
};

static const char *change_text(const struct nlx_change *c)
{
        static const char *const set[] = { "set address", "set route", "set neighbour",
                                           "set forwarding entry" };
        static const char *const del[] = { "delete address", "delete route", "delete neighbour",
                                           "delete forwarding entry" };

        _Static_assert(sizeof set / sizeof *set == NLX_FDB + 1, "one name each");
        return (c->del ? del : set)[c->what];
}

/* The acknowledgement @h of one change of @b. */
static void note_ack(struct batch *b, const struct nlmsghdr *h, bool *failed, struct err *e)
{
        size_t i = h->nlmsg_seq - b->first_seq;
        struct nlx_change *c = &b->first[i];
        const struct nlmsgerr *ack = nlmsg_data(h);

        c->sys = -ack->error;
        /* What is to go and is not there is as we want it. */
        if (c->del && (c->sys == ENOENT || c->sys == ESRCH || c->sys == EADDRNOTAVAIL))
                c->sys = 0;
        if (c->sys && !*failed) {
                *failed = true;
                (void)nlx_fail(c->sys, change_text(c), kernel_words(h), e);
        }
}

/* Send a batch and collect its acknowledgements. */
static int flush(struct nlx *nl, struct batch *b, bool *failed, struct err *e)
{
        size_t acked = 0;

        if (b->count && send_all(nl, b->data, b->len, e) < 0)
                return -1;
        while (acked < b->count) {
                struct nlmsghdr *h = (struct nlmsghdr *)nl->buf;
                size_t got;
                int left;

                if (receive(nl, &got, e) < 0)
                        return -1;
                for (left = (int)got; nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
                        if (h->nlmsg_type != NLMSG_ERROR ||
                            h->nlmsg_seq - b->first_seq >= b->count ||
                            h->nlmsg_len < NLMSG_HDRLEN + sizeof(struct nlmsgerr))
                                continue;
                        note_ack(b, h, failed, e);
                        acked++;
                }
        }
        b->first += b->count;
        b->count = 0;
        b->len = 0;
        return 0;
}

int nlx_apply(struct nlx *nl, struct nlx_change *changes, size_t count, struct err *e)
{
        struct batch b = { .first = changes };
        bool failed = false;

        for (size_t i = 0; i < count; i++) {
                OWN(nl_msg) struct nl_msg *msg = nlx_change_encode(&changes[i]);
                struct nlmsghdr *h;

                if (!msg)
                        return err_oom(e);
                h = nlmsg_hdr(msg);
                if ((b.count == BATCH_CHANGES || b.len + NLMSG_ALIGN(h->nlmsg_len) > BATCH_BYTES) &&
                    flush(nl, &b, &failed, e) < 0)
                        return -1;
                h->nlmsg_seq = ++nl->seq;
                h->nlmsg_pid = 0;
                if (b.count++ == 0)
                        b.first_seq = h->nlmsg_seq;
                memset(b.data + b.len, 0, NLMSG_ALIGN(h->nlmsg_len));
                memcpy(b.data + b.len, h, h->nlmsg_len);
                b.len += NLMSG_ALIGN(h->nlmsg_len);
                nl->sent++;
        }
        return flush(nl, &b, &failed, e) < 0 || failed ? -1 : 0;
}
