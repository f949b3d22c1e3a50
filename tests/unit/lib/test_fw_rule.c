/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/fw_rule.h"

#include "netman/fw_encode.h"

#include "tests/unit/test.h"

static void networks_are_read_strictly(void **state)
{
        static const struct {
                const char *text;
                int rc;
                uint32_t addr;
                uint8_t len;
        } table[] = {
                { "10.255.0.0/16", 0, 0x0aff0000, 16 },
                { "10.1.2.3", 0, 0x0a010203, 32 },
                { "0.0.0.0/0", 0, 0, 0 },
                { "255.255.255.255/32", 0, UINT32_MAX, 32 },
                { "10.1.2.3/16", -1, 0, 0 },
                { "10.1.2/24", -1, 0, 0 },
                { "10.1.2.3/33", -1, 0, 0 },
                { "10.1.2.3/", -1, 0, 0 },
                { "10.1.2.3/-1", -1, 0, 0 },
                { "10.1.2.3 ", -1, 0, 0 },
                { "", -1, 0, 0 },
                { "/8", -1, 0, 0 },
                { "100.100.100.1000", -1, 0, 0 },
                { "10.1.2.3/8/8", -1, 0, 0 },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(table); i++) {
                struct fw_net net = { 0 };
                struct err e = { 0 };

                assert_int_equal(fw_net_parse(table[i].text, &net, &e), table[i].rc);
                assert_int_equal(net.addr, table[i].addr);
                assert_int_equal(net.len, table[i].len);
        }
}

static void impossible_rules_are_refused_with_a_reason(void **state)
{
        static const struct {
                struct fw_rule rule;
                const char *why;
        } table[] = {
                { { .src = { 0, 33, false } }, "prefix" },
                { { .src = { 0, 0, true } }, "no address" },
                { { .in_not = true }, "no device" },
                { { .proto_not = true }, "no protocol" },
                { { .dports = { 1, 2 } }, "ports without" },
                { { .dports = { 1, 2 }, .proto = FW_ICMP }, "ports without" },
                { { .dports = { 1, 2 }, .proto = FW_TCP, .proto_not = true }, "ports without" },
                { { .dports = { 2, 1 }, .proto = FW_TCP }, "port range" },
                { { .not_syn = true, .proto = FW_UDP }, "SYN" },
                { { .dst_range = { 2, 1 } }, "address range" },
                { { .icmp = { true, -1, -1 } }, "icmp type without" },
                { { .icmp = { true, 256, -1 }, .proto = FW_ICMP }, "out of range" },
                { { .limit = { 10001, 1 } }, "limit" },
                { { .verb = FW_JUMP }, "chain name" },
                { { .verb = FW_GOTO, .to = "a-name-of-twenty-nine-letters" }, "chain name" },
                { { .verb = FW_FOREIGN }, "no verb" },
                { { .verb = FW_VERB_COUNT_ }, "no verb" },
                { { .verb = FW_REJECT, .reject = FW_REJECT_TCP_RESET }, "tcp-reset" },
                { { .verb = FW_DNAT, .nat_port = 1 }, "translate" },
                { { .verb = FW_REDIRECT, .nat_port = 1 }, "translate" },
                { { .verb = FW_REDIRECT, .proto = FW_TCP }, "no port" },
                { { .above = { 1, 0, "x" } }, "without burst" },
                { { .above = { 1000001, 1, "x" } }, "above 1000000" },
                { { .above = { 1, 1, "" } }, "without a name" },
                { { .states = FW_DNATED }, "as a state" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(table); i++) {
                struct err e = { 0 };
                struct fw_entry entry;

                assert_int_equal(fw_encode(&table[i].rule, &entry, &e), -1);
                assert_int_equal(e.fault, FAULT_BAD_INPUT);
                assert_non_null(strstr(e.msg, table[i].why));
        }
}

static void rules_are_ordered_by_what_they_mean(void **state)
{
        struct fw_rule a = { .src = fw_host(1), .verb = FW_ACCEPT };
        struct fw_rule b = a;

        (void)state;
        fw_to(&b, "stray text that ACCEPT does not use");
        b.nat_port = 7;
        b.icmp.type = 3;
        assert_true(fw_rule_same(&a, &b));
        b.comment[0] = 'x';
        assert_true(fw_rule_cmp(&a, &b) < 0);
        assert_true(fw_rule_cmp(&b, &a) > 0);
        b = a;
        b.verb = FW_MARK;
        assert_false(fw_rule_same(&a, &b));
        a = b;
        b.value = 1;
        assert_false(fw_rule_same(&a, &b));
        a = (struct fw_rule){ .limit = { 5, 0 } };
        b = (struct fw_rule){ .limit = { 5, 5 } };
        assert_true(fw_rule_same(&a, &b));
        a = (struct fw_rule){ .in = "eth0" };
        b = (struct fw_rule){ .in = "eth0", .in_not = true };
        assert_false(fw_rule_same(&a, &b));
        a = (struct fw_rule){ .above = { 5, 9, "a" }, .owner = { true, true, 0 } };
        b = a;
        b.above.name[0] = 'b';
        assert_false(fw_rule_same(&a, &b));
        b = a;
        b.owner.other = false;
        assert_false(fw_rule_same(&a, &b));
        a = (struct fw_rule){ .proto = FW_TCP, .verb = FW_REDIRECT, .nat_port = 1 };
        b = a;
        b.nat_port = 2;
        assert_false(fw_rule_same(&a, &b));
}

static void long_names_are_cut_to_what_the_kernel_holds(void **state)
{
        struct fw_rule jump = { .verb = FW_JUMP }, log = { .verb = FW_LOG };
        char comment[200];

        (void)state;
        fw_to(&jump, "netout--%s", "01234567-89ab-cdef-0123-456789abcdef");
        assert_string_equal(jump.to, "netout--01234567-89ab-cdef-0");
        fw_to(&log, "DENY_%s", "01234567-89ab-cdef-0123-456789abcdef");
        assert_int_equal(strlen(log.to), FW_PREFIX_MAX);
        memset(comment, 'c', sizeof comment - 1);
        comment[sizeof comment - 1] = '\0';
        fw_comment(&jump, "%s", comment);
        assert_int_equal(strlen(jump.comment), FW_COMMENT_MAX);
        assert_int_equal(fw_rule_check(&jump, NULL), 0);
}

static void an_entry_with_sizes_that_lie_is_foreign(void **state)
{
        struct fw_rule r = { .proto = FW_TCP,
                             .dports = { 80, 80 },
                             .limit = { 5, 5 },
                             .comment = "c",
                             .verb = FW_REJECT };
        struct fw_entry good, bad;
        struct fw_rule read;

        (void)state;
        assert_int_equal(fw_encode(&r, &good, NULL), 0);
        fw_decode(&good.head, "REJECT", &read);
        assert_true(fw_rule_same(&r, &read));
        for (size_t at = 0; at < good.len; at++) {
                bad = good;
                bad.bytes[at] ^= 0xff;
                if (bad.head.next_offset > sizeof bad.bytes)
                        bad.head.next_offset = good.head.next_offset;
                fw_decode(&bad.head, "REJECT", &read); /* the sanitizers look on */
        }
        bad = good;
        ((struct xt_entry_match *)(void *)(bad.bytes + sizeof bad.head))->u.user.match_size = 0;
        fw_decode(&bad.head, "REJECT", &read);
        assert_int_equal(read.verb, FW_FOREIGN);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(networks_are_read_strictly),
                cmocka_unit_test(impossible_rules_are_refused_with_a_reason),
                cmocka_unit_test(rules_are_ordered_by_what_they_mean),
                cmocka_unit_test(long_names_are_cut_to_what_the_kernel_holds),
                cmocka_unit_test(an_entry_with_sizes_that_lie_is_foreign),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
