/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "cli-plugin/args.h"

#define WORDS_MAX 12

#define COPY_SIZE 160

/* Splits at spaces: no argument in these tests holds one. */
static int parse(const char *line, char *copy, struct args *a, struct err *e)
{
        char *words[WORDS_MAX], *rest = copy, *word;
        int count = 0;

        (void)snprintf(copy, COPY_SIZE, "%s", line);
        while ((word = strsep(&rest, " ")) && count < WORDS_MAX)
                words[count++] = word;
        assert_non_null(command_find(words[0]));
        return args_parse(command_find(words[0]), count, words, a, e);
}

static void arguments_are_understood(void **state)
{
        static const struct {
                const char *line, *source, *destination;
                enum policy_proto proto;
                uint16_t start, end;
                int wait_s;
        } rows[] = {
                { "allow-access a b --protocol tcp --port 80", "a", "b", POLICY_TCP, 80, 80, 0 },
                { "allow-access a b -protocol udp -port 1", "a", "b", POLICY_UDP, 1, 1, 0 },
                { "allow-access a b --protocol=udp --port=65535", "a", "b", POLICY_UDP, 65535,
                  65535, 0 },
                { "remove-access --port 80-90 a --protocol tcp b", "a", "b", POLICY_TCP, 80, 90,
                  0 },
                { "deny-access a b --port 80 --protocol tcp --wait", "a", "b", POLICY_TCP, 80, 80,
                  WAIT_DEFAULT_S },
                { "allow-access a b --port 80 --protocol tcp --wait=5", "a", "b", POLICY_TCP, 80,
                  80, 5 },
                { "allow-access a b --wait --port 80 --protocol tcp", "a", "b", POLICY_TCP, 80, 80,
                  WAIT_DEFAULT_S },
                { "explain-access a b --port 80 --protocol tcp", "a", "b", POLICY_TCP, 80, 80, 0 },
                { "add-network-policy a b", "a", "b", POLICY_TCP, 8080, 8080, 0 },
                { "add-network-policy a --destination-app b --protocol udp --port 9", "a", "b",
                  POLICY_UDP, 9, 9, 0 },
                { "allow-access - b --port 80 --protocol tcp", "-", "b", POLICY_TCP, 80, 80, 0 },
                { "allow-access --port 80 --protocol tcp -- -a --port", "-a", "--port", POLICY_TCP,
                  80, 80, 0 },
                { "allow-access a --port 80 --protocol tcp -- --", "a", "--", POLICY_TCP, 80, 80,
                  0 },
                { "allow-access --wait 5 b --port 80 --protocol tcp", "5", "b", POLICY_TCP, 80, 80,
                  WAIT_DEFAULT_S },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                char copy[COPY_SIZE];
                struct args a;
                struct err e;

                if (parse(rows[i].line, copy, &a, &e) < 0)
                        fail_msg("%s: %s", rows[i].line, e.msg);
                assert_string_equal(a.source, rows[i].source);
                assert_string_equal(a.destination, rows[i].destination);
                assert_int_equal(a.proto, rows[i].proto);
                assert_int_equal(a.start, rows[i].start);
                assert_int_equal(a.end, rows[i].end);
                assert_int_equal(a.wait_s, rows[i].wait_s);
        }
}

static void wrong_arguments_are_told_in_known_words(void **state)
{
        static const char wait[] = "Wait takes its seconds behind a '=': --wait=5";
        static const char range[] = "Port is not valid. Must be in range [1-65535].";
        static const struct {
                const char *line, *why;
        } rows[] = {
                { "allow-access", "" },
                { "allow-access a", "" },
                { "allow-access a b", "" },
                { "allow-access a b c --protocol tcp --port 80", "" },
                { "allow-access a b --protocol tcp", "" },
                { "allow-access a b --port 80", "" },
                { "allow-access a b --protocol tcp --port", "" },
                { "allow-access a b --protocol tcp --port x", "Port is not valid: x" },
                { "allow-access a b --protocol tcp --port=", "Port is not valid: " },
                { "allow-access a b --protocol tcp --port 80x", "Port is not valid: 80x" },
                { "allow-access a b --protocol tcp --port 80-", "Port is not valid: 80-" },
                { "allow-access a b --protocol tcp --port -80", range },
                { "allow-access a b --protocol tcp --port 0", range },
                { "allow-access a b --protocol tcp --port 65536", range },
                { "allow-access a b --protocol tcp --port 1-65536", range },
                { "allow-access a b --protocol tcp --port 9-8", range },
                { "allow-access a b --protocol tcp --port 99999999999", range },
                { "allow-access a b --protocol tcp --port 1-99999999999", range },
                { "allow-access a b --protocol tcp --port 99999999999999999999999",
                  "Port is not valid: 99999999999999999999999" },
                { "allow-access a b --protocol icmp --port x", "Port is not valid: x" },
                { "allow-access a b --protocol icmp --port 1",
                  "Protocol is not valid. Must be tcp or udp." },
                { "allow-access a b --protocol TCP --port 1",
                  "Protocol is not valid. Must be tcp or udp." },
                { "allow-access a b --wait=0 --protocol tcp --port 1", "Wait is not valid: 0" },
                { "allow-access a b --protocol tcp --port 1 --wait 5", wait },
                { "allow-access --wait 5 a b --protocol tcp --port 1", wait },
                { "apply-access -f x --wait 5", wait },
                { "apply-access -f x --wait y", "" },
                { "allow-access a b --app x", "flag provided but not defined: -app" },
                { "allow-access a b --ports 1", "flag provided but not defined: -ports" },
                { "add-network-policy", "the required argument `SOURCE_APP` was not provided" },
                { "add-network-policy a",
                  "the required argument `DESTINATION_APP` was not provided" },
                { "add-network-policy a b c", "" },
                { "add-network-policy a b --destination-app c", "" },
                { "add-network-policy a b --port 1",
                  "--protocol and --port flags must be specified together" },
                { "add-network-policy a b --protocol udp",
                  "--protocol and --port flags must be specified together" },
                { "add-network-policy a b -o x",
                  "A space must be provided when an org is provided, but the '-s' flag was not "
                  "specified." },
                { "remove-network-policy a b --port 1",
                  "the required flag `--protocol' was not specified" },
                { "remove-network-policy a b", "the required flag `--port' was not specified" },
                { "network-policies a", "" },
                { "network-policies --app a", "flag provided but not defined: -app" },
                { "allow-access a b -s x", "flag provided but not defined: -s" },
                { "allow-access a --destination-app b",
                  "flag provided but not defined: -destination-app" },
                { "list-access x", "" },
                { "list-access --app", "" },
                { "list-access --json=x", "" },
                { "apply-access", "" },
                { "apply-access -f x y", "" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                char copy[COPY_SIZE];
                struct args a;
                struct err e;

                if (parse(rows[i].line, copy, &a, &e) == 0)
                        fail_msg("%s: understood", rows[i].line);
                assert_string_equal(e.msg, rows[i].why);
        }
}

static void filters_and_switches_are_understood(void **state)
{
        char copy[COPY_SIZE];
        struct args a;
        struct err e;

        (void)state;
        assert_int_equal(
                parse("list-access --all --json --source s --dest=d --app x", copy, &a, &e), 0);
        assert_true(a.all && a.json);
        assert_string_equal(a.source, "s");
        assert_string_equal(a.destination, "d");
        assert_string_equal(a.app, "x");
        assert_int_equal(parse("apply-access -f file --prune --dry-run", copy, &a, &e), 0);
        assert_true(a.prune && a.dry_run);
        assert_string_equal(a.file, "file");
        assert_int_equal(parse("add-network-policy a b -s there -o them", copy, &a, &e), 0);
        assert_string_equal(a.space, "there");
        assert_string_equal(a.org, "them");
        assert_int_equal(parse("network-policies --source a", copy, &a, &e), 0);
        assert_string_equal(a.source, "a");
}

static void help_is_in_the_form_of_cf(void **state)
{
        OWN(str) struct str s = { 0 };

        (void)state;
        command_help(command_find("list-access"), &s);
        assert_non_null(strstr(s.data, "NAME:\n   list-access - List policy for direct"));
        assert_non_null(strstr(s.data, "\n\nUSAGE:\n   cf list-access [--app appName] "
                                       "[--source appName] [--dest appName] [--all] [--json]"
                                       "\n\nOPTIONS:\n   --app   "));
}

static void a_usage_has_every_option(void **state)
{
        (void)state;
        for (const struct command *c = command_table(); c->name; c++) {
                for (const struct command_option *o = c->options; o->name; o++) {
                        char word[32];

                        /* another way to give an argument that is there */
                        if (strcmp(o->name, "-destination-app") == 0)
                                continue;
                        (void)snprintf(word, sizeof word, "-%s", o->name);
                        if (!strstr(c->usage, word))
                                fail_msg("%s: %s is not in: %s", c->name, word, c->usage);
                }
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(arguments_are_understood),
                cmocka_unit_test(wrong_arguments_are_told_in_known_words),
                cmocka_unit_test(filters_and_switches_are_understood),
                cmocka_unit_test(help_is_in_the_form_of_cf),
                cmocka_unit_test(a_usage_has_every_option),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
