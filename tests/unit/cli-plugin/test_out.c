/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, token, file of wishes: what people read, and what we read of theirs. */
#include "../test.h"

#include "cli-plugin/apps.h"
#include "cli-plugin/out.h"
#include "cli-plugin/token.h"
#include "cli-plugin/wishes.h"

static void table_is_the_references(void **state)
{
        static const struct {
                const char *cells[8];
                const char *text;
        } rows[] = {
                { { "Source", "Destination", "Protocol", "Port" },
                  "\033[;1mSource\tDestination\tProtocol\tPort\n\033[0m\n" },
                { { "Source", "Destination", "Protocol", "Port", "frontend", "db", "tcp", "7000" },
                  "\033[;1mSource\t\tDestination\tProtocol\tPort\n\033[0m"
                  "\033[36;1mfrontend\033[0m\t\033[36;1mdb\033[0m\t\ttcp\t\t7000\n" },
                { { "Source", "Destination", "Protocol", "Port", "a", "g\xc3\xbc", "udp", "1-2" },
                  "\033[;1mSource\tDestination\tProtocol\tPort\n\033[0m"
                  "\033[36;1ma\033[0m\t\033[36;1mg\xc3\xbc\033[0m\t\tudp\t\t1-2\n" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                OWN(table) struct table t = { .columns = 4, .cyan_mask = 3 };
                OWN(out) struct out o = { .colour = true };
                struct err e;

                for (size_t c = 0; c < 8 && rows[i].cells[c]; c++)
                        assert_int_equal(table_cell(&t, rows[i].cells[c], &e), 0);
                table_print(&t, &o);
                assert_string_equal(str_text(&o.text), rows[i].text);
        }
}

static void table_with_spaces_is_that_of_cf(void **state)
{
        static const char *const cells[] = { "source", "ports",       "frontend",
                                             "1-2",    "gr\xc3\xbcn", "3" };
        OWN(table) struct table t = { .columns = 2, .spaces = true };
        OWN(out) struct out o = { 0 };
        struct err e;

        (void)state;
        for (size_t i = 0; i < COUNT(cells); i++)
                assert_int_equal(table_cell(&t, cells[i], &e), 0);
        table_print(&t, &o);
        assert_string_equal(str_text(&o.text),
                            "source     ports\nfrontend   1-2\ngr\xc3\xbcn       3\n");
}

static void token_tells_user_and_end(void **state)
{
        static const struct {
                const char *token, *user;
                int64_t expires;
        } rows[] = {
                /* {"user_name":"dora","exp":1600000000} */
                { "bearer x.eyJ1c2VyX25hbWUiOiJkb3JhIiwiZXhwIjoxNjAwMDAwMDAwfQ.y", "dora",
                  1600000000 },
                /* {"client_id":"c"} */
                { "bearer x.eyJjbGllbnRfaWQiOiJjIn0.y", "c", 0 },
                { "bearer abc", NULL, 0 },
                { "", NULL, 0 },
                { "bearer x.!!.y", NULL, 0 },
                { "bearer x.bm8.y", NULL, 0 },
                { "bearer x..y", NULL, 0 },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                OWN(mem) char *user = NULL;
                int64_t expires = 0;
                struct err e;

                assert_int_equal(token_read(rows[i].token, &user, &expires, &e),
                                 rows[i].user ? 0 : -1);
                if (!rows[i].user)
                        continue;
                assert_string_equal(user, rows[i].user);
                assert_int_equal(expires, rows[i].expires);
        }
}

static void apps_are_found_by_id_and_kept_once(void **state)
{
        static const char *const ids[] = { "c", "a", "b", "a" };
        OWN(app_list) struct app_list l = { 0 };
        struct err e;

        (void)state;
        for (size_t i = 0; i < COUNT(ids); i++)
                assert_int_equal(app_list_add(&l, ids[i], ids[i], "", &e), 0);
        app_list_sort(&l);
        assert_int_equal(l.count, 3);
        assert_string_equal(app_list_find(&l, "b")->name, "b");
        assert_null(app_list_find(&l, "d"));
}

static void wishes_are_read(void **state)
{
        static const char text[] = "---\n"
                                   "policies:\n"
                                   "- {source: a, destination: b, ports: 80}\n"
                                   "- source: b\n"
                                   "  destination: a\n"
                                   "  protocol: udp\n"
                                   "  ports: [53, 100-200]\n"
                                   "...\n"
                                   "# and no more\n";
        OWN(policy_list) struct policy_list l = { 0 };
        struct err e;

        (void)state;
        assert_int_equal(wishes_parse(text, strlen(text), &l, &e), 0);
        assert_int_equal(l.count, 3);
        assert_string_equal(l.items[0].source, "a");
        assert_int_equal(l.items[0].proto, POLICY_TCP);
        assert_int_equal(l.items[2].start, 100);
        assert_int_equal(l.items[2].end, 200);
        assert_int_equal(l.items[2].proto, POLICY_UDP);
}

static void wishes_that_make_no_sense_name_their_line(void **state)
{
        static const struct {
                const char *text, *why;
        } rows[] = {
                { "policies:\n- a\n", "line 2: a policy is a mapping" },
                { "policies:\n- {source: [a]}\n", "line 2: need a text here" },
                { "policies:\n- {source: a, destination: b, ports: {a: b}}\n", "line 2: a port" },
                { "policies:\n- {source: a, destination: b, ports: [1, [2]]}\n", "line 2: a port" },
                { "policies:\n- {source: a, destination: b, ports: 2-1}\n", "line 2: a port" },
                { "policies:\n- {source: a, destination: b, ports: ''}\n", "line 2: a port" },
                { "policies: &a\n- *a\n", "line 1: a policy is a mapping" },
                { "a: 1\nb: 2\n", "nothing beside it" },
                { "policies:\n\t- x\n", "line 2: " },
                { "policies:\n- {source: a, destination: b, ports: []}\n", "at least one port" },
                { "policies:\n- {source: a, destination: b,\n   source: c, ports: 1}\n",
                  "line 3: the same key twice" },
                { "policies:\n- {source: a, destination: b, port: 1, ports: 2}\n",
                  "ports are given twice" },
                { "policies: []\n---\npolicies: []\n", "line 2: only one document" },
                { "policies: []\n...\n]]] not yaml\n", "line 3: " },
                { "policies:\n- {source: \"a\\0b\", destination: b, ports: 1}\n",
                  "line 2: need a text here" },
                { "policies:\n- {source: a, destination: b, ports: \"1\\0\"}\n", "line 2: a port" },
                { "policies:\n- {\"source\\0\": a, destination: b, ports: 1}\n",
                  "line 2: unknown key" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                OWN(policy_list) struct policy_list l = { 0 };
                struct err e;

                assert_int_equal(wishes_parse(rows[i].text, strlen(rows[i].text), &l, &e), -1);
                assert_int_equal(e.fault, FAULT_BAD_INPUT);
                if (!strstr(e.msg, rows[i].why))
                        fail_msg("%s: %s", rows[i].text, e.msg);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(table_is_the_references),
                cmocka_unit_test(table_with_spaces_is_that_of_cf),
                cmocka_unit_test(token_tells_user_and_end),
                cmocka_unit_test(apps_are_found_by_id_and_kept_once),
                cmocka_unit_test(wishes_are_read),
                cmocka_unit_test(wishes_that_make_no_sense_name_their_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
