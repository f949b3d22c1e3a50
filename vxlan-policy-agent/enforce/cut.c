/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/enforce/cut.h"

#include "netman/own.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <stdlib.h>
#include <string.h>

/**
 * struct hunt - The doomed, collected while the kernel lists all connections
 *
 * They are deleted afterwards: deleting on the socket that is being read from
 * would mix answers.
 */
struct hunt {
        const struct cut_input *in;
        uint32_t *ours; /* addresses of our containers, sorted */
        struct nf_conntrack **doomed;
        size_t count, cap;
        bool oom;
};

static void hunt_drop(struct hunt *h)
{
        for (size_t i = 0; i < h->count; i++)
                nfct_destroy(h->doomed[i]);
        free(h->doomed);
        free(h->ours);
}

static void close_handle(struct nfct_handle *h)
{
        if (h)
                (void)nfct_close(h);
}
OWN_DROP(nfct, struct nfct_handle *, close_handle)

static int by_address(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

static int list_ours(struct hunt *h, struct err *e)
{
        h->ours = calloc(h->in->container_count + 1, sizeof *h->ours);
        if (!h->ours)
                return err_oom(e);
        for (size_t i = 0; i < h->in->container_count; i++)
                h->ours[i] = h->in->containers[i].ip;
        qsort(h->ours, h->in->container_count, sizeof *h->ours, by_address);
        return 0;
}

static bool is_ours(const struct hunt *h, uint32_t address)
{
        return bsearch(&address, h->ours, h->in->container_count, sizeof address, by_address);
}

/**
 * is_doomed() - Would the plan refuse this connection, if it were opened now?
 */
static bool is_doomed(const struct hunt *h, const struct nf_conntrack *ct)
{
        uint32_t src = ntohl(nfct_get_attr_u32(ct, ATTR_ORIG_IPV4_SRC));
        uint32_t dst = ntohl(nfct_get_attr_u32(ct, ATTR_ORIG_IPV4_DST));
        uint32_t tag = nfct_get_attr_u32(ct, ATTR_MARK);
        uint8_t proto = nfct_get_attr_u8(ct, ATTR_ORIG_L4PROTO);
        uint16_t port = ntohs(nfct_get_attr_u16(ct, ATTR_ORIG_PORT_DST));

        if (!tag || (proto != FW_TCP && proto != FW_UDP) || !fw_net_has(h->in->overlay, src) ||
            !fw_net_has(h->in->overlay, dst))
                return false;
        if (is_ours(h, dst))
                return !plan_allows(h->in->plan, dst, tag, proto, port);
        return is_ours(h, src) && !plan_lets_out(h->in->plan, tag, proto, port);
}

static int keep(struct hunt *h, const struct nf_conntrack *ct)
{
        if (h->count == h->cap) {
                size_t cap = h->cap ? h->cap * 2 : 64;
                struct nf_conntrack **doomed = reallocarray(h->doomed, cap, sizeof *doomed);

                if (!doomed)
                        return -1;
                h->doomed = doomed;
                h->cap = cap;
        }
        h->doomed[h->count] = nfct_clone(ct);
        if (!h->doomed[h->count])
                return -1;
        h->count++;
        return 0;
}

static int look_at(enum nf_conntrack_msg_type type, struct nf_conntrack *ct, void *data)
{
        struct hunt *h = data;

        (void)type;
        if (!is_doomed(h, ct) || keep(h, ct) == 0)
                return NFCT_CB_CONTINUE;
        h->oom = true;
        return NFCT_CB_STOP;
}

static int failed(const char *what, struct err *e)
{
        return err_set(e, errno == EPERM ? FAULT_DENIED : FAULT_SYSTEM, errno, "conntrack: %s",
                       what);
}

static int collect(struct hunt *h, struct err *e)
{
        OWN(nfct) struct nfct_handle *handle = nfct_open(CONNTRACK, 0);
        uint32_t family = AF_INET;

        if (!handle || nfct_callback_register(handle, NFCT_T_ALL, look_at, h) < 0)
                return failed("open", e);
        if (nfct_query(handle, NFCT_Q_DUMP, &family) < 0)
                return failed("list", e);
        return h->oom ? err_oom(e) : 0;
}

static int delete_all(struct hunt *h, size_t *ret_count, struct err *e)
{
        OWN(nfct) struct nfct_handle *handle = nfct_open(CONNTRACK, 0);

        if (!handle)
                return failed("open", e);
        for (size_t i = 0; i < h->count; i++) {
                if (nfct_query(handle, NFCT_Q_DESTROY, h->doomed[i]) == 0)
                        (*ret_count)++;
                else if (errno != ENOENT) /* it ended by itself meanwhile */
                        return failed("delete", e);
        }
        return 0;
}

int cut_connections(const struct cut_input *in, size_t *ret_count, struct err *e)
{
        OWN(hunt) struct hunt h = { .in = in };

        *ret_count = 0;
        if (list_ours(&h, e) < 0 || collect(&h, e) < 0)
                return -1;
        return delete_all(&h, ret_count, e);
}
