/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/poll/drift.h"
#include "vxlan-policy-agent/poll/pace.h"
#include "vxlan-policy-agent/poll/subnet.h"

#include "tests/unit/test.h"

static void a_subnet_file_is_read_strictly(void **state)
{
        static const struct {
                const char *text;
                uint32_t addr; /* 0: refused */
                uint8_t len;
        } table[] = {
                { "FLANNEL_NETWORK=10.255.0.0/16\nFLANNEL_SUBNET=10.255.7.1/24\nFLANNEL_MTU=1\n",
                  0x0aff0700, 24 },
                { "FLANNEL_SUBNET=10.255.7.1/24", 0x0aff0700, 24 },
                { "FLANNEL_SUBNET=10.255.7.1/24\r\n", 0x0aff0700, 24 },
                { "FLANNEL_SUBNET=10.255.7.9/32\n", 0x0aff0709, 32 },
                { "", 0, 0 },
                { "XFLANNEL_SUBNET=10.255.7.1/24\n", 0, 0 },
                { "FLANNEL_SUBNET=\n", 0, 0 },
                { "FLANNEL_SUBNET=10.255.7.1\n", 0, 0 },
                { "FLANNEL_SUBNET=10.255.7.1/0\n", 0, 0 },
                { "FLANNEL_SUBNET=10.255.7.1/33\n", 0, 0 },
                { "FLANNEL_SUBNET=10.255.7/24\n", 0, 0 },
                { "FLANNEL_SUBNET=10.255.7.1/24 and more text than there is room for\n", 0, 0 },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(table); i++) {
                struct fw_net net = { 0 };
                struct err e = { 0 };
                int rc = subnet_parse(table[i].text, &net, &e);

                assert_int_equal(rc, table[i].addr ? 0 : -1);
                assert_int_equal(net.addr, table[i].addr);
                assert_int_equal(net.len, table[i].len);
                if (rc < 0)
                        assert_non_null(strstr(e.msg, "FLANNEL_SUBNET="));
        }
}

static void
comparing_with_the_kernel_costs_a_millisecond_a_cycle_and_is_never_put_off_for_good(void **state)
{
        (void)state;
        assert_int_equal(drift_every(0), 1);
        assert_int_equal(drift_every(1000), 1);
        assert_int_equal(drift_every(1001), 2);
        assert_int_equal(drift_every(30000), 30);
        assert_int_equal(drift_every(INT64_C(3600) * 1000000), DRIFT_EVERY_MAX);
}

static void a_server_that_is_away_is_asked_less_and_less_but_every_half_minute(void **state)
{
        static const int64_t base[] = { 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
        struct pace p = { .interval_ms = 5000, .seed = 7 };

        (void)state;
        for (int again = 0; again < 2; again++) {
                for (size_t i = 0; i < COUNT(base); i++)
                        assert_in_range(pace_failed(&p), base[i] * 9 / 10, base[i] * 11 / 10);
                pace_well(&p);
        }
        for (int i = 0; i < 1000; i++)
                assert_in_range(pace_poll(&p), 4500, 5500);
}

static void a_server_that_does_not_wait_is_not_asked_at_once_again(void **state)
{
        static const struct {
                struct pace_answer answer;
                bool waits;
        } table[] = {
                { { .named = true, .news = true }, true }, /* the first answer */
                { { .named = true, .wait_ms = 50000, .took_ms = 50000 }, true },
                { { .named = true, .wait_ms = 50000, .took_ms = 3, .news = true }, true },
                { { .named = true, .wait_ms = 50000, .took_ms = 3 }, false },
                { { .named = true }, true }, /* nothing new, but it was not to wait either */
                { { .news = true }, false }, /* there is no name to ask for more by */
                { { 0 }, false },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(table); i++)
                assert_int_equal(pace_waits(&table[i].answer), table[i].waits);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_server_that_does_not_wait_is_not_asked_at_once_again),
                cmocka_unit_test(a_subnet_file_is_read_strictly),
                cmocka_unit_test(
                        comparing_with_the_kernel_costs_a_millisecond_a_cycle_and_is_never_put_off_for_good),
                cmocka_unit_test(
                        a_server_that_is_away_is_asked_less_and_less_but_every_half_minute),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
