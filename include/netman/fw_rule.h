/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A firewall rule as a value. What a field's zero means is "does not matter", so
 * a rule is written as a designated initialiser that reads like the command:
 *
 *   struct fw_rule r = { .src = fw_host(ip), .proto = FW_TCP,
 *                        .dports = { 8080, 8090 }, .verb = FW_ACCEPT };
 *   fw_comment(&r, "src:%s_dst:%s", src, dst);
 *
 * Rules hold no pointers: copy them, compare them, keep them. All addresses,
 * ports and marks are in host byte order. Tables are changed through
 * netman/fw_tx.h; the kernel's bytes are made in lib/fw_encode.c alone.
 */
#ifndef NETMAN_FW_RULE_H
#define NETMAN_FW_RULE_H

#include "netman/err.h"
#include "netman/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FW_CHAIN_MAX   28 /* characters in a chain's name: the kernel's limit */
#define FW_PREFIX_MAX  29 /* characters in a LOG or NFLOG prefix: LOG's limit */
#define FW_COMMENT_MAX 87 /* characters kept of a comment: two GUIDs and words */
#define FW_IFACE_MAX   15 /* characters in a device's name */
#define FW_RATE_NAME   39 /* characters kept of a rate's name */

/* What a rule does with a packet. */
enum fw_verb {
        FW_COUNT = 0, /* nothing: on to the next rule */
        FW_ACCEPT,
        FW_DROP,
        FW_RETURN,
        FW_JUMP,       /* to the chain @to; RETURN there comes back here */
        FW_GOTO,       /* to the chain @to; RETURN there comes back where we were called */
        FW_REJECT,     /* answers as @reject says */
        FW_MARK,       /* --set-xmark @value/@mask */
        FW_CONNMARK,   /* --set-xmark @value/@mask on the connection */
        FW_SAVE_MARK,  /* CONNMARK --save-mark, all bits */
        FW_DNAT,       /* to @nat_addr:@nat_port (nat PREROUTING, OUTPUT) */
        FW_SNAT,       /* to @nat_addr (nat POSTROUTING, INPUT) */
        FW_MASQUERADE, /* nat POSTROUTING */
        FW_REDIRECT,   /* to @nat_port of this host (nat PREROUTING, OUTPUT) */
        FW_LOG,        /* to the kernel's log, prefix @to */
        FW_NFLOG,      /* to the netlink group @nflog_group, prefix @to */
        FW_NOTRACK,    /* CT --notrack (raw) */
        FW_FOREIGN,    /* read from the kernel, and no rule that this module would write */
        FW_VERB_COUNT_
};

enum fw_reject { FW_REJECT_PORT_UNREACHABLE = 0, FW_REJECT_TCP_RESET, FW_REJECT_ADMIN_PROHIBITED };

enum fw_proto { FW_ANY = 0, FW_ICMP = 1, FW_TCP = 6, FW_UDP = 17 };

/* Connection states, for fw_rule.states. */
#define FW_INVALID     0x01u
#define FW_NEW         0x02u
#define FW_RELATED     0x04u
#define FW_ESTABLISHED 0x08u
#define FW_UNTRACKED   0x10u
#define FW_DNATED      0x20u /* its destination was translated; only with fw_rule.ctstate */

/* -m addrtype: kinds of address, for fw_rule.dst_types. */
#define FW_TYPE_UNICAST   0x02u
#define FW_TYPE_LOCAL     0x04u
#define FW_TYPE_BROADCAST 0x08u
#define FW_TYPE_MULTICAST 0x20u

/** struct fw_net - Network; @len 0 is any address. @other: every address but these */
struct fw_net {
        uint32_t addr;
        uint8_t len;
        bool other;
};

/** struct fw_ports - From @lo to @hi, both included; both 0: any port */
struct fw_ports {
        uint16_t lo, hi;
};

/** struct fw_addrs - From @lo to @hi, both included; both 0: any address */
struct fw_addrs {
        uint32_t lo, hi;
};

/** struct fw_bits - Matches where (mark & @mask) == @value; @mask 0: any mark */
struct fw_bits {
        uint32_t value, mask;
        bool other;
};

/** struct fw_icmp - Looked at only where @on; -1 is any type or any code */
struct fw_icmp {
        bool on;
        int16_t type, code;
};

/**
 * struct fw_limit - At most so many packets; @burst 0 is as many as in a second
 * @per_second: 0: no limit
 */
struct fw_limit {
        uint32_t per_second, burst;
};

/**
 * struct fw_rate - Matches what is above a rate, counted for each destination
 *                  address and port apart (-m hashlimit)
 * @per_second: 0: no such match
 * @burst:      Packets at once before the rate counts; not 0
 * @name:       Of the kernel's table of counts, /proc/net/ipt_hashlimit/NAME:
 *              rules with the same name share it
 */
struct fw_rate {
        uint32_t per_second, burst;
        char name[FW_RATE_NAME + 1];
};

/** struct fw_owner - Whose socket sent it, looked at only where @on (OUTPUT) */
struct fw_owner {
        bool on, other;
        uint32_t uid;
};

/**
 * struct fw_rule - One rule
 * @proto_not:    Every protocol but @proto
 * @in, @out:     Devices, "" for any; a trailing '+' is a wildcard
 * @in_not, @out_not: Every device but that
 * @sports:       Only with @proto FW_TCP or FW_UDP, like @dports
 * @not_syn:      TCP, but no packet that opens a connection (! --syn)
 * @src_range:    -m iprange, beside or instead of @src
 * @physdev_in:   Bridge port the packet came through, "" for any
 * @states:       FW_INVALID | FW_NEW …; 0 for any
 * @ctstate:      Write them as -m conntrack --ctstate, not -m state --state:
 *                the meaning is the same, "iptables -S" differs
 * @dst_types:    FW_TYPE_LOCAL …; 0 for any
 * @verb:         What it does; the fields after it are those verbs' arguments
 * @to:           Chain of FW_JUMP and FW_GOTO; prefix of FW_LOG and FW_NFLOG
 * @value, @mask: FW_MARK and FW_CONNMARK; a mask of ~0 replaces the whole mark
 * @comment:      "" for none
 *
 * "iptables -S" shows matches in this order: iprange, tcp|udp|icmp, physdev,
 * addrtype, owner, mark, connmark, state, limit, hashlimit, comment.
 */
struct fw_rule {
        struct fw_net src, dst;
        char in[FW_IFACE_MAX + 1], out[FW_IFACE_MAX + 1];
        bool in_not, out_not;
        uint8_t proto;
        bool proto_not;
        struct fw_addrs src_range, dst_range;
        struct fw_ports sports, dports;
        bool not_syn;
        struct fw_icmp icmp;
        char physdev_in[FW_IFACE_MAX + 1];
        bool physdev_in_not;
        uint16_t dst_types;
        bool dst_types_not;
        struct fw_owner owner;
        struct fw_bits mark, connmark;
        uint8_t states;
        bool ctstate;
        struct fw_limit limit;
        struct fw_rate above;
        char comment[FW_COMMENT_MAX + 1];

        enum fw_verb verb;
        enum fw_reject reject;
        char to[32];
        uint32_t value, mask;
        uint32_t nat_addr;
        uint16_t nat_port;
        uint16_t nflog_group;
};

/** struct fw_rules - A growing list of rules; all zero is a valid empty one */
struct fw_rules {
        struct fw_rule *items;
        size_t count, cap;
};

/** fw_rules_add() - Append a copy of @r */
int fw_rules_add(struct fw_rules *list, const struct fw_rule *r, struct err *e);
void fw_rules_done(struct fw_rules *list);

/* OWN(fw_rules) struct fw_rules list = { 0 }; */
static inline void fw_rules_drop(struct fw_rules *list)
{
        fw_rules_done(list);
}

/** fw_host() - The network of one address */
static inline struct fw_net fw_host(uint32_t addr)
{
        return (struct fw_net){ .addr = addr, .len = 32 };
}

/** fw_not() - Every address but those of @net */
static inline struct fw_net fw_not(struct fw_net net)
{
        net.other = !net.other;
        return net;
}

/** fw_mask() - Netmask of a prefix length, host byte order */
static inline uint32_t fw_mask(unsigned int len)
{
        return len ? ~UINT32_C(0) << (32 - len) : 0;
}

/** fw_net_has() - Is @addr in @net? Heeds @net.other */
static inline bool fw_net_has(struct fw_net net, uint32_t addr)
{
        return (((addr ^ net.addr) & fw_mask(net.len)) == 0) != net.other;
}

/** fw_to() - Set the chain or prefix of @r; longer text is cut to the verb's limit */
void fw_to(struct fw_rule *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** fw_comment() - Set the comment of @r; longer text is cut */
void fw_comment(struct fw_rule *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * fw_rule_check() - Could the kernel hold this rule?
 * @e: FAULT_BAD_INPUT: which field is impossible (ports without tcp or udp, a
 *     range that ends before it starts, an empty chain name, …)
 */
int fw_rule_check(const struct fw_rule *r, struct err *e);

/**
 * fw_rule_cmp() - Order rules by all that they mean
 *
 * Spare bytes do not count, so two rules that print alike compare equal, but
 * foreign ones: they only compare equal to their own copies.
 */
int fw_rule_cmp(const struct fw_rule *a, const struct fw_rule *b);

static inline bool fw_rule_same(const struct fw_rule *a, const struct fw_rule *b)
{
        return fw_rule_cmp(a, b) == 0;
}

/**
 * fw_rule_print() - The rule as "iptables -S" shows it, without "-A CHAIN "
 *
 * Foreign rules show the fields that are common to all rules and "-j foreign".
 */
void fw_rule_print(const struct fw_rule *r, struct str *out);

/**
 * fw_net_parse() - "10.0.0.0/8" or "10.1.2.3"
 * @e: FAULT_BAD_INPUT; also for bits set beyond the prefix
 */
int fw_net_parse(const char *text, struct fw_net *ret, struct err *e);

/** fw_addr_parse() - "10.1.2.3" in host byte order */
int fw_addr_parse(const char *text, uint32_t *ret, struct err *e);

/**
 * fw_rate_expire_ms() - When the kernel forgets a count: after as many whole seconds
 *                       as it takes to be allowed a full burst again
 */
static inline uint32_t fw_rate_expire_ms(const struct fw_rate *above)
{
        return (above->burst / above->per_second + (above->burst % above->per_second != 0)) * 1000;
}

/** fw_addr_print() - Add "10.1.2.3" */
void fw_addr_print(uint32_t addr, struct str *out);

#endif
