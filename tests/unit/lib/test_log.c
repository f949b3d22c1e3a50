/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/log.h"

#include "netman/jsonx.h"
#include "tests/unit/test.h"

#include <fcntl.h>

static int pipe_ends[2];

static int open_pipe(void **state)
{
        (void)state;
        if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) < 0)
                return -1;
        log_init("cfnetworking", "policy-server", pipe_ends[1]);
        log_set_level(LOG_LEVEL_INFO);
        return 0;
}

static int close_pipe(void **state)
{
        (void)state;
        log_init("", "test", STDERR_FILENO);
        return close(pipe_ends[0]) | close(pipe_ends[1]);
}

/* What was logged since the last call; a line must be one JSON object. */
static json_t *logged(void)
{
        char buf[4096];
        ssize_t n = read(pipe_ends[0], buf, sizeof buf);
        struct err e = { 0 };
        json_t *root = NULL;

        if (n <= 0)
                return NULL;
        assert_int_equal(buf[n - 1], '\n');
        assert_int_equal(jsonx_parse(buf, (size_t)n, &root, &e), 0);
        return root;
}

static const char *text(const json_t *obj, const char *key)
{
        return json_string_value(json_object_get(obj, key));
}

static void line_has_the_form_operators_tools_read(void **state)
{
        OWN(json) json_t *line = NULL;
        OWN(json) json_t *list = json_pack("[s, {s:i}]", "x", "n", 1);
        json_t *data;

        (void)state;
        log_info("created-policies", LOG_INT("count", 2), LOG_STR("who", "a\"b\n"),
                 LOG_BOOL("ok", true), LOG_JSON("list", list), LOG_JSON("none", NULL));
        line = logged();
        assert_string_equal(text(line, "level"), "info");
        assert_string_equal(text(line, "source"), "cfnetworking.policy-server");
        assert_string_equal(text(line, "message"), "cfnetworking.policy-server.created-policies");
        assert_int_equal(strlen(text(line, "timestamp")), strlen("2026-01-02T03:04:05.000000006Z"));
        data = json_object_get(line, "data");
        assert_int_equal(json_integer_value(json_object_get(data, "count")), 2);
        assert_string_equal(text(data, "who"), "a\"b\n");
        assert_true(json_is_true(json_object_get(data, "ok")));
        assert_true(json_equal(json_object_get(data, "list"), list));
        assert_true(json_is_null(json_object_get(data, "none")));
}

static void text_that_is_not_utf8_cannot_break_a_line(void **state)
{
        OWN(json) json_t *line = NULL;

        (void)state;
        log_error("odd", LOG_STR("bytes", "\xff\xfe"), LOG_STR("none", NULL));
        line = logged();
        assert_string_equal(text(json_object_get(line, "data"), "bytes"), "(not UTF-8)");
        assert_true(json_is_null(json_object_get(json_object_get(line, "data"), "none")));
}

static void events_below_the_level_are_dropped(void **state)
{
        OWN(json) json_t *line = NULL;

        (void)state;
        log_debug("hidden");
        assert_null(logged());
        log_set_level(LOG_LEVEL_DEBUG);
        log_debug("shown");
        line = logged();
        assert_non_null(line);
}

static void levels_are_named_in_either_case(void **state)
{
        enum log_level level = LOG_LEVEL_FATAL;
        struct err e = { 0 };

        (void)state;
        assert_int_equal(log_level_parse("DEBUG", &level, &e), 0);
        assert_int_equal(level, LOG_LEVEL_DEBUG);
        assert_int_equal(log_level_parse("verbose", &level, &e), -1);
        assert_int_equal(e.fault, FAULT_BAD_INPUT);
}

#define with_pipe(test) cmocka_unit_test_setup_teardown(test, open_pipe, close_pipe)

int main(void)
{
        const struct CMUnitTest tests[] = {
                with_pipe(line_has_the_form_operators_tools_read),
                with_pipe(text_that_is_not_utf8_cannot_break_a_line),
                with_pipe(events_below_the_level_are_dropped),
                cmocka_unit_test(levels_are_named_in_either_case),
        };
        return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
