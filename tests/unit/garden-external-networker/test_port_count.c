/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/portalloc/portalloc.h"

#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static size_t count_of(const struct portalloc *pa)
{
        struct err e = { 0 };
        size_t count = 99;

        assert_int_equal(portalloc_count(pa, &count, &e), 0);
        return count;
}

static void ports_that_are_held_are_counted(void **state)
{
        char dir[] = "/tmp/port-count.XXXXXX", file[64], beside[80];
        struct portalloc pa = { .state_file = file, .range = { 60000, 10 }, .wait_ms = 1000 };
        struct err e = { 0 };
        uint16_t got[3];

        (void)state;
        assert_non_null(mkdtemp(dir));
        (void)snprintf(file, sizeof file, "%s/ports", dir);
        assert_int_equal(count_of(&pa), 0);
        assert_int_equal(portalloc_acquire(&pa, "a", 3, got, &e), 0);
        assert_int_equal(portalloc_acquire(&pa, "b", 1, got, &e), 0);
        assert_int_equal(count_of(&pa), 4);
        assert_int_equal(portalloc_release(&pa, "b", got[0], &e), 0);
        assert_int_equal(count_of(&pa), 3);
        assert_int_equal(portalloc_release(&pa, "a", 0, &e), 0);
        assert_int_equal(count_of(&pa), 0);
        (void)unlink(file);
        (void)snprintf(beside, sizeof beside, "%s_lock", file);
        (void)unlink(beside);
        (void)snprintf(beside, sizeof beside, "%s_freed", file);
        (void)unlink(beside);
        (void)rmdir(dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(ports_that_are_held_are_counted) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
