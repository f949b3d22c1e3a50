/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of net-out rules is read item by item, or as a whole where its name is
 * written in another case: both have to say the same about any text.
 */
#include "garden-external-networker/ipc/request.h"
#include "tests/unit/test.h"

#include <ctype.h>
#include <string.h>

#define KEY "netout_rules"

/** shout() - @text with the list's name in capitals */
static char *shout(const char *text)
{
        char *copy = strdup(text);

        assert_non_null(copy);
        for (char *at = copy; (at = strstr(at, KEY));)
                for (const char *end = at + strlen(KEY); at < end; at++)
                        *at = (char)toupper((unsigned char)*at);
        return copy;
}

static int parse(const char *text, struct net_out_request *ret, struct err *e)
{
        return net_out_request_parse(text, strlen(text), true, ret, e);
}

static void assert_same(const struct net_out_request *a, const struct net_out_request *b)
{
        assert_int_equal(a->container_ip, b->container_ip);
        assert_int_equal(a->rules.count, b->rules.count);
        for (size_t i = 0; i < a->rules.count; i++) {
                const struct egress *x = &a->rules.items[i], *y = &b->rules.items[i];

                assert_int_equal(x->proto, y->proto);
                assert_int_equal(x->dst.lo, y->dst.lo);
                assert_int_equal(x->dst.hi, y->dst.hi);
                assert_int_equal(x->ports.lo, y->ports.lo);
                assert_int_equal(x->ports.hi, y->ports.hi);
                assert_int_equal(x->log, y->log);
        }
}

#define IP   "\"container_ip\":\"10.255.0.2\""
#define RULE "{\"protocol\":1,\"networks\":[{\"start\":\"10.0.0.1\"}],\"ports\":[{\"start\":80}]}"
#define ALL  "{\"protocol\":0,\"log\":true}"

static const struct {
        const char *text;
        int rc;
        size_t count;
} cases[] = {
        { "{" IP ",\"" KEY "\":[" RULE "," ALL "]}", 0, 2 },
        { " { \"" KEY "\" : [ " RULE " ,\n" ALL " ] , " IP " }\n", 0, 2 },
        { "{" IP ",\"" KEY "\":[]}", 0, 0 },
        { "{" IP ",\"" KEY "\":null}", 0, 0 },
        { "{" IP "}", 0, 0 },
        { "{\"n\":12,\"" KEY "\":[" ALL "],\"m\":-1.5," IP "}", 0, 1 },
        { "{\"a\":[1,{\"" KEY "\":3}],\"" KEY "\":[" ALL "]," IP "}", 0, 1 },
        { "{" IP ",\"" KEY "\":[" RULE "],\"" KEY "\":[" ALL "," ALL "]}", 0, 2 },
        { "{" IP ",\"" KEY "\":[" ALL "]} x", -1, 0 },
        { "{" IP ",\"" KEY "\":[" ALL ",]}", -1, 0 },
        { "{" IP ",,\"" KEY "\":[" ALL "]}", -1, 0 },
        { "{\"n\":1,,\"" KEY "\":[" ALL "]," IP "}", -1, 0 },
        { "{\"n\":1 2,\"" KEY "\":[" ALL "]," IP "}", -1, 0 },
        { "{" IP ",\"" KEY "\":[" ALL " " ALL "]}", -1, 0 },
        { "{" IP ",\"" KEY "\":[" ALL "]", -1, 0 },
        { "{" IP ",\"" KEY "\":[" ALL "}", -1, 0 },
        { "{" IP ",\"" KEY "\":[{\"protocol\":9}]}", -1, 0 },
        { "{" IP ",\"" KEY "\":[" ALL ",7]}", -1, 0 },
        { "{" IP ",\"" KEY "\":{}}", -1, 0 },
        { "{" IP ",\"" KEY "\"}", -1, 0 },
        { "{\"" KEY "\":[" ALL "]}", -1, 0 },
        { "[]", -1, 0 },
        { "", -1, 0 },
};

static void a_list_read_item_by_item_says_what_it_says_as_a_whole(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                OWN(net_out_request) struct net_out_request one = { 0 }, whole = { 0 };
                OWN(mem) char *loud = shout(cases[i].text);
                struct err e = { 0 }, other = { 0 };

                assert_int_equal(parse(cases[i].text, &one, &e), cases[i].rc);
                assert_int_equal(parse(loud, &whole, &other), cases[i].rc);
                assert_string_equal(e.msg, other.msg);
                assert_int_equal(one.rules.count, cases[i].count);
                assert_same(&one, &whole);
        }
}

static void an_error_names_the_rule_and_what_is_wrong_with_it(void **state)
{
        OWN(net_out_request) struct net_out_request r = { 0 };
        struct err e = { 0 };

        (void)state;
        assert_int_equal(parse("{" IP ",\"" KEY "\":[" ALL ",{\"protocol\":9}]}", &r, &e), -1);
        assert_string_equal(e.msg, KEY "[1]: 'protocol' must be an integer from 0 to 3");
        assert_int_equal(parse("{" IP ",\n\"" KEY "\":[" ALL ",]}", &r, &e), -1);
        assert_non_null(strstr(e.msg, "standard input: line 2"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_list_read_item_by_item_says_what_it_says_as_a_whole),
                cmocka_unit_test(an_error_names_the_rule_and_what_is_wrong_with_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
