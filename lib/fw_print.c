/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule as "iptables -S" prints it: for logs, for GET /plan, and for tests that
 * hold our encoder against the real command.
 */
#include "netman/fw_rule.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct bit_name {
        unsigned int bit;
        const char *name;
};

/* In the order in which iptables lists them. */
static const struct bit_name state_names[] = {
        { FW_INVALID, "INVALID" },     { FW_NEW, "NEW" },
        { FW_RELATED, "RELATED" },     { FW_ESTABLISHED, "ESTABLISHED" },
        { FW_UNTRACKED, "UNTRACKED" }, { FW_DNATED, "DNAT" },
};

static const struct bit_name type_names[] = {
        { FW_TYPE_UNICAST, "UNICAST" },
        { FW_TYPE_LOCAL, "LOCAL" },
        { FW_TYPE_BROADCAST, "BROADCAST" },
        { FW_TYPE_MULTICAST, "MULTICAST" },
};

static void print_bits(const struct bit_name *names, size_t count, unsigned int bits,
                       struct str *out)
{
        const char *comma = "";

        for (size_t i = 0; i < count; i++) {
                if (!(bits & names[i].bit))
                        continue;
                str_addf(out, "%s%s", comma, names[i].name);
                comma = ",";
        }
}

static void print_net(const char *flag, const struct fw_net *net, struct str *out)
{
        if (!net->len)
                return;
        str_addf(out, "%s%s ", net->other ? "! " : "", flag);
        fw_addr_print(net->addr & fw_mask(net->len), out);
        str_addf(out, "/%u ", net->len);
}

/**
 * print_quoted() - Text as iptables writes it: in quotes unless plainly harmless
 */
static void print_quoted(const char *text, struct str *out)
{
        static const char plain[] =
                "_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

        if (text[0] && strspn(text, plain) == strlen(text)) {
                str_addf(out, "%s ", text);
                return;
        }
        str_add(out, "\"");
        for (; *text; text++)
                str_addf(out, "%s%c", strchr("\"\\'", *text) ? "\\" : "", *text);
        str_add(out, "\" ");
}

static void print_head(const struct fw_rule *r, struct str *out)
{
        static const char *const names[] = {
                [FW_ICMP] = "icmp", [FW_TCP] = "tcp", [FW_UDP] = "udp"
        };

        print_net("-s", &r->src, out);
        print_net("-d", &r->dst, out);
        if (r->in[0])
                str_addf(out, "%s-i %s ", r->in_not ? "! " : "", r->in);
        if (r->out[0])
                str_addf(out, "%s-o %s ", r->out_not ? "! " : "", r->out);
        if (!r->proto)
                return;
        str_addf(out, "%s-p ", r->proto_not ? "! " : "");
        if (r->proto < sizeof names / sizeof *names && names[r->proto])
                str_addf(out, "%s ", names[r->proto]);
        else
                str_addf(out, "%u ", r->proto);
}

static void print_addrs(const char *flag, const struct fw_addrs *a, struct str *out)
{
        if (!a->lo && !a->hi)
                return;
        str_addf(out, "%s ", flag);
        fw_addr_print(a->lo, out);
        str_add(out, "-");
        fw_addr_print(a->hi, out);
        str_add(out, " ");
}

static void print_ports(const char *flag, const struct fw_ports *p, struct str *out)
{
        if (p->lo == p->hi && p->lo)
                str_addf(out, "%s %u ", flag, p->lo);
        else if (p->hi)
                str_addf(out, "%s %u:%u ", flag, p->lo, p->hi);
}

static void print_layer4(const struct fw_rule *r, struct str *out)
{
        if (r->src_range.hi || r->dst_range.hi) {
                str_add(out, "-m iprange ");
                print_addrs("--src-range", &r->src_range, out);
                print_addrs("--dst-range", &r->dst_range, out);
        }
        if (r->sports.hi || r->dports.hi || r->not_syn) {
                str_add(out, r->proto == FW_TCP ? "-m tcp " : "-m udp ");
                print_ports("--sport", &r->sports, out);
                print_ports("--dport", &r->dports, out);
                if (r->not_syn)
                        str_add(out, "! --tcp-flags FIN,SYN,RST,ACK SYN ");
        }
        if (!r->icmp.on)
                return;
        if (r->icmp.type < 0)
                str_add(out, "-m icmp --icmp-type any ");
        else if (r->icmp.code < 0)
                str_addf(out, "-m icmp --icmp-type %d ", r->icmp.type);
        else
                str_addf(out, "-m icmp --icmp-type %d/%d ", r->icmp.type, r->icmp.code);
}

static void print_mark(const char *match, const struct fw_bits *b, struct str *out)
{
        if (!b->mask)
                return;
        str_addf(out, "-m %s %s--mark 0x%" PRIx32, match, b->other ? "! " : "", b->value);
        if (b->mask != UINT32_MAX)
                str_addf(out, "/0x%" PRIx32, b->mask);
        str_add(out, " ");
}

static void print_rate(const struct fw_rate *above, struct str *out)
{
        if (!above->per_second)
                return;
        str_addf(out,
                 "-m hashlimit --hashlimit-above %" PRIu32 "/sec --hashlimit-burst %" PRIu32
                 " --hashlimit-mode dstip,dstport --hashlimit-name %s ",
                 above->per_second, above->burst, above->name);
        if (fw_rate_expire_ms(above) != 1000) /* the command's default for rates per second */
                str_addf(out, "--hashlimit-htable-expire %" PRIu32 " ", fw_rate_expire_ms(above));
}

static void print_matches(const struct fw_rule *r, struct str *out)
{
        if (r->physdev_in[0])
                str_addf(out, "-m physdev %s--physdev-in %s ", r->physdev_in_not ? "! " : "",
                         r->physdev_in);
        if (r->dst_types) {
                str_addf(out, "-m addrtype %s--dst-type ", r->dst_types_not ? "! " : "");
                print_bits(type_names, sizeof type_names / sizeof *type_names, r->dst_types, out);
                str_add(out, " ");
        }
        if (r->owner.on)
                str_addf(out, "-m owner %s--uid-owner %" PRIu32 " ", r->owner.other ? "! " : "",
                         r->owner.uid);
        print_mark("mark", &r->mark, out);
        print_mark("connmark", &r->connmark, out);
        if (r->states) {
                str_add(out, r->ctstate ? "-m conntrack --ctstate " : "-m state --state ");
                print_bits(state_names, sizeof state_names / sizeof *state_names, r->states, out);
                str_add(out, " ");
        }
        if (r->limit.per_second) {
                uint32_t burst = r->limit.burst ? r->limit.burst : r->limit.per_second;

                str_addf(out, "-m limit --limit %" PRIu32 "/sec ", r->limit.per_second);
                if (burst != 5) /* the command's default, which it does not print */
                        str_addf(out, "--limit-burst %" PRIu32 " ", burst);
        }
        print_rate(&r->above, out);
        if (r->comment[0]) {
                str_add(out, "-m comment --comment ");
                print_quoted(r->comment, out);
        }
}

static void print_nat(const struct fw_rule *r, struct str *out)
{
        str_add(out, r->verb == FW_DNAT ? "-j DNAT --to-destination " : "-j SNAT --to-source ");
        fw_addr_print(r->nat_addr, out);
        if (r->verb == FW_DNAT && r->nat_port)
                str_addf(out, ":%u", r->nat_port);
        str_add(out, " ");
}

static void print_log(const struct fw_rule *r, struct str *out)
{
        str_add(out, r->verb == FW_LOG ? "-j LOG " : "-j NFLOG ");
        if (r->to[0]) {
                str_add(out, r->verb == FW_LOG ? "--log-prefix " : "--nflog-prefix ");
                print_quoted(r->to, out);
        }
        if (r->verb == FW_NFLOG && r->nflog_group)
                str_addf(out, "--nflog-group %u ", r->nflog_group);
}

static void print_verb(const struct fw_rule *r, struct str *out)
{
        static const char *const rejects[] = {
                [FW_REJECT_PORT_UNREACHABLE] = "icmp-port-unreachable",
                [FW_REJECT_TCP_RESET] = "tcp-reset",
                [FW_REJECT_ADMIN_PROHIBITED] = "icmp-admin-prohibited",
        };
        static const char *const plain[] = {
                [FW_COUNT] = "",
                [FW_ACCEPT] = "-j ACCEPT ",
                [FW_DROP] = "-j DROP ",
                [FW_RETURN] = "-j RETURN ",
                [FW_SAVE_MARK] = "-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff ",
                [FW_MASQUERADE] = "-j MASQUERADE ",
                [FW_NOTRACK] = "-j CT --notrack ",
                [FW_FOREIGN] = "-j foreign ",
        };
        static_assert(sizeof plain / sizeof *plain == FW_VERB_COUNT_, "a verb has no text");

        if (r->verb == FW_JUMP || r->verb == FW_GOTO)
                str_addf(out, "%s %s ", r->verb == FW_JUMP ? "-j" : "-g", r->to);
        else if (r->verb == FW_REJECT)
                str_addf(out, "-j REJECT --reject-with %s ", rejects[r->reject]);
        else if (r->verb == FW_MARK || r->verb == FW_CONNMARK)
                str_addf(out, "-j %s --set-xmark 0x%" PRIx32 "/0x%" PRIx32 " ",
                         r->verb == FW_MARK ? "MARK" : "CONNMARK", r->value, r->mask);
        else if (r->verb == FW_DNAT || r->verb == FW_SNAT)
                print_nat(r, out);
        else if (r->verb == FW_REDIRECT)
                str_addf(out, "-j REDIRECT --to-ports %u ", r->nat_port);
        else if (r->verb == FW_LOG || r->verb == FW_NFLOG)
                print_log(r, out);
        else
                str_add(out, plain[r->verb]);
}

void fw_rule_print(const struct fw_rule *r, struct str *out)
{
        size_t start = out->len;

        print_head(r, out);
        print_layer4(r, out);
        print_matches(r, out);
        print_verb(r, out);
        if (!out->bad && out->len > start)
                out->data[--out->len] = '\0'; /* the last space */
}
