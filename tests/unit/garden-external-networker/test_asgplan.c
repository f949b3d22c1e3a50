/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the tree say what the list says? Packets are sent through both, by a small
 * simulator of the kernel's walk through chains.
 */
#include "tests/unit/garden-external-networker/asg_sim.h"

/* ---- random lists, with edges that touch ---- */

static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
        seed = seed * 1664525U + 1013904223U;
        return (seed >> 8) % sides;
}

static struct egress random_rule(void)
{
        static const uint8_t protos[] = { FW_ANY, FW_TCP, FW_UDP, FW_ICMP };
        struct egress g = { .proto = protos[dice(4)],
                            .dst = { 0, UINT32_MAX },
                            .ports = { 0, UINT16_MAX },
                            .log = dice(4) == 0 };

        if (dice(8)) {
                g.dst.lo = 0x0a000000U + dice(64);
                g.dst.hi = g.dst.lo + dice(dice(2) ? 3 : 30);
        }
        if ((g.proto == FW_TCP || g.proto == FW_UDP) && dice(8)) {
                g.ports.lo = (uint16_t)(1 + dice(40));
                g.ports.hi = (uint16_t)(g.ports.lo + dice(10));
        }
        if (g.proto == FW_ICMP) {
                g.icmp = (struct fw_icmp){ true, (int16_t)((int)dice(5) - 1), -1 };
                if (g.icmp.type >= 0 && dice(2))
                        g.icmp.code = (int16_t)dice(4);
        }
        return g;
}

static struct packet random_packet(void)
{
        static const uint8_t protos[] = { 47, FW_TCP, FW_UDP, FW_ICMP };

        return (struct packet){ .proto = protos[dice(4)],
                                .dst = dice(20) ? 0x0a000000U + dice(100) : 1 + dice(UINT32_MAX),
                                .port = (uint16_t)(1 + dice(60)),
                                .type = (int)dice(6),
                                .code = (int)dice(6) };
}

static void the_tree_says_what_the_list_says(void **state)
{
        (void)state;
        for (seed = 1; seed < 300; seed++) {
                OWN(egress) struct egress_list list = { 0 };
                OWN(asg_plan) struct asg_plan plan = { 0 };
                uint32_t was = seed, count = 1 + dice(120);
                struct err e = { 0 };

                for (uint32_t i = 0; i < count; i++) {
                        struct egress g = random_rule();

                        assert_int_equal(egress_add(&list, &g, &e), 0);
                }
                assert_int_equal(asg_plan_make(&list, LOG_CHAIN, false, &sim_tail, &plan, &e), 0);
                for (int i = 0; i < 500; i++) {
                        struct packet p = random_packet();
                        size_t steps = 0;
                        enum verdict want = by_list(&list, &p);
                        enum verdict got = by_chain(&plan, asg_plan_root(&plan), &p, &steps);

                        if (want != got)
                                fail_msg("seed %u: proto %d to %08x port %d icmp %d/%d: %d, not %d",
                                         was, p.proto, p.dst, p.port, p.type, p.code, got, want);
                }
                seed = was;
        }
}

static void fill(struct egress_list *list, uint32_t count)
{
        struct err e;

        for (uint32_t i = 0; i < count; i++) {
                const struct egress g = { .proto = FW_TCP,
                                          .dst = { 0x0a000000U + i * 10, 0x0a000005U + i * 10 },
                                          .ports = { (uint16_t)(1 + i % 1000),
                                                     (uint16_t)(2 + i % 1000) } };

                assert_int_equal(egress_add(list, &g, &e), 0);
        }
}

static void a_packet_crosses_some_dozens_of_ten_thousand_rules(void **state)
{
        OWN(egress) struct egress_list list = { 0 };
        OWN(asg_plan) struct asg_plan plan = { 0 };
        struct err e = { 0 };
        size_t most = 0;

        (void)state;
        fill(&list, 10000);
        assert_int_equal(asg_plan_make(&list, "", false, &sim_tail, &plan, &e), 0);
        for (uint32_t i = 0; i < 10000; i += 7) {
                const struct packet p = { FW_TCP, 0x0a000003U + i * 10, (uint16_t)(1 + i % 1000), 0,
                                          0 };
                size_t steps = 0;

                assert_int_equal(by_chain(&plan, asg_plan_root(&plan), &p, &steps), PASSED);
                most = steps > most ? steps : most;
        }
        assert_in_range(most, 4, 50);
        assert_in_range(rule_count(&plan), 10000, 13000);
}

/* Names apart, the chains are those of a list where none logs. */
static void what_logs_costs_nothing_where_it_meets_nothing_that_does_not(void **state)
{
        OWN(egress) struct egress_list list = { 0 };
        OWN(asg_plan) struct asg_plan silent = { 0 }, some = { 0 };
        struct err e = { 0 };

        (void)state;
        fill(&list, 1000);
        assert_int_equal(asg_plan_make(&list, LOG_CHAIN, false, &sim_tail, &silent, &e), 0);
        for (size_t i = 0; i < list.count; i += 3)
                list.items[i].log = true;
        assert_int_equal(asg_plan_make(&list, LOG_CHAIN, false, &sim_tail, &some, &e), 0);
        assert_int_equal(some.count, silent.count);
        assert_int_equal(rule_count(&some), rule_count(&silent));
}

static void equal_lists_make_equal_trees_and_others_do_not(void **state)
{
        OWN(egress) struct egress_list a = { 0 }, b = { 0 };
        OWN(asg_plan) struct asg_plan plan_a = { 0 }, plan_b = { 0 }, plan_c = { 0 };
        struct err e = { 0 };

        (void)state;
        fill(&a, 50);
        fill(&b, 50);
        assert_int_equal(asg_plan_make(&a, "one--log", false, &sim_tail, &plan_a, &e), 0);
        assert_int_equal(asg_plan_make(&b, "two--log", false, &sim_tail, &plan_b, &e), 0);
        assert_string_equal(asg_plan_root(&plan_a), asg_plan_root(&plan_b));
        b.items[49].log = true;
        assert_int_equal(asg_plan_make(&b, "two--log", false, &sim_tail, &plan_c, &e), 0);
        assert_string_not_equal(asg_plan_root(&plan_a), asg_plan_root(&plan_c));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_tree_says_what_the_list_says),
                cmocka_unit_test(a_packet_crosses_some_dozens_of_ten_thousand_rules),
                cmocka_unit_test(what_logs_costs_nothing_where_it_meets_nothing_that_does_not),
                cmocka_unit_test(equal_lists_make_equal_trees_and_others_do_not),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
