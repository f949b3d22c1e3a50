/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: an entry is a fixed head, matches in a row, and a target in the end, each
 * with a size, a name and a revision in front, all aligned. Every match that we
 * write is laid out in this file, every target in fw_target.c. The table of
 * offsets that other programs copy per rule shape is a cursor here (struct
 * fw_entry.len).
 */
#include "netman/fw_encode.h"

#include "lib/fw_target.h"

#include <arpa/inet.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_hashlimit.h>
#include <linux/netfilter/xt_iprange.h>
#include <linux/netfilter/xt_limit.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_owner.h>
#include <linux/netfilter/xt_physdev.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <netinet/tcp.h>
#include <string.h>

#define RATE_SWEEP_MS 1000 /* how often the kernel forgets old counts: the command's default */

/* ---- Matches ---- */

/**
 * add_match() - Put an empty match behind what is there
 * @size: Of its data
 *
 * Return: Its data, zeroed
 */
static void *add_match(struct fw_entry *b, const char *name, uint8_t revision, size_t size)
{
        size_t all = XT_ALIGN(sizeof(struct xt_entry_match) + size);
        struct xt_entry_match *m = (void *)(b->bytes + b->len);

        memset(m, 0, all); /* piece by piece: most of an entry's room stays unused */
        m->u.user.match_size = (uint16_t)all;
        m->u.user.revision = revision;
        memcpy(m->u.user.name, name, strlen(name));
        b->len += all;
        return m->data;
}

static void add_iprange(struct fw_entry *b, const struct fw_rule *r)
{
        struct xt_iprange_mtinfo *m;

        if (!r->src_range.hi && !r->dst_range.hi)
                return;
        m = add_match(b, "iprange", 1, sizeof *m);
        if (r->src_range.hi) {
                m->flags |= IPRANGE_SRC;
                m->src_min.ip = htonl(r->src_range.lo);
                m->src_max.ip = htonl(r->src_range.hi);
        }
        if (r->dst_range.hi) {
                m->flags |= IPRANGE_DST;
                m->dst_min.ip = htonl(r->dst_range.lo);
                m->dst_max.ip = htonl(r->dst_range.hi);
        }
}

static void fill_ports(uint16_t at[2], const struct fw_ports *p)
{
        at[0] = p->lo;
        at[1] = p->hi ? p->hi : UINT16_MAX;
}

static void add_ports(struct fw_entry *b, const struct fw_rule *r)
{
        if (!r->sports.hi && !r->dports.hi && !r->not_syn)
                return;
        if (r->proto == FW_TCP) {
                struct xt_tcp *m = add_match(b, "tcp", 0, sizeof *m);

                fill_ports(m->spts, &r->sports);
                fill_ports(m->dpts, &r->dports);
                m->flg_mask = r->not_syn ? TH_FIN | TH_SYN | TH_RST | TH_ACK : 0;
                m->flg_cmp = r->not_syn ? TH_SYN : 0;
                m->invflags = r->not_syn ? XT_TCP_INV_FLAGS : 0;
        } else {
                struct xt_udp *m = add_match(b, "udp", 0, sizeof *m);

                fill_ports(m->spts, &r->sports);
                fill_ports(m->dpts, &r->dports);
        }
}

static void add_icmp(struct fw_entry *b, const struct fw_rule *r)
{
        struct ipt_icmp *m;

        if (!r->icmp.on)
                return;
        m = add_match(b, "icmp", 0, sizeof *m);
        m->type = r->icmp.type < 0 ? 0xff : (uint8_t)r->icmp.type; /* 255 is any to the kernel */
        m->code[0] = r->icmp.type < 0 || r->icmp.code < 0 ? 0 : (uint8_t)r->icmp.code;
        m->code[1] = r->icmp.type < 0 || r->icmp.code < 0 ? 0xff : (uint8_t)r->icmp.code;
}

/**
 * fill_iface() - A device's name and the mask that says how much of it counts
 */
static void fill_iface(char *name, void *mask, const char *from)
{
        size_t len = strnlen(from, FW_IFACE_MAX);

        if (!len)
                return;
        memcpy(name, from, len);
        memset(mask, 0xff, from[len - 1] == '+' ? len - 1 : len + 1);
}

static void add_physdev(struct fw_entry *b, const struct fw_rule *r)
{
        struct xt_physdev_info *m;

        if (!r->physdev_in[0])
                return;
        m = add_match(b, "physdev", 0, sizeof *m);
        fill_iface(m->physindev, m->in_mask, r->physdev_in);
        m->bitmask = XT_PHYSDEV_OP_IN;
        m->invert = r->physdev_in_not ? XT_PHYSDEV_OP_IN : 0;
}

static void add_addrtype(struct fw_entry *b, const struct fw_rule *r)
{
        struct xt_addrtype_info_v1 *m;

        if (!r->dst_types)
                return;
        m = add_match(b, "addrtype", 1, sizeof *m);
        m->dest = r->dst_types;
        m->flags = r->dst_types_not ? XT_ADDRTYPE_INVERT_DEST : 0;
}

static void add_owner(struct fw_entry *b, const struct fw_rule *r)
{
        struct xt_owner_match_info *m;

        if (!r->owner.on)
                return;
        m = add_match(b, "owner", 1, sizeof *m);
        m->uid_min = m->uid_max = r->owner.uid;
        m->match = XT_OWNER_UID;
        m->invert = r->owner.other ? XT_OWNER_UID : 0;
}

static void add_marks(struct fw_entry *b, const struct fw_rule *r)
{
        if (r->mark.mask) {
                struct xt_mark_mtinfo1 *m = add_match(b, "mark", 1, sizeof *m);

                m->mark = r->mark.value;
                m->mask = r->mark.mask;
                m->invert = r->mark.other;
        }
        if (r->connmark.mask) {
                struct xt_connmark_mtinfo1 *m = add_match(b, "connmark", 1, sizeof *m);

                m->mark = r->connmark.value;
                m->mask = r->connmark.mask;
                m->invert = r->connmark.other;
        }
}

static void add_states(struct fw_entry *b, const struct fw_rule *r)
{
        struct xt_conntrack_mtinfo3 *m;
        unsigned int mask = 0;

        if (!r->states)
                return;
        if (r->states & FW_INVALID)
                mask |= XT_CONNTRACK_STATE_INVALID;
        if (r->states & FW_NEW)
                mask |= XT_CONNTRACK_STATE_BIT(IP_CT_NEW);
        if (r->states & FW_RELATED)
                mask |= XT_CONNTRACK_STATE_BIT(IP_CT_RELATED);
        if (r->states & FW_ESTABLISHED)
                mask |= XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED);
        if (r->states & FW_UNTRACKED)
                mask |= XT_CONNTRACK_STATE_UNTRACKED;
        if (r->states & FW_DNATED)
                mask |= XT_CONNTRACK_STATE_DNAT;
        m = add_match(b, "conntrack", 3, sizeof *m);
        m->match_flags = XT_CONNTRACK_STATE | (r->ctstate ? 0 : XT_CONNTRACK_STATE_ALIAS);
        m->state_mask = (uint16_t)mask;
}

static void add_limit(struct fw_entry *b, const struct fw_rule *r)
{
        struct xt_rateinfo *m;

        if (!r->limit.per_second)
                return;
        m = add_match(b, "limit", 0, sizeof *m);
        m->avg = XT_LIMIT_SCALE / r->limit.per_second;
        m->burst = r->limit.burst ? r->limit.burst : r->limit.per_second;
}

static void add_rate(struct fw_entry *b, const struct fw_rule *r)
{
        const struct fw_rate *above = &r->above;
        struct xt_hashlimit_mtinfo3 *m;

        if (!above->per_second)
                return;
        m = add_match(b, "hashlimit", 3, sizeof *m);
        memcpy(m->name, above->name, strnlen(above->name, FW_RATE_NAME));
        m->cfg.mode = XT_HASHLIMIT_HASH_DIP | XT_HASHLIMIT_HASH_DPT | XT_HASHLIMIT_INVERT;
        m->cfg.avg = XT_HASHLIMIT_SCALE_v2 / above->per_second;
        m->cfg.burst = above->burst;
        m->cfg.gc_interval = RATE_SWEEP_MS;
        m->cfg.expire = fw_rate_expire_ms(above);
        m->cfg.srcmask = m->cfg.dstmask = 32;
}

static void add_comment(struct fw_entry *b, const struct fw_rule *r)
{
        struct xt_comment_info *m;

        if (!r->comment[0])
                return;
        m = add_match(b, "comment", 0, sizeof *m);
        memcpy(m->comment, r->comment, strnlen(r->comment, FW_COMMENT_MAX));
}

/* ---- The whole ---- */

static void fill_head(struct ipt_ip *ip, const struct fw_rule *r)
{
        ip->src.s_addr = htonl(r->src.addr & fw_mask(r->src.len));
        ip->smsk.s_addr = htonl(fw_mask(r->src.len));
        ip->dst.s_addr = htonl(r->dst.addr & fw_mask(r->dst.len));
        ip->dmsk.s_addr = htonl(fw_mask(r->dst.len));
        ip->proto = r->proto;
        fill_iface(ip->iniface, ip->iniface_mask, r->in);
        fill_iface(ip->outiface, ip->outiface_mask, r->out);
        if (r->src.other)
                ip->invflags |= IPT_INV_SRCIP;
        if (r->dst.other)
                ip->invflags |= IPT_INV_DSTIP;
        if (r->in_not)
                ip->invflags |= IPT_INV_VIA_IN;
        if (r->out_not)
                ip->invflags |= IPT_INV_VIA_OUT;
        if (r->proto_not)
                ip->invflags |= XT_INV_PROTO;
}

int fw_encode(const struct fw_rule *r, struct fw_entry *ret, struct err *e)
{
        if (fw_rule_check(r, e) < 0)
                return -1;
        memset(&ret->head, 0, sizeof ret->head);
        ret->len = XT_ALIGN(sizeof ret->head);
        fill_head(&ret->head.ip, r);
        add_iprange(ret, r);
        add_ports(ret, r);
        add_icmp(ret, r);
        add_physdev(ret, r);
        add_addrtype(ret, r);
        add_owner(ret, r);
        add_marks(ret, r);
        add_states(ret, r);
        add_limit(ret, r);
        add_rate(ret, r);
        add_comment(ret, r);
        ret->head.target_offset = (uint16_t)ret->len;
        fw_put_target(ret, r);
        ret->head.next_offset = (uint16_t)ret->len;
        return 0;
}
