/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules against the real kernel and the real iptables command, in a network
 * namespace of this test's own. Needs root.
 */
#include "netman/child.h"
#include "netman/file.h"
#include "netman/fw_tx.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "tests/unit/test.h"

static char lock_path[] = "/tmp/fw-test-lock.XXXXXX";

static struct fw_where where(void)
{
        return (struct fw_where){ .xtables_lock = lock_path, .wait_ms = 5000 };
}

static int own_namespace(void **state)
{
        int fd = mkstemp(lock_path);

        (void)state;
        if (fd < 0 || close(fd) < 0)
                return -1;
        return unshare(CLONE_NEWNET);
}

static int remove_lock(void **state)
{
        (void)state;
        return unlink(lock_path);
}

/**
 * iptables() - What the real command prints
 */
static void iptables(struct str *out, const char *const *argv)
{
        OWN(str) struct str errout = { 0 };
        struct child_run run = { .argv = argv };
        struct err e = { 0 };
        int status = -1;

        if (child_run(&run, out, &errout, &status, &e) < 0)
                fail_msg("%s", e.msg);
        if (status != 0)
                fail_msg("iptables: %s", str_text(&errout));
}

#define IPTABLES(out, ...)                                                                         \
        iptables(out, (const char *const[]){ "/usr/sbin/iptables-legacy", __VA_ARGS__, NULL })

static void must(int rc, const struct err *e)
{
        if (rc < 0)
                fail_msg("%s", e->msg);
}

struct shape {
        const char *table;
        struct fw_rule rule;
        const char *text; /* as the command prints it */
};

#define IP(a, b, c, d)                                                                             \
        ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define SRC .src = { IP(10, 255, 1, 2), 32, false }
#define DST .dst = { IP(10, 255, 1, 3), 32, false }

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
          { .proto = 47, .verb = FW_NOTRACK, .comment = "it's \"quoted\" \\" },
          "-p gre -m comment --comment \"it\\'s \\\"quoted\\\" \\\\\" -j CT --notrack" },
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
                if (s.rule.proto != 47) { /* we print the number */
                        fw_rule_print(&s.rule, &printed);
                        assert_string_equal(str_text(&printed), s.text);
                }
                must(fw_view(s.table, read_shape, &s, &e), &e);
                must(fw_edit(&w, s.table, add_shape, &s, &cost, &e), &e);
                assert_false(cost.committed);
        }
}

static int set_three(struct fw_table *t, void *ctx, struct err *e)
{
        const struct fw_rule *rules = ctx;

        return fw_chain_ensure(t, "other", e) < 0 ? -1 : fw_chain_set(t, "FORWARD", rules, 3, e);
}

static int read_forward(struct fw_table *t, void *ctx, struct err *e)
{
        return fw_chain_read(t, "FORWARD", ctx, e);
}

static int insert_first(struct fw_table *t, void *ctx, struct err *e)
{
        return fw_insert(t, "FORWARD", 0, ctx, e);
}

static void rules_of_others_keep_bytes_order_and_counters(void **state)
{
        OWN(fw_rules) struct fw_rules rules = { 0 };
        OWN(str) struct str out = { 0 };
        OWN(str) struct str before = { 0 };
        OWN(str) struct str after = { 0 };
        struct fw_rule first = { SRC, .verb = FW_ACCEPT };
        struct fw_where w = where();
        struct err e = { 0 };

        (void)state;
        IPTABLES(&out, "-F", "FORWARD");
        IPTABLES(&out, "-A", "FORWARD", "-p", "tcp", "--syn", "-c", "7", "700", "-j", "DROP");
        IPTABLES(&out, "-A", "FORWARD", "-m", "multiport", "-p", "tcp", "--dports", "1,2", "-j",
                 "ACCEPT");
        IPTABLES(&out, "-A", "FORWARD", "-m", "ttl", "--ttl-eq", "3", "-j", "DROP");
        IPTABLES(&before, "-v", "-S", "FORWARD");
        must(fw_edit(&w, "filter", insert_first, &first, NULL, &e), &e);
        IPTABLES(&out, "-D", "FORWARD", "1");
        IPTABLES(&after, "-v", "-S", "FORWARD");
        assert_string_equal(str_text(&before), str_text(&after));
        assert_non_null(strstr(str_text(&after), "--tcp-flags"));
        assert_non_null(strstr(str_text(&after), "-c 7 700"));
        must(fw_view("filter", read_forward, &rules, &e), &e);
        assert_int_equal(rules.count, 3);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(rules.items[i].verb, FW_FOREIGN);
        assert_false(fw_rule_same(&rules.items[0], &rules.items[1]));
}

static void a_set_touches_only_what_differs(void **state)
{
        struct fw_rule rules[3] = { { SRC, .verb = FW_ACCEPT },
                                    { DST, .verb = FW_DROP },
                                    { .verb = FW_JUMP, .to = "other" } };
        OWN(str) struct str out = { 0 };
        struct fw_where w = where();
        struct err e = { 0 };

        (void)state;
        IPTABLES(&out, "-F", "FORWARD");
        must(fw_edit(&w, "filter", set_three, rules, NULL, &e), &e);
        IPTABLES(&out, "-R", "FORWARD", "1", "-s", "10.255.1.2", "-c", "5", "50", "-j", "ACCEPT");
        rules[1].verb = FW_RETURN;
        must(fw_edit(&w, "filter", set_three, rules, NULL, &e), &e);
        str_clear(&out);
        IPTABLES(&out, "-v", "-S", "FORWARD");
        assert_string_equal(str_text(&out), "-P FORWARD ACCEPT -c 0 0\n"
                                            "-A FORWARD -s 10.255.1.2/32 -c 5 50 -j ACCEPT\n"
                                            "-A FORWARD -d 10.255.1.3/32 -c 0 0 -j RETURN\n"
                                            "-A FORWARD -c 0 0 -j other\n");
}

/**
 * struct rival - An edit during which another program changes the table
 * @rounds: How often it does so
 */
struct rival {
        int calls, rounds;
};

static int with_rival(struct fw_table *t, void *ctx, struct err *e)
{
        struct fw_rule r = { .verb = FW_ACCEPT, .comment = "mine" };
        struct rival *rival = ctx;
        OWN(str) struct str out = { 0 };

        if (rival->calls++ < rival->rounds)
                IPTABLES(&out, "-A", "FORWARD", "-m", "comment", "--comment", "rival");
        return fw_append(t, "FORWARD", &r, e);
}

static void an_edit_runs_again_when_the_table_changed_under_it(void **state)
{
        OWN(str) struct str out = { 0 };
        struct rival rival = { .rounds = 3 };
        struct fw_where w = where();
        struct fw_cost cost;
        struct err e = { 0 };

        (void)state;
        IPTABLES(&out, "-F", "FORWARD");
        must(fw_edit(&w, "filter", with_rival, &rival, &cost, &e), &e);
        assert_int_equal(cost.tries, 4);
        str_clear(&out);
        IPTABLES(&out, "-S", "FORWARD");
        assert_string_equal(str_text(&out), "-P FORWARD ACCEPT\n"
                                            "-A FORWARD -m comment --comment rival\n"
                                            "-A FORWARD -m comment --comment rival\n"
                                            "-A FORWARD -m comment --comment rival\n"
                                            "-A FORWARD -m comment --comment mine -j ACCEPT\n");
}

static void a_table_that_never_rests_is_given_up_in_time(void **state)
{
        struct rival rival = { .rounds = 1000000 };
        struct fw_where w = where();
        struct err e = { 0 };

        (void)state;
        w.wait_ms = 200;
        assert_int_equal(fw_edit(&w, "filter", with_rival, &rival, NULL, &e), -1);
        assert_int_equal(e.fault, FAULT_CONFLICT);
}

static void a_held_lock_is_named_after_a_bounded_wait(void **state)
{
        struct fw_where w = where();
        struct err e = { 0 };
        int fd = open(lock_path, O_RDONLY | O_CLOEXEC);
        struct rival rival = { 0 };

        (void)state;
        assert_return_code(flock(fd, LOCK_EX), 0);
        w.wait_ms = 50;
        assert_int_equal(fw_edit(&w, "filter", with_rival, &rival, NULL, &e), -1);
        assert_int_equal(e.fault, FAULT_CONFLICT);
        assert_non_null(strstr(e.msg, lock_path));
        assert_int_equal(rival.calls, 0);
        close(fd);
}

static int misuse(struct fw_table *t, void *ctx, struct err *e)
{
        struct fw_rule lost = { .verb = FW_JUMP, .to = "nowhere" };
        struct fw_rule to_other = { .verb = FW_GOTO, .to = "other" };
        char **names = NULL;
        size_t count = 0;
        struct err why = { 0 };

        (void)ctx;
        must(fw_chain_ensure(t, "other", e), e);
        must(fw_chain_set(t, "FORWARD", &to_other, 1, e), e);
        assert_int_equal(fw_append(t, "FORWARD", &lost, &why), -1);
        assert_int_equal(why.fault, FAULT_ABSENT);
        assert_int_equal(fw_append(t, "missing", &to_other, &why), -1);
        assert_int_equal(fw_delete(t, "FORWARD", 1, &why), -1);
        assert_int_equal(fw_chain_create(t, "other", &why), -1);
        assert_int_equal(why.fault, FAULT_CONFLICT);
        assert_int_equal(fw_chain_create(t, "a-name-of-twenty-nine-letters", &why), -1);
        must(fw_chain_create(t, "a-name-of-twenty-eight-chars", e), e);
        assert_int_equal(fw_chain_refs(t, "other"), 1);
        assert_int_equal(fw_chain_delete(t, "other", &why), -1);
        assert_int_equal(why.fault, FAULT_CONFLICT);
        must(fw_chain_names(t, "a-name", &names, &count, e), e);
        assert_int_equal(count, 1);
        assert_string_equal(names[0], "a-name-of-twenty-eight-chars");
        free(names);
        assert_int_equal(fw_find(t, "FORWARD", &to_other, 0), 0);
        assert_int_equal(fw_find(t, "FORWARD", &to_other, 1), -1);
        must(fw_delete(t, "FORWARD", 0, e), e);
        must(fw_chain_delete(t, "other", e), e);
        must(fw_chain_delete(t, "other", e), e);
        return err_set(e, FAULT_DENIED, 0, "changed my mind");
}

static void mistakes_are_told_and_an_abandoned_edit_changes_nothing(void **state)
{
        OWN(str) struct str before = { 0 };
        OWN(str) struct str after = { 0 };
        struct fw_where w = where();
        struct err e = { 0 };

        (void)state;
        IPTABLES(&before, "-S");
        assert_int_equal(fw_edit(&w, "filter", misuse, NULL, NULL, &e), -1);
        assert_string_equal(e.msg, "changed my mind");
        IPTABLES(&after, "-S");
        assert_string_equal(str_text(&before), str_text(&after));
}

#define MANY 10000

static int add_many(struct fw_table *t, void *ctx, struct err *e)
{
        (void)ctx;
        if (fw_chain_ensure(t, "many", e) < 0)
                return -1;
        for (uint32_t i = 0; i < MANY; i++) {
                struct fw_rule r = { .src = fw_host(IP(10, 0, 0, 0) + i),
                                     .proto = FW_TCP,
                                     .dports = { 80, 80 },
                                     .verb = FW_ACCEPT };

                if (fw_append(t, "many", &r, e) < 0)
                        return -1;
        }
        return 0;
}

static int count_many(struct fw_table *t, void *ctx, struct err *e)
{
        (void)e;
        *(size_t *)ctx = fw_chain_count(t, "many");
        return 0;
}

static void ten_thousand_rules_go_in_one_commit(void **state)
{
        struct fw_where w = where();
        unsigned int rules, bytes;
        struct fw_cost cost;
        struct err e = { 0 };
        size_t count = 0;

        (void)state;
        must(fw_edit(&w, "filter", add_many, NULL, &cost, &e), &e);
        print_message("# %d rules: %lld us\n", MANY, (long long)cost.edit_us);
        must(fw_view("filter", count_many, &count, &e), &e);
        assert_int_equal(count, MANY);
        must(fw_size("filter", &rules, &bytes, &e), &e);
        assert_true(rules > MANY && bytes > rules);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_rule_reads_as_the_iptables_command_shows_it),
                cmocka_unit_test(rules_of_others_keep_bytes_order_and_counters),
                cmocka_unit_test(a_set_touches_only_what_differs),
                cmocka_unit_test(an_edit_runs_again_when_the_table_changed_under_it),
                cmocka_unit_test(a_table_that_never_rests_is_given_up_in_time),
                cmocka_unit_test(a_held_lock_is_named_after_a_bounded_wait),
                cmocka_unit_test(mistakes_are_told_and_an_abandoned_edit_changes_nothing),
                cmocka_unit_test(ten_thousand_rules_go_in_one_commit),
        };

        return cmocka_run_group_tests(tests, own_namespace, remove_lock);
}
