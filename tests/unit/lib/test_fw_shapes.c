/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind of rule, written to the kernel: as the iptables command prints it, as
 * we print it, and as we read it back.
 */
#include "fw_kernel.h"

struct shape {
        const char *table;
        struct fw_rule rule;
        const char *text; /* as the command prints it */
};

/* Protocol 253 has no name: whether a name is shown for a number is the command's version's. */
static const struct shape shapes[] = {
        { "filter", { .verb = FW_ACCEPT }, "-j ACCEPT" },
        { "filter", { SRC, .verb = FW_COUNT }, "-s 10.255.1.2/32" },
        { "filter", { SRC, DST, .verb = FW_DROP }, "-s 10.255.1.2/32 -d 10.255.1.3/32 -j DROP" },
        { "filter", { .verb = FW_GOTO, .to = "other" }, "-g other" },
        { "filter",
          { .in = "eth0", .out = "veth+", .verb = FW_JUMP, .to = "other" },
          "-i eth0 -o veth+ -j other" },
        { "filter",
          { .in = "eth0", .in_not = true, .out = "flannel.1", .out_not = true, .verb = FW_DROP },
          "! -i eth0 ! -o flannel.1 -j DROP" },
        { "filter",
          { SRC, .dst = { IP(10, 255, 0, 0), 16, true }, .states = FW_RELATED | FW_ESTABLISHED,
            .verb = FW_RETURN },
          "-s 10.255.1.2/32 ! -d 10.255.0.0/16 -m state --state RELATED,ESTABLISHED -j RETURN" },
        { "filter",
          { SRC, .proto = FW_TCP, .dst_range = { IP(10, 0, 0, 0), IP(10, 0, 0, 255) },
            .dports = { 8080, 8090 }, .verb = FW_RETURN },
          "-s 10.255.1.2/32 -p tcp -m iprange --dst-range 10.0.0.0-10.0.0.255"
          " -m tcp --dport 8080:8090 -j RETURN" },
        { "filter",
          { .proto = FW_UDP,
            .src_range = { IP(10, 0, 0, 1), IP(10, 0, 0, 9) },
            .dst_range = { IP(0, 0, 0, 0), IP(9, 255, 255, 255) },
            .sports = { 53, 53 },
            .dports = { 1, 65535 },
            .verb = FW_GOTO,
            .to = "other" },
          "-p udp -m iprange --src-range 10.0.0.1-10.0.0.9 --dst-range 0.0.0.0-9.255.255.255"
          " -m udp --sport 53 --dport 1:65535 -g other" },
        { "filter",
          { .proto = FW_TCP, .not_syn = true, .verb = FW_REJECT },
          "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j REJECT"
          " --reject-with icmp-port-unreachable" },
        { "filter",
          { .proto = FW_ICMP, .icmp = { true, 8, 0 }, .verb = FW_ACCEPT },
          "-p icmp -m icmp --icmp-type 8/0 -j ACCEPT" },
        { "filter",
          { .proto = FW_ICMP, .icmp = { true, 3, -1 }, .verb = FW_ACCEPT },
          "-p icmp -m icmp --icmp-type 3 -j ACCEPT" },
        { "filter",
          { .proto = FW_ICMP, .icmp = { true, -1, -1 }, .verb = FW_ACCEPT },
          "-p icmp -m icmp --icmp-type any -j ACCEPT" },
        { "filter",
          { .proto = FW_UDP,
            .proto_not = true,
            .states = FW_INVALID | FW_NEW | FW_UNTRACKED,
            .ctstate = true,
            .verb = FW_LOG,
            .to = "OK_0001_some-app " },
          "! -p udp -m conntrack --ctstate INVALID,NEW,UNTRACKED -j LOG"
          " --log-prefix \"OK_0001_some-app \"" },
        { "filter",
          { .proto = FW_UDP, .limit = { 2, 2 }, .verb = FW_LOG, .to = "DENY_x" },
          "-p udp -m limit --limit 2/sec --limit-burst 2 -j LOG --log-prefix DENY_x" },
        { "filter",
          { .limit = { 5, 0 }, .verb = FW_NFLOG, .to = "DENY_x ", .nflog_group = 7 },
          "-m limit --limit 5/sec -j NFLOG --nflog-prefix \"DENY_x \" --nflog-group 7" },
        { "filter",
          { .physdev_in = "veth1", .dst_types = FW_TYPE_LOCAL, .verb = FW_DROP },
          "-m physdev --physdev-in veth1 -m addrtype --dst-type LOCAL -j DROP" },
        { "filter",
          { .physdev_in = "veth1",
            .physdev_in_not = true,
            .dst_types = FW_TYPE_LOCAL | FW_TYPE_BROADCAST,
            .dst_types_not = true,
            .verb = FW_DROP },
          "-m physdev ! --physdev-in veth1 -m addrtype ! --dst-type LOCAL,BROADCAST -j DROP" },
        { "filter",
          { .mark = { 1, UINT32_MAX, false },
            .connmark = { 0x10, 0xf0, true },
            .comment = "src:a_dst:b",
            .verb = FW_ACCEPT },
          "-m mark --mark 0x1 -m connmark ! --mark 0x10/0xf0"
          " -m comment --comment \"src:a_dst:b\" -j ACCEPT" },
        { "filter",
          { .mark = { 0x4000, 0xc000, true }, .comment = "plain", .verb = FW_JUMP, .to = "other" },
          "-m mark ! --mark 0x4000/0xc000 -m comment --comment plain -j other" },
        { "filter",
          { SRC, .comment = "src:x", .verb = FW_MARK, .value = 0xffff, .mask = UINT32_MAX },
          "-s 10.255.1.2/32 -m comment --comment \"src:x\" -j MARK --set-xmark 0xffff/0xffffffff" },
        { "filter",
          { .verb = FW_CONNMARK, .value = 1, .mask = 0xffff },
          "-j CONNMARK --set-xmark 0x1/0xffff" },
        { "filter",
          { .verb = FW_SAVE_MARK },
          "-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff" },
        { "filter", { .verb = FW_REJECT }, "-j REJECT --reject-with icmp-port-unreachable" },
        { "filter",
          { .verb = FW_REJECT, .reject = FW_REJECT_ADMIN_PROHIBITED },
          "-j REJECT --reject-with icmp-admin-prohibited" },
        { "filter",
          { .proto = FW_TCP, .verb = FW_REJECT, .reject = FW_REJECT_TCP_RESET },
          "-p tcp -j REJECT --reject-with tcp-reset" },
        { "filter",
          { .proto = FW_TCP,
            .states = FW_NEW,
            .ctstate = true,
            .above = { 100, 950, "some-handle" },
            .verb = FW_JUMP,
            .to = "other" },
          "-p tcp -m conntrack --ctstate NEW -m hashlimit --hashlimit-above 100/sec"
          " --hashlimit-burst 950 --hashlimit-mode dstip,dstport --hashlimit-name some-handle"
          " --hashlimit-htable-expire 10000"
          " -j other" },
        { "filter",
          { .above = { 7, 5, "a" }, .comment = "c", .verb = FW_REJECT },
          "-m hashlimit --hashlimit-above 7/sec --hashlimit-burst 5"
          " --hashlimit-mode dstip,dstport --hashlimit-name a -m comment --comment c"
          " -j REJECT --reject-with icmp-port-unreachable" },
        { "filter",
          { .states = FW_ESTABLISHED | FW_DNATED, .ctstate = true, .verb = FW_RETURN },
          "-m conntrack --ctstate ESTABLISHED,DNAT -j RETURN" },
        { "nat",
          { DST, .proto = FW_TCP, .owner = { true, true, 0 }, .verb = FW_REDIRECT,
            .nat_port = 15001 },
          "-d 10.255.1.3/32 -p tcp -m owner ! --uid-owner 0 -j REDIRECT --to-ports 15001" },
        { "nat",
          { DST, .proto = FW_TCP, .dports = { 60000, 60000 }, .verb = FW_DNAT,
            .nat_addr = IP(10, 255, 1, 2), .nat_port = 8080 },
          "-d 10.255.1.3/32 -p tcp -m tcp --dport 60000"
          " -j DNAT --to-destination 10.255.1.2:8080" },
        { "nat",
          { .proto = FW_TCP, .verb = FW_DNAT, .nat_addr = IP(10, 255, 1, 2) },
          "-p tcp -j DNAT --to-destination 10.255.1.2" },
        { "nat",
          { SRC, .dst = { IP(10, 255, 0, 0), 16, true }, .verb = FW_MASQUERADE },
          "-s 10.255.1.2/32 ! -d 10.255.0.0/16 -j MASQUERADE" },
        { "nat",
          { SRC, .verb = FW_SNAT, .nat_addr = IP(192, 0, 2, 1) },
          "-s 10.255.1.2/32 -j SNAT --to-source 192.0.2.1" },
        { "raw",
          { .proto = 253, .verb = FW_NOTRACK, .comment = "it's \"quoted\" \\" },
          "-p 253 -m comment --comment \"it\\'s \\\"quoted\\\" \\\\\" -j CT --notrack" },
};

static const char *home_chain(const struct fw_rule *r)
{
        return r->verb == FW_DNAT                                ? "PREROUTING"
               : r->verb == FW_SNAT || r->verb == FW_MASQUERADE  ? "POSTROUTING"
               : r->verb == FW_NOTRACK || r->verb == FW_REDIRECT ? "OUTPUT"
                                                                 : "test";
}

static int add_shape(struct fw_table *t, void *ctx, struct err *e)
{
        const struct shape *s = ctx;
        const char *chain = home_chain(&s->rule);

        if (strcmp(chain, "test") == 0 &&
            (fw_chain_ensure(t, "test", e) < 0 || fw_chain_ensure(t, "other", e) < 0))
                return -1;
        return fw_chain_set(t, chain, &s->rule, 1, e);
}

static int read_shape(struct fw_table *t, void *ctx, struct err *e)
{
        const struct shape *s = ctx;
        OWN(fw_rules) struct fw_rules rules = { 0 };

        if (fw_chain_read(t, home_chain(&s->rule), &rules, e) < 0)
                return -1;
        assert_int_equal(rules.count, 1);
        assert_int_equal(rules.items[0].verb, s->rule.verb);
        assert_true(fw_rule_same(&rules.items[0], &s->rule));
        return 0;
}

static void every_rule_reads_as_the_iptables_command_shows_it(void **state)
{
        (void)state;
        for (size_t i = 0; i < COUNT(shapes); i++) {
                struct shape s = shapes[i];
                OWN(str) struct str shown = { 0 };
                OWN(str) struct str want = { 0 };
                OWN(str) struct str printed = { 0 };
                struct fw_where w = where();
                struct fw_cost cost;
                struct err e = { 0 };

                must(fw_edit(&w, s.table, add_shape, &s, &cost, &e), &e);
                assert_true(cost.committed);
                IPTABLES(&shown, "-t", s.table, "-S", home_chain(&s.rule), "1");
                str_addf(&want, "-A %s %s\n", home_chain(&s.rule), s.text);
                assert_string_equal(str_text(&shown), str_text(&want));
                fw_rule_print(&s.rule, &printed);
                assert_string_equal(str_text(&printed), s.text);
                must(fw_view(s.table, read_shape, &s, &e), &e);
                must(fw_edit(&w, s.table, add_shape, &s, &cost, &e), &e);
                assert_false(cost.committed);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_rule_reads_as_the_iptables_command_shows_it),
        };

        return cmocka_run_group_tests(tests, own_namespace, remove_lock);
}
