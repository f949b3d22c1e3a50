/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: reading an entry back takes every field that a rule of ours can have, then
 * encodes the result again: if that does not give the same bytes, the entry says
 * something that our rules cannot, and it is foreign. So nothing here needs to
 * check for flags and revisions that we never write.
 */
#include "netman/fw_encode.h"

#include "netman/hash.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_LOG.h>
#include <linux/netfilter/xt_MARK.h>
#include <linux/netfilter/xt_NFLOG.h>
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
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <string.h>

static struct fw_net read_net(struct in_addr addr, struct in_addr mask, bool other)
{
        uint32_t bits = ntohl(mask.s_addr);

        return (struct fw_net){ .addr = ntohl(addr.s_addr),
                                .len = (uint8_t)__builtin_popcount(bits),
                                .other = other };
}

static void read_head(const struct ipt_ip *ip, struct fw_rule *r)
{
        r->src = read_net(ip->src, ip->smsk, ip->invflags & IPT_INV_SRCIP);
        r->dst = read_net(ip->dst, ip->dmsk, ip->invflags & IPT_INV_DSTIP);
        memcpy(r->in, ip->iniface, strnlen(ip->iniface, FW_IFACE_MAX));
        memcpy(r->out, ip->outiface, strnlen(ip->outiface, FW_IFACE_MAX));
        r->in_not = ip->invflags & IPT_INV_VIA_IN;
        r->out_not = ip->invflags & IPT_INV_VIA_OUT;
        r->proto = (uint8_t)ip->proto;
        r->proto_not = ip->invflags & XT_INV_PROTO;
}

static struct fw_ports read_ports(const uint16_t at[2])
{
        return at[0] || at[1] != UINT16_MAX ? (struct fw_ports){ at[0], at[1] }
                                            : (struct fw_ports){ 0, 0 };
}

static void read_iprange(const void *data, struct fw_rule *r)
{
        const struct xt_iprange_mtinfo *m = data;

        if (m->flags & IPRANGE_SRC)
                r->src_range = (struct fw_addrs){ ntohl(m->src_min.ip), ntohl(m->src_max.ip) };
        if (m->flags & IPRANGE_DST)
                r->dst_range = (struct fw_addrs){ ntohl(m->dst_min.ip), ntohl(m->dst_max.ip) };
}

static void read_tcp(const void *data, struct fw_rule *r)
{
        const struct xt_tcp *m = data;

        r->not_syn = m->invflags & XT_TCP_INV_FLAGS;
        r->sports = read_ports(m->spts);
        r->dports = read_ports(m->dpts);
}

static void read_udp(const void *data, struct fw_rule *r)
{
        const struct xt_udp *m = data;

        r->sports = read_ports(m->spts);
        r->dports = read_ports(m->dpts);
}

static void read_icmp(const void *data, struct fw_rule *r)
{
        const struct ipt_icmp *m = data;

        r->icmp.on = true;
        r->icmp.type = m->type == 0xff ? -1 : (int16_t)m->type;
        r->icmp.code = m->code[0] != m->code[1] ? -1 : (int16_t)m->code[0];
}

static void read_physdev(const void *data, struct fw_rule *r)
{
        const struct xt_physdev_info *m = data;

        memcpy(r->physdev_in, m->physindev, strnlen(m->physindev, FW_IFACE_MAX));
        r->physdev_in_not = m->invert & XT_PHYSDEV_OP_IN;
}

static void read_addrtype(const void *data, struct fw_rule *r)
{
        const struct xt_addrtype_info_v1 *m = data;

        r->dst_types = m->dest;
        r->dst_types_not = m->flags & XT_ADDRTYPE_INVERT_DEST;
}

static void read_owner(const void *data, struct fw_rule *r)
{
        const struct xt_owner_match_info *m = data;

        r->owner = (struct fw_owner){ .on = m->match & XT_OWNER_UID,
                                      .other = m->invert & XT_OWNER_UID,
                                      .uid = m->uid_min };
}

static void read_mark(const void *data, struct fw_rule *r)
{
        const struct xt_mark_mtinfo1 *m = data;

        r->mark = (struct fw_bits){ .value = m->mark, .mask = m->mask, .other = m->invert };
}

static void read_connmark(const void *data, struct fw_rule *r)
{
        const struct xt_connmark_mtinfo1 *m = data;

        r->connmark = (struct fw_bits){ .value = m->mark, .mask = m->mask, .other = m->invert };
}

static void read_states(const void *data, struct fw_rule *r)
{
        const struct xt_conntrack_mtinfo3 *m = data;
        unsigned int mask = m->state_mask;

        r->ctstate = !(m->match_flags & XT_CONNTRACK_STATE_ALIAS);
        if (mask & XT_CONNTRACK_STATE_INVALID)
                r->states |= FW_INVALID;
        if (mask & XT_CONNTRACK_STATE_BIT(IP_CT_NEW))
                r->states |= FW_NEW;
        if (mask & XT_CONNTRACK_STATE_BIT(IP_CT_RELATED))
                r->states |= FW_RELATED;
        if (mask & XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED))
                r->states |= FW_ESTABLISHED;
        if (mask & XT_CONNTRACK_STATE_UNTRACKED)
                r->states |= FW_UNTRACKED;
        if (mask & XT_CONNTRACK_STATE_DNAT)
                r->states |= FW_DNATED;
}

static void read_limit(const void *data, struct fw_rule *r)
{
        const struct xt_rateinfo *m = data;

        if (m->avg)
                r->limit.per_second = XT_LIMIT_SCALE / m->avg;
        r->limit.burst = m->burst;
}

static void read_rate(const void *data, struct fw_rule *r)
{
        const struct xt_hashlimit_mtinfo3 *m = data;

        if (m->cfg.avg)
                r->above.per_second = (uint32_t)(XT_HASHLIMIT_SCALE_v2 / m->cfg.avg);
        r->above.burst = (uint32_t)m->cfg.burst;
        memcpy(r->above.name, m->name, strnlen(m->name, FW_RATE_NAME));
}

static void read_comment(const void *data, struct fw_rule *r)
{
        const struct xt_comment_info *m = data;

        memcpy(r->comment, m->comment, strnlen(m->comment, FW_COMMENT_MAX));
}

struct reader {
        const char *name;
        uint8_t revision;
        size_t size; /* of its data */
        enum fw_verb verb;
        void (*read)(const void *data, struct fw_rule *r);
};

static const struct reader match_readers[] = {
        { "iprange", 1, sizeof(struct xt_iprange_mtinfo), 0, read_iprange },
        { "tcp", 0, sizeof(struct xt_tcp), 0, read_tcp },
        { "udp", 0, sizeof(struct xt_udp), 0, read_udp },
        { "icmp", 0, sizeof(struct ipt_icmp), 0, read_icmp },
        { "physdev", 0, sizeof(struct xt_physdev_info), 0, read_physdev },
        { "addrtype", 1, sizeof(struct xt_addrtype_info_v1), 0, read_addrtype },
        { "owner", 1, sizeof(struct xt_owner_match_info), 0, read_owner },
        { "mark", 1, sizeof(struct xt_mark_mtinfo1), 0, read_mark },
        { "connmark", 1, sizeof(struct xt_connmark_mtinfo1), 0, read_connmark },
        { "conntrack", 3, sizeof(struct xt_conntrack_mtinfo3), 0, read_states },
        { "limit", 0, sizeof(struct xt_rateinfo), 0, read_limit },
        { "hashlimit", 3, sizeof(struct xt_hashlimit_mtinfo3), 0, read_rate },
        { "comment", 0, sizeof(struct xt_comment_info), 0, read_comment },
};

static void read_reject(const void *data, struct fw_rule *r)
{
        const struct ipt_reject_info *t = data;

        r->reject = t->with == IPT_TCP_RESET               ? FW_REJECT_TCP_RESET
                    : t->with == IPT_ICMP_ADMIN_PROHIBITED ? FW_REJECT_ADMIN_PROHIBITED
                                                           : FW_REJECT_PORT_UNREACHABLE;
}

static void read_mark_target(const void *data, struct fw_rule *r)
{
        const struct xt_mark_tginfo2 *t = data;

        r->value = t->mark;
        r->mask = t->mask;
}

static void read_connmark_target(const void *data, struct fw_rule *r)
{
        const struct xt_connmark_tginfo2 *t = data;

        r->value = t->ctmark;
        r->mask = t->ctmask;
        if (t->mode == XT_CONNMARK_SAVE)
                r->verb = FW_SAVE_MARK;
}

static void read_dnat(const void *data, struct fw_rule *r)
{
        const struct nf_nat_range2 *t = data;

        r->nat_addr = ntohl(t->min_addr.ip);
        r->nat_port = ntohs(t->min_proto.all);
}

static void read_snat(const void *data, struct fw_rule *r)
{
        const struct nf_nat_ipv4_multi_range_compat *t = data;

        r->nat_addr = ntohl(t->range[0].min_ip);
}

static void read_redirect(const void *data, struct fw_rule *r)
{
        const struct nf_nat_ipv4_multi_range_compat *t = data;

        r->nat_port = ntohs(t->range[0].min.all);
}

static void read_log(const void *data, struct fw_rule *r)
{
        const struct xt_log_info *t = data;

        memcpy(r->to, t->prefix, strnlen(t->prefix, FW_PREFIX_MAX));
}

static void read_nflog(const void *data, struct fw_rule *r)
{
        const struct xt_nflog_info *t = data;

        r->nflog_group = t->group;
        memcpy(r->to, t->prefix, strnlen(t->prefix, FW_PREFIX_MAX));
}

static const struct reader target_readers[] = {
        { "REJECT", 0, sizeof(struct ipt_reject_info), FW_REJECT, read_reject },
        { "MARK", 2, sizeof(struct xt_mark_tginfo2), FW_MARK, read_mark_target },
        { "CONNMARK", 2, sizeof(struct xt_connmark_tginfo2), FW_CONNMARK, read_connmark_target },
        { "DNAT", 2, sizeof(struct nf_nat_range2), FW_DNAT, read_dnat },
        { "SNAT", 0, sizeof(struct nf_nat_ipv4_multi_range_compat), FW_SNAT, read_snat },
        { "MASQUERADE", 0, sizeof(struct nf_nat_ipv4_multi_range_compat), FW_MASQUERADE, NULL },
        { "REDIRECT", 0, sizeof(struct nf_nat_ipv4_multi_range_compat), FW_REDIRECT,
          read_redirect },
        { "LOG", 0, sizeof(struct xt_log_info), FW_LOG, read_log },
        { "NFLOG", 0, sizeof(struct xt_nflog_info), FW_NFLOG, read_nflog },
        { "CT", 2, 0, FW_NOTRACK, NULL },
};

bool fw_extension(size_t i, struct fw_extension *ret)
{
        const size_t matches = sizeof match_readers / sizeof *match_readers;
        const size_t targets = sizeof target_readers / sizeof *target_readers;
        const struct reader *r;

        if (i >= matches + targets)
                return false;
        r = i < matches ? &match_readers[i] : &target_readers[i - matches];
        *ret = (struct fw_extension){ r->name, r->revision, i >= matches };
        return true;
}

static const struct reader *find_reader(const struct reader *table, size_t count, const char *name,
                                        uint8_t revision, size_t size)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(table[i].name, name) == 0 && table[i].revision == revision &&
                    table[i].size <= size)
                        return &table[i];
        return NULL;
}

static bool read_matches(const struct fw_entry *b, struct fw_rule *r)
{
        size_t at = XT_ALIGN(sizeof b->head);

        while (at < b->head.target_offset) {
                const struct xt_entry_match *m = (const void *)(b->bytes + at);
                const struct reader *reader = find_reader(
                        match_readers, sizeof match_readers / sizeof *match_readers, m->u.user.name,
                        m->u.user.revision, m->u.user.match_size - sizeof *m);

                if (!reader)
                        return false;
                reader->read(m->data, r);
                at += m->u.user.match_size;
        }
        return true;
}

/**
 * read_target() - Verdict, chain or target module
 * @standard: The kernel's entry names no module: a label that is no verdict is a chain
 */
static bool read_target(const struct fw_entry *b, bool standard, const char *target,
                        struct fw_rule *r)
{
        static const struct {
                const char *name;
                enum fw_verb verb;
        } verdicts[] = { { "", FW_COUNT },
                         { IPTC_LABEL_ACCEPT, FW_ACCEPT },
                         { IPTC_LABEL_DROP, FW_DROP },
                         { IPTC_LABEL_RETURN, FW_RETURN } };
        const struct xt_entry_target *t = (const void *)(b->bytes + b->head.target_offset);
        const struct reader *reader =
                find_reader(target_readers, sizeof target_readers / sizeof *target_readers, target,
                            t->u.user.revision, t->u.user.target_size - sizeof *t);

        if (reader) {
                r->verb = reader->verb;
                if (reader->read)
                        reader->read(t->data, r);
                return true;
        }
        for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
                if (strcmp(verdicts[i].name, target) == 0) {
                        r->verb = verdicts[i].verb;
                        return true;
                }
        }
        if (!standard)
                return false;
        r->verb = b->head.ip.flags & IPT_F_GOTO ? FW_GOTO : FW_JUMP;
        fw_to(r, "%s", target);
        return true;
}

/**
 * mark_foreign() - Keep the head for people, and a checksum to tell rules apart
 */
static void mark_foreign(const unsigned char *bytes, size_t len, struct fw_rule *r)
{
        uint64_t sum = hash_fnv(bytes, len);

        r->verb = FW_FOREIGN;
        r->value = (uint32_t)sum;
        r->mask = (uint32_t)(sum >> 32);
}

void fw_decode(const struct ipt_entry *entry, const char *target, struct fw_rule *ret)
{
        const struct xt_entry_target *t;
        struct fw_entry normal, again;

        *ret = (struct fw_rule){ 0 };
        read_head(&entry->ip, ret);
        if (!fw_normalise(entry, target, &normal)) {
                mark_foreign((const unsigned char *)&entry->ip, sizeof entry->ip, ret);
                return;
        }
        t = (const void *)((const unsigned char *)entry + entry->target_offset);
        if (read_matches(&normal, ret) && read_target(&normal, !t->u.user.name[0], target, ret) &&
            fw_encode(ret, &again, NULL) == 0 && fw_entry_same(&normal, &again))
                return;
        mark_foreign(normal.bytes, normal.len, ret);
}
