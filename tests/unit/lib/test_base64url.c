/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/base64url.h"

#include "../test.h"

static void what_is_well_formed_is_decoded(void **state)
{
        static const struct {
                const char *text, *want;
        } cases[] = {
                { "Zg", "f" },
                { "Zm8", "fo" },
                { "Zm9v", "foo" },
                { "Zm9vYg", "foob" },
                { "-_-_", "\xfb\xff\xbf" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                OWN(str) struct str out = { 0 };

                assert_true(base64url_decode(cases[i].text, strlen(cases[i].text), &out));
                assert_int_equal(out.len, strlen(cases[i].want));
                assert_memory_equal(out.data, cases[i].want, out.len);
        }
}

static void all_else_is_refused(void **state)
{
        static const char *const cases[] = { "", "Z", "Zm9vY", "Zg==", "Zm9v\n", "+/+/", "Zm 9" };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                OWN(str) struct str out = { 0 };

                assert_false(base64url_decode(cases[i], strlen(cases[i]), &out));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_well_formed_is_decoded),
                cmocka_unit_test(all_else_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
