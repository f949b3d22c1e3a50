/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/err.h"

#include "tests/unit/test.h"

static void error_names_cause_and_system_reason(void **state)
{
        struct err e = { 0 };

        (void)state;
        assert_int_equal(err_set(&e, FAULT_SYSTEM, ENOENT, "open %s", "/x"), -1);
        assert_int_equal(e.fault, FAULT_SYSTEM);
        assert_int_equal(e.sys, ENOENT);
        assert_string_equal(e.msg, "open /x: No such file or directory");
}

static void context_goes_in_front(void **state)
{
        struct err e = { 0 };

        (void)state;
        (void)err_set(&e, FAULT_DENIED, 0, "no");
        assert_int_equal(err_add(&e, "step %d", 2), -1);
        assert_string_equal(e.msg, "step 2: no");
        assert_int_equal(e.fault, FAULT_DENIED);
}

static void overlong_text_is_cut_not_overrun(void **state)
{
        struct err e = { 0 };
        char long_text[1000];

        (void)state;
        memset(long_text, 'x', sizeof long_text);
        long_text[sizeof long_text - 1] = '\0';
        (void)err_set(&e, FAULT_SYSTEM, EIO, "%s", long_text);
        (void)err_add(&e, "%s", long_text);
        assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
}

static void nobody_listening_is_fine(void **state)
{
        (void)state;
        assert_int_equal(err_set(NULL, FAULT_SYSTEM, 0, "x"), -1);
        assert_int_equal(err_add(NULL, "x"), -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(error_names_cause_and_system_reason),
                cmocka_unit_test(context_goes_in_front),
                cmocka_unit_test(overlong_text_is_cut_not_overrun),
                cmocka_unit_test(nobody_listening_is_fine),
        };
        return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
