/* SPDX-License-Identifier: Apache-2.0 */
/* The end of an entry: what a rule does with a packet. */
#include "lib/fw_target.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_LOG.h>
#include <linux/netfilter/xt_MARK.h>
#include <linux/netfilter/xt_NFLOG.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <string.h>

static void *add_target(struct fw_entry *b, const char *name, uint8_t revision, size_t size)
{
        size_t all = XT_ALIGN(sizeof(struct xt_entry_target) + size);
        struct xt_entry_target *t = (void *)(b->bytes + b->len);

        memset(t, 0, all);
        t->u.user.target_size = (uint16_t)all;
        t->u.user.revision = revision;
        memcpy(t->u.user.name, name, strlen(name));
        b->len += all;
        return t->data;
}

static void add_verdict(struct fw_entry *b, const char *name)
{
        (void)add_target(b, name, 0,
                         sizeof(struct xt_standard_target) - sizeof(struct xt_entry_target));
}

static void add_reject(struct fw_entry *b, const struct fw_rule *r)
{
        static const enum ipt_reject_with with[] = {
                [FW_REJECT_PORT_UNREACHABLE] = IPT_ICMP_PORT_UNREACHABLE,
                [FW_REJECT_TCP_RESET] = IPT_TCP_RESET,
                [FW_REJECT_ADMIN_PROHIBITED] = IPT_ICMP_ADMIN_PROHIBITED,
        };
        struct ipt_reject_info *t = add_target(b, "REJECT", 0, sizeof *t);

        t->with = with[r->reject];
}

static void add_mark_target(struct fw_entry *b, const struct fw_rule *r)
{
        if (r->verb == FW_MARK) {
                struct xt_mark_tginfo2 *t = add_target(b, "MARK", 2, sizeof *t);

                t->mark = r->value;
                t->mask = r->mask;
        } else {
                struct xt_connmark_tginfo2 *t = add_target(b, "CONNMARK", 2, sizeof *t);
                bool save = r->verb == FW_SAVE_MARK;

                t->ctmark = save ? 0 : r->value;
                t->ctmask = save ? UINT32_MAX : r->mask;
                t->nfmask = save ? UINT32_MAX : 0;
                t->mode = save ? XT_CONNMARK_SAVE : XT_CONNMARK_SET;
        }
}

/**
 * add_dnat() - In the revision that the iptables command shows
 */
static void add_dnat(struct fw_entry *b, const struct fw_rule *r)
{
        struct nf_nat_range2 *t = add_target(b, "DNAT", 2, sizeof *t);

        t->flags = NF_NAT_RANGE_MAP_IPS;
        t->min_addr.ip = t->max_addr.ip = htonl(r->nat_addr);
        if (!r->nat_port)
                return;
        t->flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
        t->min_proto.all = t->max_proto.all = htons(r->nat_port);
}

static void add_snat(struct fw_entry *b, const struct fw_rule *r)
{
        const char *name = r->verb == FW_SNAT ? "SNAT" : "MASQUERADE";
        struct nf_nat_ipv4_multi_range_compat *t = add_target(b, name, 0, sizeof *t);

        t->rangesize = 1;
        if (r->verb == FW_MASQUERADE)
                return;
        t->range->flags = NF_NAT_RANGE_MAP_IPS;
        t->range->min_ip = t->range->max_ip = htonl(r->nat_addr);
}

static void add_redirect(struct fw_entry *b, const struct fw_rule *r)
{
        struct nf_nat_ipv4_multi_range_compat *t = add_target(b, "REDIRECT", 0, sizeof *t);

        t->rangesize = 1;
        t->range->flags = NF_NAT_RANGE_PROTO_SPECIFIED;
        t->range->min.all = t->range->max.all = htons(r->nat_port);
}

static void add_log(struct fw_entry *b, const struct fw_rule *r)
{
        size_t len = strnlen(r->to, FW_PREFIX_MAX);

        if (r->verb == FW_LOG) {
                struct xt_log_info *t = add_target(b, "LOG", 0, sizeof *t);

                t->level = 4; /* warning, the command's default */
                memcpy(t->prefix, r->to, len);
        } else {
                struct xt_nflog_info *t = add_target(b, "NFLOG", 0, sizeof *t);

                t->group = r->nflog_group;
                t->threshold = XT_NFLOG_DEFAULT_THRESHOLD;
                memcpy(t->prefix, r->to, len);
        }
}

void fw_put_target(struct fw_entry *b, const struct fw_rule *r)
{
        struct xt_ct_target_info_v1 *ct;

        switch (r->verb) {
        case FW_ACCEPT:
                add_verdict(b, IPTC_LABEL_ACCEPT);
                break;
        case FW_DROP:
                add_verdict(b, IPTC_LABEL_DROP);
                break;
        case FW_RETURN:
                add_verdict(b, IPTC_LABEL_RETURN);
                break;
        case FW_GOTO:
                b->head.ip.flags |= IPT_F_GOTO;
                /* fall through */
        case FW_JUMP:
                add_verdict(b, r->to);
                break;
        case FW_REJECT:
                add_reject(b, r);
                break;
        case FW_MARK:
        case FW_CONNMARK:
        case FW_SAVE_MARK:
                add_mark_target(b, r);
                break;
        case FW_DNAT:
                add_dnat(b, r);
                break;
        case FW_SNAT:
        case FW_MASQUERADE:
                add_snat(b, r);
                break;
        case FW_REDIRECT:
                add_redirect(b, r);
                break;
        case FW_LOG:
        case FW_NFLOG:
                add_log(b, r);
                break;
        case FW_NOTRACK:
                ct = add_target(b, "CT", 2, sizeof *ct);
                ct->flags = XT_CT_NOTRACK;
                break;
        default: /* FW_COUNT: an empty name falls through to the next rule */
                add_verdict(b, "");
                break;
        }
}
