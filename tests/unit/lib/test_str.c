/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/str.h"

#include "tests/unit/test.h"

static void text_grows_as_it_is_added(void **state)
{
        OWN(str) struct str s = { 0 };
        char *text;

        (void)state;
        assert_string_equal(str_text(&s), "");
        for (int i = 0; i < 1000; i++)
                str_addf(&s, "%d,", i % 10);
        assert_int_equal(s.len, 2000);
        assert_int_equal(str_ok(&s, NULL), 0);
        str_clear(&s);
        str_add(&s, "new");
        text = str_steal(&s);
        assert_string_equal(text, "new");
        assert_null(s.data);
        free(text);
}

static void binary_data_keeps_its_zeros(void **state)
{
        OWN(str) struct str s = { 0 };

        (void)state;
        str_add_mem(&s, "a\0b", 3);
        assert_int_equal(s.len, 3);
        assert_memory_equal(s.data, "a\0b", 4);
}

static void numbers_are_read_strictly(void **state)
{
        static const struct {
                const char *text;
                int rc;
                int64_t value;
        } table[] = {
                { "0", 0, 0 },     { "65535", 0, 65535 },
                { "-1", 0, -1 },   { "007", 0, 7 },
                { "", -1, 0 },     { "-", -1, 0 },
                { " 1", -1, 0 },   { "1 ", -1, 0 },
                { "0x10", -1, 0 }, { "65536", -1, 0 },
                { "-2", -1, 0 },   { "1e3", -1, 0 },
                { "+1", -1, 0 },   { "--1", -1, 0 },
                { "1.0", -1, 0 },  { "99999999999999999999", -1, 0 },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(table); i++) {
                struct err e = { 0 };
                int64_t n = 42;

                assert_int_equal(str_to_int(table[i].text, -1, 65535, &n, &e), table[i].rc);
                assert_int_equal(n, table[i].rc == 0 ? table[i].value : 42);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_grows_as_it_is_added),
                cmocka_unit_test(binary_data_keeps_its_zeros),
                cmocka_unit_test(numbers_are_read_strictly),
        };
        return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
