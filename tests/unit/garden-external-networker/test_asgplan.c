/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the tree say what the list says? Packets are sent through both, by a small
 * simulator of the kernel's walk through chains.
 */
#include "tests/unit/test.h"

#include "garden-external-networker/netrules/asgplan.h"

#include <stdlib.h>

#define LOG_CHAIN "netout--x--log"

enum verdict { REFUSED, PASSED, LOGGED };

struct packet {
        uint8_t proto; /* 47 stands for all others */
        uint32_t dst;
        uint16_t port;
        int type, code;
};

/* ---- what the list says ---- */

static bool fits(const struct egress *g, const struct packet *p)
{
        if (g->proto && g->proto != p->proto)
                return false;
        if (p->dst < g->dst.lo || p->dst > g->dst.hi)
                return false;
        if ((g->proto == FW_TCP || g->proto == FW_UDP) &&
            (p->port < g->ports.lo || p->port > g->ports.hi))
                return false;
        return g->proto != FW_ICMP ||
               ((g->icmp.type < 0 || g->icmp.type == p->type) &&
                (g->icmp.type < 0 || g->icmp.code < 0 || g->icmp.code == p->code));
}

static enum verdict by_list(const struct egress_list *list, const struct packet *p)
{
        for (size_t i = 0; i < list->count; i++)
                if (fits(&list->items[i], p))
                        return list->items[i].log ? LOGGED : PASSED;
        return REFUSED;
}

/* ---- what the chains say ---- */

static bool matches(const struct fw_rule *r, const struct packet *p)
{
        if (r->proto && r->proto != p->proto)
                return false;
        if (r->dst_range.hi && (p->dst < r->dst_range.lo || p->dst > r->dst_range.hi))
                return false;
        if (r->dports.hi && (p->port < r->dports.lo || p->port > r->dports.hi))
                return false;
        return !r->icmp.on || ((r->icmp.type < 0 || r->icmp.type == p->type) &&
                               (r->icmp.code < 0 || r->icmp.code == p->code));
}

static const struct asg_chain *find(const struct asg_plan *plan, const char *name)
{
        for (size_t i = 0; i < plan->count; i++)
                if (strcmp(plan->chains[i].name, name) == 0)
                        return &plan->chains[i];
        return NULL;
}

static enum verdict by_chain(const struct asg_plan *plan, const char *name, const struct packet *p,
                             size_t *steps)
{
        const struct asg_chain *chain = find(plan, name);

        assert_non_null(chain);
        for (size_t i = 0; i < chain->rules.count; i++) {
                const struct fw_rule *r = &chain->rules.items[i];

                ++*steps;
                if (!matches(r, p))
                        continue;
                if (r->verb == FW_RETURN)
                        return PASSED;
                if (r->verb == FW_REJECT)
                        return REFUSED;
                assert_int_equal(r->verb, FW_GOTO);
                return strcmp(r->to, LOG_CHAIN) == 0 ? LOGGED : by_chain(plan, r->to, p, steps);
        }
        fail_msg("chain %s has no end", name);
        return REFUSED;
}

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

static const struct fw_rule refuse = { .verb = FW_REJECT };
static const struct fw_rules tail = { .items = (struct fw_rule *)&refuse, .count = 1 };

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
                assert_int_equal(asg_plan_make(&list, LOG_CHAIN, false, &tail, &plan, &e), 0);
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
        size_t most = 0, rules = 0;

        (void)state;
        fill(&list, 10000);
        assert_int_equal(asg_plan_make(&list, "", false, &tail, &plan, &e), 0);
        for (uint32_t i = 0; i < 10000; i += 7) {
                const struct packet p = { FW_TCP, 0x0a000003U + i * 10, (uint16_t)(1 + i % 1000), 0,
                                          0 };
                size_t steps = 0;

                assert_int_equal(by_chain(&plan, asg_plan_root(&plan), &p, &steps), PASSED);
                most = steps > most ? steps : most;
        }
        for (size_t i = 0; i < plan.count; i++)
                rules += plan.chains[i].rules.count;
        assert_in_range(most, 4, 80);
        assert_in_range(rules, 10000, 13000);
}

static void equal_lists_make_equal_trees_and_others_do_not(void **state)
{
        OWN(egress) struct egress_list a = { 0 }, b = { 0 };
        OWN(asg_plan) struct asg_plan plan_a = { 0 }, plan_b = { 0 }, plan_c = { 0 };
        struct err e = { 0 };

        (void)state;
        fill(&a, 50);
        fill(&b, 50);
        assert_int_equal(asg_plan_make(&a, "one--log", false, &tail, &plan_a, &e), 0);
        assert_int_equal(asg_plan_make(&b, "two--log", false, &tail, &plan_b, &e), 0);
        assert_string_equal(asg_plan_root(&plan_a), asg_plan_root(&plan_b));
        b.items[49].log = true;
        assert_int_equal(asg_plan_make(&b, "two--log", false, &tail, &plan_c, &e), 0);
        assert_string_not_equal(asg_plan_root(&plan_a), asg_plan_root(&plan_c));
}

static void rules_too_tangled_for_a_tree_are_told(void **state)
{
        OWN(egress) struct egress_list list = { 0 };
        OWN(asg_plan) struct asg_plan plan = { 0 };
        struct err e = { 0 };

        (void)state;
        for (uint32_t i = 0; i < 3000; i++) {
                const struct egress g = { .proto = FW_TCP,
                                          .dst = { 0x0a000000U + i, 0x0affffffU - i },
                                          .ports = { (uint16_t)(1 + 2 * i),
                                                     (uint16_t)(1 + 2 * i) } };

                assert_int_equal(egress_add(&list, &g, &e), 0);
        }
        assert_int_equal(asg_plan_make(&list, "", false, &tail, &plan, &e), -1);
        assert_int_equal(e.fault, FAULT_CONFLICT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_tree_says_what_the_list_says),
                cmocka_unit_test(a_packet_crosses_some_dozens_of_ten_thousand_rules),
                cmocka_unit_test(equal_lists_make_equal_trees_and_others_do_not),
                cmocka_unit_test(rules_too_tangled_for_a_tree_are_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
