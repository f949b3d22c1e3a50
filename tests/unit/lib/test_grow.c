/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "netman/grow.h"
#include "netman/own.h"

static void items_stay_what_they_are_when_the_array_moves(void **state)
{
        OWN(mem) size_t *items = NULL;
        size_t count = 0, cap = 0;
        struct err e;

        (void)state;
        while (count < 1000) {
                assert_int_equal(grow(&items, count, &cap, sizeof *items, &e), 0);
                assert_true(cap > count);
                items[count] = count;
                count++;
        }
        for (size_t i = 0; i < count; i++)
                assert_int_equal(items[i], i);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(items_stay_what_they_are_when_the_array_moves),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
