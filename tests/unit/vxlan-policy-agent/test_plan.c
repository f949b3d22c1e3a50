/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/plan/plan.h"

#include "tests/unit/test.h"
#include "tests/unit/vxlan-policy-agent/sim.h"

#include <stdlib.h>

#define IP(a, b, c, d)                                                                             \
        ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define NET(a, b, c, d, l) ((struct fw_net){ IP(a, b, c, d), (l), false })

static const struct plan_settings settings = { .overlay = { IP(10, 255, 0, 0), 16, false },
                                               .subnet = { IP(10, 255, 1, 0), 24, false },
                                               .device = "flannel.1",
                                               .vtep_port = 8472,
                                               .accepted_udp_per_second = 100,
                                               .denied_per_second = 1,
                                               .tag_length = 2 };

static void must(int rc, const struct err *e)
{
        if (rc < 0)
                fail_msg("%s", e->msg);
}

static char front[] = "f1111111-0000-4000-8000-000000000001";
static char back[] = "b2222222-0000-4000-8000-000000000002";

static void the_plan_of_two_apps_reads_as_operators_expect(void **state)
{
        struct plan_container containers[] = {
                { "back-1", back, IP(10, 255, 1, 3) },
                { "front-1", front, IP(10, 255, 1, 2) },
                { "nobody", NULL, IP(10, 255, 1, 4) },
                { "back-2", back, IP(10, 255, 1, 5) },
        };
        struct policy policies[] = {
                { front, back, 0xA, 0xB, POLICY_TCP, 8081, 8090 },
                { front, back, 0xA, 0xB, POLICY_UDP, 53, 53 },
                { front, back, 0xA, 0xB, POLICY_TCP, 8080, 8080 },
        };
        struct plan_input in = { settings, containers, COUNT(containers), policies,
                                 COUNT(policies) };
        OWN(plan) struct plan p = { 0 };
        OWN(str) struct str text = { 0 };
        struct err e = { 0 };

        (void)state;
        must(plan_make(&in, &p, &e), &e);
        plan_print(&p, &text);
        assert_string_equal(
                str_text(&text),
                "-N vpa--dst\n"
                "-N vpa--forward\n"
                "-N vpa--src\n"
                "-N vpa--to-b2222222\n"
                "-A vpa--dst -d 10.255.1.3/32 -m comment --comment "
                "\"dst:b2222222-0000-4000-8000-000000000002\" -g vpa--to-b2222222\n"
                "-A vpa--dst -d 10.255.1.5/32 -m comment --comment "
                "\"dst:b2222222-0000-4000-8000-000000000002\" -g vpa--to-b2222222\n"
                "-A vpa--forward -s 10.255.0.0/16 -p udp -m udp --dport 8472 -j REJECT "
                "--reject-with icmp-port-unreachable\n"
                "-A vpa--forward ! -s 10.255.0.0/16 -i flannel.1 -j DROP\n"
                "-A vpa--forward ! -s 10.255.0.0/16 -o flannel.1 -j DROP\n"
                "-A vpa--forward -s 10.255.0.0/16 ! -i flannel.1 -j vpa--src\n"
                "-A vpa--forward -d 10.255.0.0/16 -m state --state RELATED,ESTABLISHED -j ACCEPT\n"
                "-A vpa--forward -s 10.255.0.0/16 -d 10.255.0.0/16 -j CONNMARK --save-mark "
                "--nfmask 0xffffffff --ctmask 0xffffffff\n"
                "-A vpa--forward -s 10.255.0.0/16 -d 10.255.0.0/16 ! -i flannel.1 -o flannel.1 "
                "-m mark ! --mark 0x0 -j ACCEPT\n"
                "-A vpa--forward -s 10.255.0.0/16 -d 10.255.0.0/16 -j vpa--dst\n"
                "-A vpa--forward -s 10.255.0.0/16 -d 10.255.0.0/16 -j REJECT "
                "--reject-with icmp-port-unreachable\n"
                "-A vpa--src -s 10.255.1.2/32 -m comment --comment "
                "\"src:f1111111-0000-4000-8000-000000000001\" -j MARK --set-xmark 0xa/0xffffffff\n"
                "-A vpa--to-b2222222 -p tcp -m tcp --dport 8080:8090 -m mark --mark 0xa -m comment "
                "--comment \"src:f1111111-0000-4000-8000-000000000001_"
                "dst:b2222222-0000-4000-8000-000000000002\" -j ACCEPT\n"
                "-A vpa--to-b2222222 -p udp -m udp --dport 53 -m mark --mark 0xa -m comment "
                "--comment \"src:f1111111-0000-4000-8000-000000000001_"
                "dst:b2222222-0000-4000-8000-000000000002\" -j ACCEPT\n");
        assert_int_equal(p.rules, 14);
}

static void without_anything_known_the_overlay_is_closed(void **state)
{
        struct plan_input in = { .settings = settings };
        OWN(plan) struct plan p = { 0 };
        struct err e = { 0 };
        struct sim s;
        static const struct {
                struct packet packet;
                enum outcome outcome;
        } table[] = {
                { { IP(10, 255, 1, 2), IP(10, 255, 1, 3), 0, "br", "br", FW_TCP, FW_NEW, 80 },
                  SIM_REJECTED },
                { { IP(10, 255, 2, 2), IP(10, 255, 1, 3), 7, "flannel.1", "br", FW_TCP, FW_NEW, 1 },
                  SIM_REJECTED },
                { { IP(10, 255, 1, 2), IP(10, 255, 2, 3), 0, "br", "flannel.1", FW_TCP, FW_NEW, 1 },
                  SIM_REJECTED },
                { { IP(10, 255, 1, 2), IP(10, 255, 2, 3), 1, "br", "flannel.1", FW_TCP, FW_NEW, 1 },
                  SIM_ACCEPTED },
                { { IP(10, 255, 2, 2), IP(10, 255, 1, 3), 0, "flannel.1", "br", FW_TCP,
                    FW_ESTABLISHED, 80 },
                  SIM_ACCEPTED },
                { { IP(10, 255, 1, 2), IP(8, 8, 8, 8), 0, "br", "eth0", FW_TCP, FW_NEW, 80 },
                  SIM_UNTOUCHED },
                { { IP(10, 255, 1, 2), IP(8, 8, 8, 8), 0, "br", "eth0", FW_UDP, FW_NEW, 8472 },
                  SIM_REJECTED },
                { { IP(8, 8, 8, 8), IP(10, 255, 1, 2), 0, "eth0", "br", FW_TCP, FW_NEW, 80 },
                  SIM_UNTOUCHED },
                { { IP(8, 8, 8, 8), IP(10, 255, 1, 2), 0, "flannel.1", "br", FW_TCP, FW_NEW, 80 },
                  SIM_DROPPED },
                { { IP(8, 8, 8, 8), IP(10, 255, 2, 2), 0, "br", "flannel.1", FW_TCP, FW_NEW, 80 },
                  SIM_DROPPED },
        };

        (void)state;
        must(plan_make(&in, &p, &e), &e);
        for (size_t i = 0; i < COUNT(table); i++)
                assert_int_equal(sim_run(&s, &p, table[i].packet), table[i].outcome);
}

static void tags_that_cannot_be_told_apart_open_nothing(void **state)
{
        struct plan_container containers[] = { { "f", front, IP(10, 255, 1, 2) },
                                               { "b", back, IP(10, 255, 1, 3) } };
        static const uint32_t tags[] = { 0, 0x10000, 0x10001, UINT32_MAX };

        (void)state;
        for (size_t i = 0; i < COUNT(tags); i++) {
                struct policy policy = { front, back, tags[i], 1, POLICY_TCP, 80, 80 };
                struct plan_input in = { settings, containers, 2, &policy, 1 };
                OWN(plan) struct plan p = { 0 };
                struct err e = { 0 };

                must(plan_make(&in, &p, &e), &e);
                assert_int_equal(p.bad_tags, 1);
                assert_int_equal(plan_chain(&p, "vpa--src")->rules.count, 0);
                assert_int_equal(plan_chain(&p, "vpa--dst")->rules.count, 0);
        }
}

static void an_address_that_two_apps_claim_is_nobodys(void **state)
{
        struct plan_container containers[] = { { "f", front, IP(10, 255, 1, 2) },
                                               { "b", back, IP(10, 255, 1, 2) },
                                               { "b2", back, IP(10, 255, 1, 3) },
                                               { "b2-again", back, IP(10, 255, 1, 3) } };
        struct policy policies[] = { { back, front, 2, 1, POLICY_TCP, 80, 80 },
                                     { front, back, 1, 2, POLICY_TCP, 80, 80 } };
        struct plan_input in = { settings, containers, COUNT(containers), policies, 2 };
        OWN(plan) struct plan p = { 0 };
        struct err e = { 0 };

        (void)state;
        must(plan_make(&in, &p, &e), &e);
        assert_int_equal(p.conflicts, 1);
        assert_int_equal(plan_chain(&p, "vpa--src")->rules.count, 1);
        assert_int_equal(plan_chain(&p, "vpa--dst")->rules.count, 1);
}

static void apps_with_like_names_keep_their_own_chains(void **state)
{
        static char ids[][40] = { "aaaaaaaa-1", "aaaaaaaa-2", "short", "aaaaaaaab", "x/../y|zzzz" };
        struct plan_container containers[COUNT(ids)];
        struct policy policies[COUNT(ids)];
        OWN(plan) struct plan p = { 0 };
        struct err e = { 0 };
        size_t chains = 0;

        (void)state;
        for (size_t i = 0; i < COUNT(ids); i++) {
                containers[i] =
                        (struct plan_container){ ids[i], ids[i], IP(10, 255, 1, 2) + (uint32_t)i };
                policies[i] = (struct policy){
                        front, ids[i], 1, 2 + (uint32_t)i, POLICY_TCP, (uint16_t)(100 + i), 200
                };
        }
        must(plan_make(
                     &(struct plan_input){ settings, containers, COUNT(ids), policies, COUNT(ids) },
                     &p, &e),
             &e);
        for (size_t i = 0; i < p.count; i++)
                chains += str_starts(p.chains[i].name, "vpa--to-");
        assert_int_equal(chains, COUNT(ids));
}

static void logging_names_tag_and_app_and_fits_the_kernels_prefix(void **state)
{
        struct plan_container containers[] = { { "handle-of-a-container-that-is-long", back,
                                                 IP(10, 255, 1, 3) } };
        struct policy policies[] = { { front, back, 0xAB, 0xB, POLICY_UDP, 53, 53 } };
        struct plan_input in = { settings, containers, 1, policies, 1 };
        struct packet packet = {
                IP(10, 255, 2, 2), IP(10, 255, 1, 3), 0xAB, "flannel.1", "br", FW_UDP, FW_NEW, 53
        };
        OWN(plan) struct plan p = { 0 };
        struct err e = { 0 };
        struct sim s;

        (void)state;
        in.settings.logging = true;
        must(plan_make(&in, &p, &e), &e);
        assert_int_equal(sim_run(&s, &p, packet), SIM_ACCEPTED);
        assert_string_equal(s.logged, "OK_00AB_b2222222-0000-4000-8 ");
        packet.mark = 1;
        assert_int_equal(sim_run(&s, &p, packet), SIM_REJECTED);
        assert_string_equal(s.logged, "DENY_C2C_handle-of-a-contain REJECT_REMOTE: ");
        packet.in = "br";
        packet.src = IP(10, 255, 1, 2);
        assert_int_equal(sim_run(&s, &p, packet), SIM_REJECTED);
        assert_string_equal(s.logged, "DENY_C2C_handle-of-a-contain REJECT_LOCAL: ");
        packet.dst = IP(10, 255, 2, 2); /* leaves without a tag: only its own cell knows of it */
        packet.mark = 0;
        packet.out = "flannel.1";
        assert_int_equal(sim_run(&s, &p, packet), SIM_REJECTED);
        assert_string_equal(s.logged, "REJECT_LOCAL: ");
        for (size_t i = 0; i < p.count; i++)
                for (size_t j = 0; j < p.chains[i].rules.count; j++)
                        assert_int_equal(fw_rule_check(&p.chains[i].rules.items[j], NULL), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_plan_of_two_apps_reads_as_operators_expect),
                cmocka_unit_test(without_anything_known_the_overlay_is_closed),
                cmocka_unit_test(tags_that_cannot_be_told_apart_open_nothing),
                cmocka_unit_test(an_address_that_two_apps_claim_is_nobodys),
                cmocka_unit_test(apps_with_like_names_keep_their_own_chains),
                cmocka_unit_test(logging_names_tag_and_app_and_fits_the_kernels_prefix),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
