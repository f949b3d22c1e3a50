/* SPDX-License-Identifier: Apache-2.0 */
/* A range of destinations as a rule says it: in a network where it is one, else beside one. */
#include "tests/unit/test.h"

#include "garden-external-networker/netrules/asgchain.h"

static const struct {
        uint32_t lo, hi, net;
        uint8_t len;
        bool range;
} ranges[] = {
        { 0, UINT32_MAX, 0, 0, false },
        { 0, 0x7fffffff, 0, 1, false },
        { 1, UINT32_MAX, 0, 0, true },
        { 0x7fffffff, 0x80000000, 0, 0, true },
        { 0x0a000000, 0x0a0000ff, 0x0a000000, 24, false },
        { 0x0a000001, 0x0a0000ff, 0x0a000000, 24, true },
        { 0x0a000000, 0x0a0000fe, 0x0a000000, 24, true },
        { 0x0a0000ff, 0x0a000100, 0x0a000000, 23, true },
        { 0x0a000004, 0x0a000005, 0x0a000004, 31, false },
        { 0x0a000005, 0x0a000006, 0x0a000004, 30, true },
        { 0x0a000005, 0x0a000005, 0x0a000005, 32, false },
        { UINT32_MAX, UINT32_MAX, UINT32_MAX, 32, false },
};

static void a_range_is_said_as_cheaply_as_it_can_be(void **state)
{
        (void)state;
        for (size_t i = 0; i < COUNT(ranges); i++) {
                struct fw_rule r = { .verb = FW_RETURN };
                struct err e;

                asg_set_addrs(&r, ranges[i].lo, ranges[i].hi);
                assert_int_equal(r.dst.addr, ranges[i].net);
                assert_int_equal(r.dst.len, ranges[i].len);
                assert_int_equal(r.dst_range.lo, ranges[i].range ? ranges[i].lo : 0);
                assert_int_equal(r.dst_range.hi, ranges[i].range ? ranges[i].hi : 0);
                assert_int_equal(fw_rule_check(&r, &e), 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_range_is_said_as_cheaply_as_it_can_be),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
