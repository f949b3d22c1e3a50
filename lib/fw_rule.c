/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/fw_rule.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FW_RATE_MAX 1000000 /* the kernel counts microseconds between packets */

int fw_rules_add(struct fw_rules *list, const struct fw_rule *r, struct err *e)
{
        if (list->count == list->cap) {
                size_t cap = list->cap ? list->cap + list->cap / 2 : 4;
                struct fw_rule *items = reallocarray(list->items, cap, sizeof *items);

                if (!items)
                        return err_oom(e);
                list->items = items;
                list->cap = cap;
        }
        list->items[list->count++] = *r;
        return 0;
}

void fw_rules_done(struct fw_rules *list)
{
        free(list->items);
        *list = (struct fw_rules){ 0 };
}

/**
 * fill_text() - Print into a fixed field whose bytes behind the text stay zero
 * @max: Characters kept
 */
static void fill_text(char *field, size_t size, size_t max, const char *fmt, va_list ap)
{
        memset(field, 0, size);
        (void)vsnprintf(field, max + 1, fmt, ap); /* cutting is what callers ask for */
}

void fw_to(struct fw_rule *r, const char *fmt, ...)
{
        bool prefix = r->verb == FW_LOG || r->verb == FW_NFLOG;
        va_list ap;

        va_start(ap, fmt);
        fill_text(r->to, sizeof r->to, prefix ? FW_PREFIX_MAX : FW_CHAIN_MAX, fmt, ap);
        va_end(ap);
}

void fw_comment(struct fw_rule *r, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        fill_text(r->comment, sizeof r->comment, FW_COMMENT_MAX, fmt, ap);
        va_end(ap);
}

/* ---- Could the kernel hold it? ---- */

static int bad(struct err *e, const char *why)
{
        return err_set(e, FAULT_BAD_INPUT, 0, "impossible rule: %s", why);
}

static bool has_ports(const struct fw_rule *r)
{
        return r->not_syn || r->sports.lo || r->sports.hi || r->dports.lo || r->dports.hi;
}

static bool with_proto(const struct fw_rule *r, uint8_t proto)
{
        return r->proto == proto && !r->proto_not;
}

static int check_matches(const struct fw_rule *r, struct err *e)
{
        if (r->src.len > 32 || r->dst.len > 32)
                return bad(e, "prefix longer than 32");
        if ((r->src.other && !r->src.len) || (r->dst.other && !r->dst.len))
                return bad(e, "no address at all");
        if ((r->in_not && !r->in[0]) || (r->out_not && !r->out[0]))
                return bad(e, "no device at all");
        if (r->proto_not && !r->proto)
                return bad(e, "no protocol at all");
        if (has_ports(r) && !with_proto(r, FW_TCP) && !with_proto(r, FW_UDP))
                return bad(e, "ports without tcp or udp");
        if (r->not_syn && !with_proto(r, FW_TCP))
                return bad(e, "no SYN without tcp");
        if (r->sports.lo > r->sports.hi || r->dports.lo > r->dports.hi)
                return bad(e, "a port range ends before it starts");
        if (r->src_range.lo > r->src_range.hi || r->dst_range.lo > r->dst_range.hi)
                return bad(e, "an address range ends before it starts");
        if (r->icmp.on && !with_proto(r, FW_ICMP))
                return bad(e, "icmp type without icmp");
        if (r->icmp.on &&
            (r->icmp.type < -1 || r->icmp.type > 255 || r->icmp.code < -1 || r->icmp.code > 255))
                return bad(e, "icmp type or code out of range");
        if (r->limit.per_second > 10000)
                return bad(e, "a limit above 10000 in a second");
        if (r->above.per_second > FW_RATE_MAX || (r->above.per_second && !r->above.burst))
                return bad(e, "a rate without burst, or above 1000000 in a second");
        if (r->above.per_second && !r->above.name[0])
                return bad(e, "a rate without a name");
        if ((r->states & FW_DNATED) && !r->ctstate)
                return bad(e, "DNAT as a state");
        return 0;
}

int fw_rule_check(const struct fw_rule *r, struct err *e)
{
        bool terminal = r->verb == FW_JUMP || r->verb == FW_GOTO;

        if (check_matches(r, e) < 0)
                return -1;
        if ((unsigned int)r->verb >= FW_VERB_COUNT_ || r->verb == FW_FOREIGN)
                return bad(e, "no verb that can be written");
        if (terminal && (!r->to[0] || strnlen(r->to, sizeof r->to) > FW_CHAIN_MAX))
                return bad(e, "chain name empty or too long");
        if (strnlen(r->to, sizeof r->to) == sizeof r->to)
                return bad(e, "chain or prefix without end");
        if (r->verb == FW_REJECT && r->reject == FW_REJECT_TCP_RESET && !with_proto(r, FW_TCP))
                return bad(e, "tcp-reset without tcp");
        if (r->nat_port && (r->verb == FW_DNAT || r->verb == FW_REDIRECT) &&
            !with_proto(r, FW_TCP) && !with_proto(r, FW_UDP))
                return bad(e, "a port to translate to without tcp or udp");
        if (!r->nat_port && r->verb == FW_REDIRECT)
                return bad(e, "no port to redirect to");
        return 0;
}

/* ---- Order ---- */

#define CMP(x, y)                                                                                  \
        do {                                                                                       \
                if ((x) != (y))                                                                    \
                        return (x) < (y) ? -1 : 1;                                                 \
        } while (0)
#define CMP_TEXT(x, y)                                                                             \
        do {                                                                                       \
                int cmp_ = strcmp((x), (y));                                                       \
                if (cmp_)                                                                          \
                        return cmp_;                                                               \
        } while (0)

static int cmp_net(const struct fw_net *a, const struct fw_net *b)
{
        CMP(a->len, b->len);
        CMP(a->addr & fw_mask(a->len), b->addr & fw_mask(b->len));
        CMP(a->other, b->other);
        return 0;
}

static int cmp_bits(const struct fw_bits *a, const struct fw_bits *b)
{
        CMP(a->mask, b->mask);
        if (!a->mask)
                return 0;
        CMP(a->value, b->value);
        CMP(a->other, b->other);
        return 0;
}

static int cmp_layer4(const struct fw_rule *a, const struct fw_rule *b)
{
        CMP(a->proto, b->proto);
        CMP(a->proto_not, b->proto_not);
        CMP(a->sports.lo, b->sports.lo);
        CMP(a->sports.hi, b->sports.hi);
        CMP(a->dports.lo, b->dports.lo);
        CMP(a->dports.hi, b->dports.hi);
        CMP(a->not_syn, b->not_syn);
        CMP(a->icmp.on, b->icmp.on);
        if (a->icmp.on) {
                CMP(a->icmp.type, b->icmp.type);
                CMP(a->icmp.code, b->icmp.code);
        }
        return 0;
}

static int cmp_matches(const struct fw_rule *a, const struct fw_rule *b)
{
        CMP(a->src_range.lo, b->src_range.lo);
        CMP(a->src_range.hi, b->src_range.hi);
        CMP(a->dst_range.lo, b->dst_range.lo);
        CMP(a->dst_range.hi, b->dst_range.hi);
        CMP_TEXT(a->physdev_in, b->physdev_in);
        if (a->physdev_in[0])
                CMP(a->physdev_in_not, b->physdev_in_not);
        CMP(a->dst_types, b->dst_types);
        if (a->dst_types)
                CMP(a->dst_types_not, b->dst_types_not);
        CMP(a->owner.on, b->owner.on);
        if (a->owner.on) {
                CMP(a->owner.uid, b->owner.uid);
                CMP(a->owner.other, b->owner.other);
        }
        CMP(a->states, b->states);
        if (a->states)
                CMP(a->ctstate, b->ctstate);
        CMP(a->limit.per_second, b->limit.per_second);
        if (a->limit.per_second)
                CMP(a->limit.burst ? a->limit.burst : a->limit.per_second,
                    b->limit.burst ? b->limit.burst : b->limit.per_second);
        CMP(a->above.per_second, b->above.per_second);
        if (a->above.per_second) {
                CMP(a->above.burst, b->above.burst);
                CMP_TEXT(a->above.name, b->above.name);
        }
        CMP_TEXT(a->comment, b->comment);
        return 0;
}

static int cmp_verb(const struct fw_rule *a, const struct fw_rule *b)
{
        CMP(a->verb, b->verb);
        switch (a->verb) {
        case FW_NFLOG:
                CMP(a->nflog_group, b->nflog_group);
                /* fall through */
        case FW_JUMP:
        case FW_GOTO:
        case FW_LOG:
                CMP_TEXT(a->to, b->to);
                return 0;
        case FW_REJECT:
                CMP(a->reject, b->reject);
                return 0;
        case FW_MARK:
        case FW_CONNMARK:
        case FW_FOREIGN: /* a checksum of its bytes */
                CMP(a->value, b->value);
                CMP(a->mask, b->mask);
                return 0;
        case FW_REDIRECT:
                CMP(a->nat_port, b->nat_port);
                return 0;
        case FW_DNAT:
                CMP(a->nat_port, b->nat_port);
                /* fall through */
        case FW_SNAT:
                CMP(a->nat_addr, b->nat_addr);
                return 0;
        default:
                return 0;
        }
}

int fw_rule_cmp(const struct fw_rule *a, const struct fw_rule *b)
{
        int cmp = cmp_net(&a->src, &b->src);

        if (!cmp)
                cmp = cmp_net(&a->dst, &b->dst);
        if (!cmp)
                cmp = strcmp(a->in, b->in);
        if (!cmp)
                cmp = strcmp(a->out, b->out);
        if (!cmp && a->in[0])
                cmp = a->in_not - b->in_not;
        if (!cmp && a->out[0])
                cmp = a->out_not - b->out_not;
        if (!cmp)
                cmp = cmp_layer4(a, b);
        if (!cmp)
                cmp = cmp_bits(&a->mark, &b->mark);
        if (!cmp)
                cmp = cmp_bits(&a->connmark, &b->connmark);
        if (!cmp)
                cmp = cmp_matches(a, b);
        return cmp ? cmp : cmp_verb(a, b);
}

/* ---- Addresses ---- */

int fw_addr_parse(const char *text, uint32_t *ret, struct err *e)
{
        struct in_addr in;

        if (inet_pton(AF_INET, text, &in) != 1)
                return err_set(e, FAULT_BAD_INPUT, 0, "'%.40s' is no IPv4 address", text);
        *ret = ntohl(in.s_addr);
        return 0;
}

int fw_net_parse(const char *text, struct fw_net *ret, struct err *e)
{
        const char *slash = strchr(text, '/');
        struct fw_net net = { .len = 32 };
        char addr[INET_ADDRSTRLEN];
        int64_t len = 32;
        int n;

        n = snprintf(addr, sizeof addr, "%.*s", slash ? (int)(slash - text) : 15, text);
        if (n < 0 || (size_t)n >= sizeof addr || (!slash && strlen(text) > 15))
                return err_set(e, FAULT_BAD_INPUT, 0, "'%.40s' is no IPv4 network", text);
        if (fw_addr_parse(addr, &net.addr, e) < 0)
                return -1;
        if (slash && str_to_int(slash + 1, 0, 32, &len, e) < 0)
                return err_add(e, "'%.40s' is no IPv4 network", text);
        net.len = (uint8_t)len;
        if (net.addr & ~fw_mask(net.len))
                return err_set(e, FAULT_BAD_INPUT, 0, "'%.40s' has bits set beyond its prefix",
                               text);
        *ret = net;
        return 0;
}

void fw_addr_print(uint32_t addr, struct str *out)
{
        str_addf(out, "%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255, addr & 255);
}
