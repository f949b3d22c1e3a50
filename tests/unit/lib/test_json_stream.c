/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/json_stream.h"
#include "tests/unit/test.h"

#define VALUE_MAX 64

/** struct seen - What came out: the items' sum, and how many */
struct seen {
        json_int_t sum;
        size_t count;
};

static int add(const json_t *item, size_t i, void *ctx, struct err *e)
{
        struct seen *s = ctx;

        assert_int_equal(i, s->count);
        s->count++;
        s->sum += json_integer_value(item);
        return json_is_integer(item) ? 0 : err_set(e, FAULT_BAD_INPUT, 0, "item %zu", i);
}

static int stream(const char *text, struct seen *s, json_t *rest, bool *listed, struct err *e)
{
        const struct json_stream in = {
                .key = "list", .value_max = VALUE_MAX, .item = add, .ctx = s, .rest = rest
        };

        return json_stream(&in, text, strlen(text), listed, e);
}

static void items_come_in_order_and_the_rest_beside_them(void **state)
{
        static const struct {
                const char *text;
                bool listed;
                size_t count;
                json_int_t sum;
                size_t others;
        } cases[] = {
                { "{\"list\":[1,2,3]}", true, 3, 6, 0 },
                { " { \"a\" : {\"list\":[7]} , \"list\" : [ 1 , 2 ] , \"b\" : \"}\" } \n", true, 2,
                  3, 2 },
                { "{\"list\":[]}", true, 0, 0, 0 },
                { "{\"list\":null,\"a\":[1]}", false, 0, 0, 1 },
                { "{}", false, 0, 0, 0 },
                { "null", false, 0, 0, 0 },
                { "{\"l\\u0069st\":[4]}", true, 1, 4, 0 },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                OWN(json) json_t *rest = json_object();
                struct seen s = { 0 };
                bool listed = !cases[i].listed;
                struct err e = { 0 };

                assert_int_equal(stream(cases[i].text, &s, rest, &listed, &e), 0);
                assert_int_equal(listed, cases[i].listed);
                assert_int_equal(s.count, cases[i].count);
                assert_int_equal(s.sum, cases[i].sum);
                assert_int_equal(json_object_size(rest), cases[i].others);
        }
}

static void what_is_no_such_object_is_told_with_its_place(void **state)
{
        static const struct {
                const char *text, *why;
        } cases[] = {
                { "", "unexpected end of JSON input" },
                { "{", "unexpected end of JSON input" },
                { "{\"list\"", "unexpected end of JSON input" },
                { "{\"list\":[1", "unexpected end of JSON input" },
                { "{\"list\":[\"1", "unexpected end of JSON input" },
                { "{\"list\":[1,", "unexpected end of JSON input" },
                { "{\"list\":[1 2]}", "offset 11: unexpected character" },
                { "{\"list\":[1,]}", "offset 12: " },
                { "{\"list\":[1]}x", "offset 12: unexpected character" },
                { "{\"list\":[1],}", "offset 12: unexpected character" },
                { "{list:[1]}", "offset 1: unexpected character" },
                { "{\"a\" 1}", "offset 5: unexpected character" },
                { "{\"a\":nul}", "offset 8: " },
                { "{\"list\":[1],\"list\":[1]}", "'list' is there twice" },
                { "{\"list\":[1,\"x\"]}", "item 1" },
                { "{\"list\":{}}", "json: cannot unmarshal object into field list of type array" },
                { "[1]", "json: cannot unmarshal array into field (body) of type object" },
                { "7", "json: cannot unmarshal number into field (body) of type object" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                struct seen s = { 0 };
                struct err e = { 0 };
                bool listed;

                assert_int_equal(stream(cases[i].text, &s, NULL, &listed, &e), -1);
                assert_int_equal(e.fault, FAULT_BAD_INPUT);
                if (!strstr(e.msg, cases[i].why))
                        fail_msg("%s: %s", cases[i].text, e.msg);
        }
}

/* A tree takes some eighty times its text; so nothing long becomes one. */
static void a_long_value_is_refused_wherever_it_stands(void **state)
{
        static const char *const forms[] = {
                "{\"list\":[[%s]]}",
                "{\"a\":[%s],\"list\":[1]}",
                "{\"list\":\"%s\"}",
                "[%s]",
        };
        char inner[2 * VALUE_MAX + 1], text[4 * VALUE_MAX];

        (void)state;
        memset(inner, '1', sizeof inner - 1);
        inner[sizeof inner - 1] = '\0';
        for (size_t i = 1; i < sizeof inner - 1; i += 2)
                inner[i] = ',';
        inner[sizeof inner - 2] = '1';
        for (size_t i = 0; i < COUNT(forms); i++) {
                struct seen s = { 0 };
                struct err e = { 0 };
                bool listed;

                (void)snprintf(text, sizeof text, forms[i], inner);
                assert_int_equal(stream(text, &s, NULL, &listed, &e), -1);
                assert_non_null(strstr(e.msg, "more than 64 bytes"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(items_come_in_order_and_the_rest_beside_them),
                cmocka_unit_test(what_is_no_such_object_is_told_with_its_place),
                cmocka_unit_test(a_long_value_is_refused_wherever_it_stands),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
