/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot's table against a plain list that is searched from end to end. */
#include "policy-server/snapshot/etag.h"
#include "policy-server/snapshot/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define APPS  12
#define STEPS 4000

static const char *const names[APPS] = {
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"
};

static struct policy nth(unsigned int n)
{
        unsigned int port = 1 + n / (APPS * APPS) % 3;

        return (struct policy){ .source = (char *)(uintptr_t)names[n % APPS],
                                .destination = (char *)(uintptr_t)names[n / APPS % APPS],
                                .source_tag = 1 + n % APPS,
                                .destination_tag = 1 + n / APPS % APPS,
                                .proto = n / (APPS * APPS * 3) % 2 ? POLICY_UDP : POLICY_TCP,
                                .start = (uint16_t)port,
                                .end = (uint16_t)(port + (port == 3)) };
}

/** count_in() - How many policies an answer says it has */
static size_t count_in(const struct table *t, const char *ids, enum policy_version v)
{
        OWN(table_selection) struct table_selection s = { 0 };
        OWN(policy_list) struct policy_list list = { 0 };
        OWN(str) struct str out = { 0 };
        struct err e;

        assert_int_equal(table_select(t, ids, &s, &e), 0);
        assert_int_equal(table_print(t, &s, v, &out, &e), 0);
        assert_int_equal(policy_list_parse_answer(out.data, out.len, &list, &e), 0);
        return list.count;
}

static struct fingerprint print_of(const struct table *t, const char *ids)
{
        OWN(table_selection) struct table_selection s = { 0 };
        struct err e;

        assert_int_equal(table_select(t, ids, &s, &e), 0);
        return table_fingerprint(t, &s);
}

static void it_answers_what_a_plain_list_would(void **state)
{
        OWN(table) struct table *t = NULL;
        bool there[APPS * APPS * 6] = { false };
        unsigned int seed = 1;
        struct err e;

        (void)state;
        assert_int_equal(table_new(2, &t, &e), 0);
        for (int step = 0; step < STEPS; step++) {
                unsigned int n = (seed = seed * 1103515245U + 12345U) >> 8;
                struct policy p;
                size_t all = 0, cd = 0, single = 0;

                n %= APPS * APPS * 6;
                p = nth(n);
                if (seed >> 31) {
                        assert_int_equal(table_add(t, &p, &e), 0);
                        there[n] = true;
                } else {
                        table_remove(t, &p);
                        there[n] = false;
                }
                if (step % 100)
                        continue;
                for (unsigned int i = 0; i < APPS * APPS * 6; i++) {
                        struct policy q = nth(i);
                        bool touches = strchr("cd", *q.source) || strchr("cd", *q.destination);

                        all += there[i];
                        cd += there[i] && touches;
                        single += there[i] && touches && q.start == q.end;
                }
                assert_int_equal(table_count(t), all);
                assert_int_equal(count_in(t, NULL, POLICY_V1), all);
                assert_int_equal(count_in(t, "d,c,d,nobody", POLICY_V1), cd);
                assert_int_equal(count_in(t, "c,d", POLICY_V0), single);
        }
}

static void fingerprints_depend_on_content_alone(void **state)
{
        OWN(table) struct table *x = NULL;
        OWN(table) struct table *y = NULL;
        struct fingerprint before, after;
        struct policy p = nth(5), q = nth(17);
        struct err e;

        (void)state;
        assert_int_equal(table_new(2, &x, &e), 0);
        assert_int_equal(table_new(2, &y, &e), 0);
        for (unsigned int i = 0; i < 100; i++) {
                struct policy a = nth(i), b = nth(99 - i);

                assert_int_equal(table_add(x, &a, &e), 0);
                assert_int_equal(table_add(y, &b, &e), 0);
        }
        before = print_of(x, "a,b");
        after = print_of(y, "b,a");
        assert_true(fingerprint_eq(&before, &after));
        table_remove(x, &p);
        after = print_of(x, p.source);
        before = print_of(y, p.source);
        assert_false(fingerprint_eq(&before, &after));
        assert_int_equal(table_add(x, &p, &e), 0);
        after = print_of(x, p.source);
        assert_true(fingerprint_eq(&before, &after));
        q.source_tag = 999; /* a policy with another tag is another answer */
        table_remove(x, &q);
        assert_int_equal(table_add(x, &q, &e), 0);
        after = print_of(x, q.source);
        before = print_of(y, q.source);
        assert_false(fingerprint_eq(&before, &after));
}

static void an_app_that_is_its_own_destination_is_told_once(void **state)
{
        OWN(table) struct table *t = NULL;
        struct policy p = nth(0);
        struct fingerprint none = { 0 }, now;
        struct err e;

        (void)state;
        assert_int_equal(table_new(2, &t, &e), 0);
        assert_int_equal(table_add(t, &p, &e), 0);
        assert_int_equal(table_add(t, &p, &e), 0);
        assert_int_equal(count_in(t, "a", POLICY_V1), 1);
        table_remove(t, &p);
        table_remove(t, &p);
        now = print_of(t, "a");
        assert_true(fingerprint_eq(&now, &none));
        assert_int_equal(count_in(t, NULL, POLICY_V1), 0);
}

static void entity_tags_are_read_as_they_were_written(void **state)
{
        const struct feed_view v = { .revision = 42, .epoch = "abc123" };
        const struct fingerprint fp = { 0x0123456789abcdefU, 0xfedcba9876543210U };
        struct etag t;
        char text[ETAG_TEXT], weak[ETAG_TEXT + 2];

        (void)state;
        etag_print(&v, &fp, text);
        assert_string_equal(text, "\"abc123-42-0123456789abcdeffedcba9876543210\"");
        assert_true(etag_parse(text, &t));
        assert_true(fingerprint_eq(&t.fp, &fp));
        assert_int_equal(t.revision, 42);
        assert_string_equal(t.epoch, "abc123");
        (void)snprintf(weak, sizeof weak, "W/%s", text);
        assert_true(etag_parse(weak, &t));
}

static void foreign_entity_tags_are_not_ours(void **state)
{
        static const char *const cases[] = {
                "",
                "\"",
                "\"\"",
                "*",
                "W/",
                "\"abc\"",
                "\"a-1-\"",
                "\"a-x-0123456789abcdef\"",
                "\"a-1-0123456789abcdeffedcba987654321\"",
                "\"a-1-0123456789abcdeffedcba98765432100\"",
                "\"a-1-0123456789ABCDEFfedcba9876543210\"",
                "\"-1-0123456789abcdeffedcba9876543210\"",
                "\"a-1-0123456789abcdeffedcba9876543210",
                "\"a--1-0123456789abcdeffedcba9876543210\"",
        };
        struct etag t;

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                if (etag_parse(cases[i], &t))
                        fail_msg("taken: %s", cases[i]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_answers_what_a_plain_list_would),
                cmocka_unit_test(fingerprints_depend_on_content_alone),
                cmocka_unit_test(an_app_that_is_its_own_destination_is_told_once),
                cmocka_unit_test(entity_tags_are_read_as_they_were_written),
                cmocka_unit_test(foreign_entity_tags_are_not_ours),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
