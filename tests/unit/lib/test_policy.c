/* SPDX-License-Identifier: Apache-2.0 */
/* Policies read from JSON and written to it, and their tags. */
#include "netman/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct policy make(const char *src, const char *dst, enum policy_proto proto, int start,
                          int end)
{
        return (struct policy){ .source = (char *)(uintptr_t)src,
                                .destination = (char *)(uintptr_t)dst,
                                .source_tag = 1,
                                .destination_tag = 0xAB,
                                .proto = proto,
                                .start = (uint16_t)start,
                                .end = (uint16_t)end };
}

static void each_form_has_its_members(void **state)
{
        static const struct {
                enum policy_version v;
                enum policy_form form;
                const char *want;
        } cases[] = {
                { POLICY_V0, POLICY_EXTERNAL,
                  "{\"source\":{\"id\":\"a\"},\"destination\":{\"id\":\"b\",\"protocol\":\"tcp\","
                  "\"port\":80}}" },
                { POLICY_V1, POLICY_EXTERNAL,
                  "{\"source\":{\"id\":\"a\"},\"destination\":{\"id\":\"b\",\"protocol\":\"tcp\","
                  "\"ports\":{\"start\":80,\"end\":80}}}" },
                { POLICY_V0, POLICY_INTERNAL,
                  "{\"source\":{\"id\":\"a\",\"tag\":\"0001\"},\"destination\":{\"id\":\"b\","
                  "\"tag\":\"00AB\",\"protocol\":\"tcp\",\"port\":80,\"ports\":{\"start\":80,"
                  "\"end\":80}}}" },
                { POLICY_V1, POLICY_INTERNAL,
                  "{\"source\":{\"id\":\"a\",\"tag\":\"0001\"},\"destination\":{\"id\":\"b\","
                  "\"tag\":\"00AB\",\"protocol\":\"tcp\",\"ports\":{\"start\":80,\"end\":80}}}" },
        };
        const struct policy p = make("a", "b", POLICY_TCP, 80, 80);

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                OWN(str) struct str out = { 0 };

                assert_true(policy_print(&p, cases[i].v, cases[i].form, 2, &out));
                assert_string_equal(out.data, cases[i].want);
        }
}

static void ranges_do_not_show_in_v0(void **state)
{
        OWN(policy_list) struct policy_list list = { 0 };
        OWN(str) struct str v0 = { 0 };
        OWN(str) struct str v1 = { 0 };
        struct policy range = make("a", "b", POLICY_UDP, 1, 65535);
        struct policy single = make("a", "c", POLICY_UDP, 7, 7);
        struct err e;

        (void)state;
        assert_int_equal(policy_list_add(&list, &range, &e), 0);
        assert_int_equal(policy_list_add(&list, &single, &e), 0);
        policy_list_print(&list, POLICY_V0, POLICY_EXTERNAL, 2, &v0);
        policy_list_print(&list, POLICY_V1, POLICY_EXTERNAL, 2, &v1);
        assert_true(str_starts(v0.data, "{\"total_policies\":1,\"policies\":[{"));
        assert_null(strstr(v0.data, "\"b\""));
        assert_true(str_starts(v1.data, "{\"total_policies\":2,\"policies\":[{"));
}

static void answers_are_read_as_they_were_written(void **state)
{
        static const enum policy_form forms[] = { POLICY_EXTERNAL, POLICY_INTERNAL };

        (void)state;
        for (int v = POLICY_V0; v <= POLICY_V1; v++) {
                for (size_t f = 0; f < 2; f++) {
                        OWN(policy_list) struct policy_list list = { 0 };
                        OWN(policy_list) struct policy_list back = { 0 };
                        OWN(str) struct str text = { 0 };
                        struct policy p = make("app-1", "app_2.x:y", POLICY_UDP, 53, 53);
                        struct err e;

                        assert_int_equal(policy_list_add(&list, &p, &e), 0);
                        policy_list_print(&list, (enum policy_version)v, forms[f], 2, &text);
                        assert_int_equal(policy_list_parse_answer(text.data, text.len, &back, &e),
                                         0);
                        assert_int_equal(back.count, 1);
                        assert_int_equal(policy_compare(&back.items[0], &p), 0);
                        assert_int_equal(back.items[0].destination_tag,
                                         forms[f] == POLICY_INTERNAL ? 0xAB : 0);
                }
        }
}

static void answers_that_lack_something_are_an_error(void **state)
{
        static const char *const cases[] = {
                "",
                "[]",
                "{}",
                "{\"policies\":{}}",
                "{\"policies\":[1]}",
                "{\"policies\":[{\"source\":{\"id\":\"a\"},\"destination\":{\"id\":\"b\"}}]}",
                "{\"policies\":[{\"source\":{\"id\":\"a\"},\"destination\":{\"id\":\"b\","
                "\"protocol\":\"tcp\",\"port\":70000}}]}",
                "{\"policies\":[{\"source\":{\"id\":\"a\",\"tag\":\"xyz\"},\"destination\":{\"id\":"
                "\"b\",\"protocol\":\"tcp\",\"port\":7}}]}",
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                OWN(policy_list) struct policy_list list = { 0 };
                struct err e = { 0 };

                assert_int_equal(policy_list_parse_answer(cases[i], strlen(cases[i]), &list, &e),
                                 -1);
                assert_int_equal(e.fault, FAULT_UPSTREAM);
                assert_int_equal(list.count, 0);
        }
}

static void sorting_orders_and_drops_repeats(void **state)
{
        OWN(policy_list) struct policy_list list = { 0 };
        const struct policy in[] = {
                make("b", "a", POLICY_TCP, 1, 1), make("a", "b", POLICY_UDP, 1, 1),
                make("a", "b", POLICY_TCP, 2, 2), make("a", "b", POLICY_TCP, 2, 2),
                make("a", "b", POLICY_TCP, 1, 9), make("a", "b", POLICY_TCP, 1, 8),
        };
        struct err e;

        (void)state;
        for (size_t i = 0; i < sizeof in / sizeof *in; i++)
                assert_int_equal(policy_list_add(&list, &in[i], &e), 0);
        policy_list_sort(&list);
        assert_int_equal(list.count, 5);
        for (size_t i = 1; i < list.count; i++)
                assert_true(policy_compare(&list.items[i - 1], &list.items[i]) < 0);
        assert_int_equal(list.items[0].end, 8);
}

static void tags_have_two_digits_a_byte(void **state)
{
        static const struct {
                uint32_t tag;
                unsigned int length;
                const char *want;
        } cases[] = { { 1, 1, "01" },
                      { 1, 2, "0001" },
                      { 0xABC, 2, "0ABC" },
                      { 1, 3, "000001" },
                      { 0xFFFFFF, 3, "FFFFFF" } };
        char buf[POLICY_TAG_TEXT];
        uint32_t back;
        struct err e;

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                assert_string_equal(policy_tag_print(cases[i].tag, cases[i].length, buf),
                                    cases[i].want);
                assert_int_equal(policy_tag_parse(buf, &back, &e), 0);
                assert_int_equal(back, cases[i].tag);
        }
        assert_int_equal(policy_tag_max(1), 255);
        assert_int_equal(policy_tag_max(2), 65535);
        assert_int_equal(policy_tag_parse("", &back, &e), -1);
        assert_int_equal(policy_tag_parse("-1", &back, &e), -1);
        assert_int_equal(policy_tag_parse("123456789", &back, &e), -1);
}

static void ids_are_checked(void **state)
{
        char longest[POLICY_ID_MAX + 2];

        (void)state;
        memset(longest, 'a', sizeof longest);
        longest[POLICY_ID_MAX] = '\0';
        assert_true(policy_id_ok(longest));
        longest[POLICY_ID_MAX] = 'a';
        longest[POLICY_ID_MAX + 1] = '\0';
        assert_false(policy_id_ok(longest));
        assert_true(policy_id_ok("5d3a1c5e-97a2-4c0e-8d8f-0a3c2f3f7a11"));
        assert_false(policy_id_ok(""));
        assert_false(policy_id_ok("a b"));
        assert_false(policy_id_ok("a'--"));
        assert_false(policy_id_ok("a\""));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_form_has_its_members),
                cmocka_unit_test(ranges_do_not_show_in_v0),
                cmocka_unit_test(answers_are_read_as_they_were_written),
                cmocka_unit_test(answers_that_lack_something_are_an_error),
                cmocka_unit_test(sorting_orders_and_drops_repeats),
                cmocka_unit_test(tags_have_two_digits_a_byte),
                cmocka_unit_test(ids_are_checked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
