/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/cli.h"

#include "tests/unit/test.h"

/* @file NULL: refused with @why */
static const struct line {
        const char *argv[5];
        const char *file;
        bool check_only;
        const char *why;
} lines[] = {
        { { "x", "-config-file", "a" }, "a", false, NULL },
        { { "x", "--config-file", "a" }, "a", false, NULL },
        { { "x", "-config-file=a" }, "a", false, NULL },
        { { "x", "--config-file=a=b" }, "a=b", false, NULL },
        { { "x", "-check-config", "-config-file", "a" }, "a", true, NULL },
        { { "x", "-config-file", "a", "--check-config" }, "a", true, NULL },
        { { "x", "-config-file", "-check-config" }, "-check-config", false, NULL },
        { { "x" }, NULL, false, "which configuration? -config-file PATH" },
        { { "x", "-config-file=" }, NULL, false, "which configuration? -config-file PATH" },
        { { "x", "-check-config" }, NULL, false, "which configuration? -config-file PATH" },
        { { "x", "-config-file" }, NULL, false, "'-config-file' needs a value" },
        { { "x", "-config-file", "a", "b" }, NULL, false, "unknown argument 'b'" },
        { { "x", "-config-files", "a" }, NULL, false, "unknown argument '-config-files'" },
        { { "x", "-config-file", "a", "--check-confg" },
          NULL,
          false,
          "unknown argument '--check-confg'" },
        { { "x", "---version" }, NULL, false, "unknown argument '---version'" },
        { { "x", "--" }, NULL, false, "unknown argument '--'" },
        { { "x", "" }, NULL, false, "unknown argument ''" },
};

static void a_line_is_understood_whole_or_refused(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
                const struct line *l = &lines[i];
                struct err e = { 0 };
                struct cli c;
                int rc = cli_parse((char *const *)(uintptr_t)l->argv, &c, &e);

                assert_int_equal(rc, l->file ? 0 : -1);
                if (l->file) {
                        assert_string_equal(c.config_file, l->file);
                        assert_int_equal(c.check_only, l->check_only);
                        assert_false(c.version);
                } else {
                        assert_string_equal(e.msg, l->why);
                }
        }
}

static void the_version_needs_no_file(void **state)
{
        const char *argv[] = { "x", "--version", NULL };
        struct err e = { 0 };
        struct cli c;

        (void)state;
        assert_int_equal(cli_parse((char *const *)(uintptr_t)argv, &c, &e), 0);
        assert_true(c.version);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_line_is_understood_whole_or_refused),
                cmocka_unit_test(the_version_needs_no_file),
        };
        return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
