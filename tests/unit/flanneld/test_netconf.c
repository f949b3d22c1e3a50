/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/netconf.h"

#include "tests/unit/test.h"

static int parse(const char *text, struct netconf *c, struct err *e)
{
        return netconf_parse(text, strlen(text), c, e);
}

static void what_is_left_out_gets_flannels_defaults(void **state)
{
        static const struct {
                const char *text;
                int len;
                const char *min, *max;
        } cases[] = {
                { "{\"Network\":\"10.255.0.0/16\"}", 24, "10.255.1.0", "10.255.255.0" },
                { "{\"Network\":\"10.255.3.4/16\"}", 24, "10.255.1.0", "10.255.255.0" },
                { "{\"Network\":\"10.255.0.0/22\"}", 24, "10.255.1.0", "10.255.3.0" },
                { "{\"Network\":\"10.255.0.0/23\"}", 25, "10.255.0.128", "10.255.1.128" },
                { "{\"Network\":\"10.255.0.0/28\"}", 30, "10.255.0.4", "10.255.0.12" },
                { "{\"Network\":\"10.0.0.0/8\",\"SubnetLen\":20}", 20, "10.0.16.0",
                  "10.255.240.0" },
                { "{\"network\":\"10.255.0.0/16\",\"subnetmin\":\"10.255.4.0\"}", 24, "10.255.4.0",
                  "10.255.255.0" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                struct netconf c;
                struct err e = { 0 };

                assert_int_equal(parse(cases[i].text, &c, &e), 0);
                assert_int_equal(c.subnet_len, cases[i].len);
                assert_string_equal(ip4_text(c.min).s, cases[i].min);
                assert_string_equal(ip4_text(c.max).s, cases[i].max);
        }
}

static void the_backend_is_read_in_any_case(void **state)
{
        struct netconf c;
        struct err e;

        (void)state;
        assert_int_equal(
                parse("{\"Network\":\"10.255.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}", &c, &e),
                0);
        assert_int_equal(c.vni, 1);
        assert_int_equal(c.port, 8472);
        assert_false(c.gbp);
        assert_string_equal(c.other, "");
        assert_int_equal(parse("{\"Network\":\"10.255.0.0/16\",\"Backend\":{\"Type\":\"vxlan\","
                               "\"vni\":42,\"port\":4789,\"gbp\":true,\"Mtu\":1400}}",
                               &c, &e),
                         0);
        assert_int_equal(c.vni, 42);
        assert_int_equal(c.port, 4789);
        assert_int_equal(c.mtu, 1400);
        assert_true(c.gbp);
        assert_int_equal(parse("{\"Network\":\"10.255.0.0/16\"}", &c, &e), 0);
        assert_string_equal(c.other, "udp");
}

#define NET "{\"Network\":\"10.255.0.0/16\","

static void what_cannot_be_is_refused_by_its_key(void **state)
{
        static const struct {
                const char *text, *words;
        } cases[] = {
                { "", "line 1" },
                { "[]", "JSON object" },
                { "{}", "Network" },
                { "{\"Network\":7}", "Network" },
                { "{\"Network\":\"10.255.0.0/33\"}", "Network" },
                { "{\"Network\":\"10.255.0.0/29\"}", "Network: 10.255.0.0/29 is too small" },
                { NET "\"SubnetLen\":31}", "SubnetLen" },
                { NET "\"SubnetLen\":17}", "SubnetLen" },
                { NET "\"SubnetLen\":\"24\"}", "SubnetLen" },
                { NET "\"SubnetLen\":-1}", "SubnetLen" },
                { NET "\"SubnetMin\":\"10.254.0.0\"}", "SubnetMin" },
                { NET "\"SubnetMin\":\"10.255.0.1\"}", "SubnetMin" },
                { NET "\"SubnetMax\":\"x\"}", "SubnetMax" },
                { NET "\"SubnetMin\":\"10.255.9.0\",\"SubnetMax\":\"10.255.8.0\"}", "SubnetMin" },
                { NET "\"Backend\":7}", "Backend" },
                { NET "\"Backend\":{\"Type\":\"vxlan\",\"VNI\":16777216}}", "VNI" },
                { NET "\"Backend\":{\"Type\":\"vxlan\",\"Port\":65536}}", "Port" },
                { NET "\"Backend\":{\"Type\":\"vxlan\",\"GBP\":\"yes\"}}", "GBP" },
                { NET "\"Backend\":{\"Type\":\"vxlan\",\"MTU\":-1}}", "MTU" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                struct netconf c;
                struct err e = { 0 };

                assert_int_equal(parse(cases[i].text, &c, &e), -1);
                assert_int_equal(e.fault, FAULT_BAD_INPUT);
                assert_non_null(strstr(e.msg, cases[i].words));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_left_out_gets_flannels_defaults),
                cmocka_unit_test(the_backend_is_read_in_any_case),
                cmocka_unit_test(what_cannot_be_is_refused_by_its_key),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
