/* SPDX-License-Identifier: Apache-2.0 */
/* What the environment says about servers, and what a trace of them may show. */
#include "../test.h"

#include "cli-plugin/endpoint.h"
#include "cli-plugin/trace.h"

static void patience_is_what_the_environment_says(void **state)
{
        static const struct {
                const char *text;
                int ms;
        } rows[] = {
                { NULL, 3000 }, { "10", 10000 },     { "1", 1000 },       { "x", 3000 },
                { "", 3000 },   { "1.5", 3000 },     { "-1", 3000 },      { "99999999999", 3000 },
                { "5s", 3000 }, { "0", 127 * 1000 }, { "3600", 3600000 },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++)
                assert_int_equal(endpoint_dial_ms(rows[i].text), rows[i].ms);
}

#define TITLE(what) "\n" what ": [2020-09-13T12:26:40Z]\n"

static void a_trace_shows_all_but_the_token(void **state)
{
        static const char sent[] = "{\"a\":\"x.y.z\"}", got[] = "bearer x.y.z! and x.y.z";
        struct http_call call = { .method = "POST",
                                  .path = "/v1?b=c",
                                  .authorization = "bearer x.y.z",
                                  .body = sent,
                                  .body_len = sizeof sent - 1 };
        OWN(http_answer) struct http_answer a = { .status = 403 };
        OWN(str) struct str out = { 0 };

        (void)state;
        trace_request(&out, "https://api.example:443/", &call, 1600000000);
        assert_string_equal(str_text(&out),
                            TITLE("REQUEST") "POST /v1?b=c HTTP/1.1\n"
                                             "Host: api.example:443\n"
                                             "Authorization: [PRIVATE DATA HIDDEN]\n"
                                             "\n{\"a\":\"[PRIVATE DATA HIDDEN]\"}\n");
        str_clear(&out);
        str_add_mem(&a.headers, "X-A\0x.y.z\0X-B\0b", sizeof "X-A\0x.y.z\0X-B\0b");
        str_add_mem(&a.body, got, sizeof got - 1);
        trace_answer(&out, &a, "bearer x.y.z", 1600000000);
        assert_string_equal(str_text(&out), TITLE("RESPONSE") "HTTP/1.1 403 Forbidden\n"
                                                              "X-A: [PRIVATE DATA HIDDEN]\n"
                                                              "X-B: b\n\n"
                                                              "bearer [PRIVATE DATA HIDDEN]! and "
                                                              "[PRIVATE DATA HIDDEN]\n");
}

static void a_trace_without_a_token_hides_nothing(void **state)
{
        OWN(http_answer) struct http_answer a = { .status = 200 };
        OWN(str) struct str out = { 0 };

        (void)state;
        str_add(&a.body, "{}");
        trace_answer(&out, &a, "", 1600000000);
        assert_string_equal(str_text(&out), TITLE("RESPONSE") "HTTP/1.1 200 OK\n\n{}\n");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(patience_is_what_the_environment_says),
                cmocka_unit_test(a_trace_shows_all_but_the_token),
                cmocka_unit_test(a_trace_without_a_token_hides_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
