/* SPDX-License-Identifier: Apache-2.0 */
/* Does anybody lose a right to a connection by what is new? */
#include "vxlan-policy-agent/poll/lost.h"

#include "tests/unit/test.h"

static char app_a[] = "a", app_b[] = "b";
static const struct policy ab = { app_a, app_b, 1, 2, POLICY_TCP, 80, 90 };
static const struct policy ba = { app_b, app_a, 2, 1, POLICY_TCP, 80, 90 };
static const struct policy retagged = { app_a, app_b, 7, 2, POLICY_TCP, 80, 90 };
static const struct policy narrowed = { app_a, app_b, 1, 2, POLICY_TCP, 80, 89 };

static struct policy_list list_of(const struct policy *first, const struct policy *second)
{
        struct policy_list list = { 0 };
        struct err e = { 0 };

        if (first && policy_list_add(&list, first, &e) < 0)
                fail_msg("%s", e.msg);
        if (second && policy_list_add(&list, second, &e) < 0)
                fail_msg("%s", e.msg);
        return list;
}

static void only_a_policy_that_goes_or_changes_is_lost(void **state)
{
        const struct {
                const struct policy *old[2], *fresh[2];
                bool lost;
        } table[] = {
                { { NULL }, { &ab }, false },          { { &ab }, { &ba, &ab }, false },
                { { &ba, &ab }, { &ab, &ba }, false }, { { &ab, &ba }, { &ba }, true },
                { { &ab }, { NULL }, true },           { { &ab }, { &retagged }, true },
                { { &ab }, { &narrowed }, true },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(table); i++) {
                OWN(policy_list) struct policy_list old = list_of(table[i].old[0], table[i].old[1]);
                OWN(policy_list)
                struct policy_list fresh = list_of(table[i].fresh[0], table[i].fresh[1]);

                assert_int_equal(lost_policy(&old, &fresh), table[i].lost);
        }
}

static void only_a_container_that_goes_or_changes_is_lost(void **state)
{
        static struct plan_container a = { "h1", "a", 1 }, moved = { "h1", "a", 2 };
        static struct plan_container sold = { "h1", "b", 1 }, bare = { "h1", NULL, 1 };
        struct plan_container two[] = { { "h0", "c", 9 }, { "h1", "a", 1 } };
        const struct {
                struct containers old, fresh;
                bool lost;
        } table[] = {
                { { .count = 0 }, { .items = &a, .count = 1 }, false },
                { { .items = &a, .count = 1 }, { .items = two, .count = 2 }, false },
                { { .items = two, .count = 2 }, { .items = &a, .count = 1 }, true },
                { { .items = &a, .count = 1 }, { .items = &moved, .count = 1 }, true },
                { { .items = &a, .count = 1 }, { .items = &sold, .count = 1 }, true },
                { { .items = &a, .count = 1 }, { .items = &bare, .count = 1 }, true },
                { { .items = &bare, .count = 1 }, { .items = &bare, .count = 1 }, false },
                { { .items = &a, .count = 1 }, { .count = 0 }, true },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(table); i++)
                assert_int_equal(lost_container(&table[i].old, &table[i].fresh), table[i].lost);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_a_policy_that_goes_or_changes_is_lost),
                cmocka_unit_test(only_a_container_that_goes_or_changes_is_lost),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
