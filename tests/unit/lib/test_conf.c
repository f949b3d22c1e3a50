/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/conf.h"

#include "tests/unit/test.h"

struct sample {
        char *host, *speed;
        int64_t port;
        bool tls;
        struct conf_strs names;
        json_t *database;
        char *level;
};

static void check_sample(const void *conf, struct str *problems)
{
        const struct sample *s = conf;

        if (s->tls && s->port == 80)
                conf_problem(problems, "port", "80 is not for TLS");
        if (s->speed[0] == 'x')
                conf_problem(problems, "speed", "unknown");
}

static const struct conf_key keys[] = {
        { .name = "host", .type = CONF_STR, .at = offsetof(struct sample, host), .required = true },
        { .name = "speed",
          .type = CONF_STR,
          .at = offsetof(struct sample, speed),
          .def_str = "info" },
        { .name = "port",
          .type = CONF_INT,
          .at = offsetof(struct sample, port),
          .def_int = 8080,
          .min = 1,
          .max = 65535 },
        { .name = "tls", .type = CONF_BOOL, .at = offsetof(struct sample, tls) },
        { .name = "names", .type = CONF_STRS, .at = offsetof(struct sample, names) },
        { .name = "database", .type = CONF_JSON, .at = offsetof(struct sample, database) },
        { .name = "level",
          .type = CONF_STR,
          .at = offsetof(struct sample, level),
          .def_str = "info" },
        { 0 },
};
static const struct conf_spec spec = { .keys = keys, .check = check_sample };

static int load(const char *text, const struct conf_spec *how, struct sample *s,
                struct str *problems)
{
        OWN(json) json_t *root = NULL;
        struct err e = { 0 };

        assert_int_equal(jsonx_parse(text, strlen(text), &root, &e), 0);
        return conf_from_json(root, how, s, problems, &e);
}

static void good_file_fills_every_field(void **state)
{
        OWN(str) struct str problems = { 0 };
        struct sample s = { 0 };

        (void)state;
        assert_int_equal(load("{\"host\":\"h\",\"port\":1,\"tls\":true,\"names\":[\"a\",\"b\"],"
                              "\"database\":{\"x\":1}}",
                              &spec, &s, &problems),
                         0);
        assert_string_equal(s.host, "h");
        assert_int_equal(s.port, 1);
        assert_true(s.tls);
        assert_int_equal(s.names.count, 2);
        assert_string_equal(s.names.items[1], "b");
        assert_int_equal(json_object_size(s.database), 1);
        conf_done(&spec, &s);
        assert_null(s.host);
}

static void defaults_stand_in_for_absent_and_null(void **state)
{
        OWN(str) struct str problems = { 0 };
        struct sample s = { 0 };

        (void)state;
        assert_int_equal(load("{\"host\":\"h\",\"port\":null}", &spec, &s, &problems), 0);
        assert_int_equal(s.port, 8080);
        assert_string_equal(s.level, "info");
        assert_false(s.tls);
        conf_done(&spec, &s);
}

static void every_problem_is_told_at_once(void **state)
{
        OWN(str) struct str problems = { 0 };
        struct sample s = { 0 };

        (void)state;
        assert_int_equal(
                load("{\"host\":\"\",\"port\":70000,\"tls\":\"yes\",\"names\":[1],\"database\":3,"
                     "\"level\":7}",
                     &spec, &s, &problems),
                -1);
        assert_string_equal(str_text(&problems),
                            "invalid config: host: missing\n"
                            "invalid config: port: 70000 is out of range, must be 1 to 65535\n"
                            "invalid config: tls: must be true or false\n"
                            "invalid config: names: must be a list of strings\n"
                            "invalid config: database: must be an object or a list\n"
                            "invalid config: level: must be a string\n");
        assert_null(s.level);
        assert_null(s.names.items);
}

static void checks_between_keys_do_not_wait_for_the_keys(void **state)
{
        OWN(str) struct str problems = { 0 };
        struct sample s = { 0 };

        (void)state;
        assert_int_equal(load("{\"names\":3,\"speed\":\"xxx\",\"port\":80,\"tls\":true}", &spec, &s,
                              &problems),
                         -1);
        assert_string_equal(str_text(&problems),
                            "invalid config: host: missing\n"
                            "invalid config: names: must be a list of strings\n"
                            "invalid config: port: 80 is not for TLS\n"
                            "invalid config: speed: unknown\n");
}

static void a_key_with_a_default_may_be_wrong_too(void **state)
{
        OWN(str) struct str problems = { 0 };
        struct sample s = { 0 };

        (void)state;
        assert_int_equal(load("{\"host\":\"h\",\"speed\":5}", &spec, &s, &problems), -1);
        assert_string_equal(str_text(&problems), "invalid config: speed: must be a string\n");
        assert_null(s.speed);
}

static void a_key_is_told_once(void **state)
{
        const struct conf_key twice[] = {
                { .name = "port",
                  .type = CONF_INT,
                  .at = offsetof(struct sample, port),
                  .def_int = 80,
                  .max = 90 },
                { .name = "speed",
                  .type = CONF_STR,
                  .at = offsetof(struct sample, speed),
                  .def_str = "info" },
                { .name = "tls",
                  .type = CONF_BOOL,
                  .at = offsetof(struct sample, tls),
                  .def_int = 1 },
                { 0 },
        };
        const struct conf_spec how = { .keys = twice, .check = check_sample };
        OWN(str) struct str problems = { 0 };
        struct sample s = { 0 };

        (void)state;
        assert_int_equal(load("{\"port\":100}", &how, &s, &problems), -1);
        assert_string_equal(str_text(&problems),
                            "invalid config: port: 100 is out of range, must be 0 to 90\n");
}

static void keys_below_a_key_are_told_with_both_names(void **state)
{
        const struct conf_spec inner = { .keys = keys, .within = "server" };
        OWN(str) struct str problems = { 0 };
        struct sample s = { 0 };

        (void)state;
        assert_int_equal(load("{\"port\":\"x\"}", &inner, &s, &problems), -1);
        assert_string_equal(str_text(&problems),
                            "invalid config: server.host: missing\n"
                            "invalid config: server.port: must be an integer\n");
}

static void checks_between_keys_run_last(void **state)
{
        OWN(str) struct str problems = { 0 };
        struct sample s = { 0 };

        (void)state;
        assert_int_equal(load("{\"host\":\"h\",\"port\":80,\"tls\":true}", &spec, &s, &problems),
                         -1);
        assert_string_equal(str_text(&problems), "invalid config: port: 80 is not for TLS\n");
        assert_null(s.host);
}

static void programs_may_word_what_is_missing(void **state)
{
        const struct conf_spec worded = { .keys = keys,
                                          .missing_text = "missing required config '%s'" };
        OWN(str) struct str problems = { 0 };
        struct sample s = { 0 };

        (void)state;
        assert_int_equal(load("{}", &worded, &s, &problems), -1);
        assert_string_equal(str_text(&problems), "missing required config 'host'\n");
}

static void unreadable_and_malformed_files_are_named(void **state)
{
        char path[] = "/tmp/netman-conf-XXXXXX";
        OWN(str) struct str problems = { 0 };
        struct sample s = { 0 };
        struct err e = { 0 };
        int fd;

        (void)state;
        assert_int_equal(conf_load("/nonexistent/x.json", &spec, &s, &problems, &e), -1);
        assert_int_equal(e.fault, FAULT_ABSENT);
        assert_non_null(strstr(e.msg, "/nonexistent/x.json"));
        fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, "{\"host\":", 8), 8);
        assert_int_equal(close(fd), 0);
        assert_int_equal(conf_load(path, &spec, &s, &problems, &e), -1);
        assert_int_equal(e.fault, FAULT_BAD_INPUT);
        assert_non_null(strstr(e.msg, path));
        assert_int_equal(unlink(path), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(good_file_fills_every_field),
                cmocka_unit_test(defaults_stand_in_for_absent_and_null),
                cmocka_unit_test(every_problem_is_told_at_once),
                cmocka_unit_test(checks_between_keys_do_not_wait_for_the_keys),
                cmocka_unit_test(a_key_with_a_default_may_be_wrong_too),
                cmocka_unit_test(a_key_is_told_once),
                cmocka_unit_test(keys_below_a_key_are_told_with_both_names),
                cmocka_unit_test(checks_between_keys_run_last),
                cmocka_unit_test(programs_may_word_what_is_missing),
                cmocka_unit_test(unreadable_and_malformed_files_are_named),
        };
        return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
