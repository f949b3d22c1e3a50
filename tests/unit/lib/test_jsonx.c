/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/jsonx.h"

#include "tests/unit/test.h"

static void malformed_documents_are_refused_with_their_place(void **state)
{
        static const char *const bad[] = { "", "{", "{\"a\":}", "{} x", "[1,]", "\"\xff\"", "nul" };

        (void)state;
        for (size_t i = 0; i < COUNT(bad); i++) {
                json_t *root = NULL;
                struct err e = { 0 };

                assert_int_equal(jsonx_parse(bad[i], strlen(bad[i]), &root, &e), -1);
                assert_int_equal(e.fault, FAULT_BAD_INPUT);
                assert_non_null(strstr(e.msg, "line "));
                assert_null(root);
        }
}

static void members_are_typed_and_bounded(void **state)
{
        static const char text[] = "{\"s\":\"x\",\"n\":7,\"z\":null,\"a\":[1]}";
        OWN(json) json_t *root = NULL;
        struct err e = { 0 };
        const char *s = "before";
        int64_t n = 1;
        json_t *a = NULL;

        (void)state;
        assert_int_equal(jsonx_parse(text, strlen(text), &root, &e), 0);
        assert_int_equal(jsonx_str(root, "s", &s, &e), 0);
        assert_string_equal(s, "x");
        assert_int_equal(jsonx_int(root, "n", 0, 7, &n, &e), 0);
        assert_int_equal(n, 7);
        assert_int_equal(jsonx_opt_array(root, "a", &a, &e), 0);
        assert_int_equal(json_array_size(a), 1);

        assert_int_equal(jsonx_opt_str(root, "z", &s, &e), 0);
        assert_string_equal(s, "x");
        assert_int_equal(jsonx_str(root, "z", &s, &e), -1);
        assert_string_equal(e.msg, "missing 'z'");
        assert_int_equal(jsonx_str(root, "n", &s, &e), -1);
        assert_string_equal(e.msg, "'n' must be a string");
        assert_int_equal(jsonx_int(root, "n", 0, 6, &n, &e), -1);
        assert_string_equal(e.msg, "'n' is 7, must be 0 to 6");
        assert_int_equal(jsonx_opt_array(root, "s", &a, &e), -1);
}

static void quoted_text_is_json_whatever_it_holds(void **state)
{
        static const struct {
                const char *text, *want;
        } cases[] = {
                { "", "\"\"" },
                { "app-1", "\"app-1\"" },
                { "we\"i\\rd\n", "\"we\\\"i\\\\rd\\n\"" },
                { "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
                { "\xff", "\"(not UTF-8)\"" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                OWN(str) struct str out = { 0 };

                jsonx_quote(&out, cases[i].text);
                assert_string_equal(str_text(&out), cases[i].want);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(malformed_documents_are_refused_with_their_place),
                cmocka_unit_test(members_are_typed_and_bounded),
                cmocka_unit_test(quoted_text_is_json_whatever_it_holds),
        };
        return cmocka_run_group_tests_name("jsonx", tests, NULL, NULL);
}
