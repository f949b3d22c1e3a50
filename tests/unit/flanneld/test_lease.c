/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/lease.h"
#include "cmd/flanneld/subnet_env.h"

#include "tests/unit/test.h"

static struct ip4_net net(const char *text)
{
        struct ip4_net n = { 0 };

        assert_true(ip4_net_parse(text, '/', true, &n));
        return n;
}

static void only_keys_that_name_a_subnet_are_leases(void **state)
{
        static const struct {
                const char *key, *subnet;
        } cases[] = {
                { "/coreos.com/network/subnets/10.255.7.0-24", "10.255.7.0/24" },
                { "10.255.7.0-24", "10.255.7.0/24" },
                { "/x/10.255.7.0-24&fd00:7::-64", "10.255.7.0/24" },
                { "/x/10.255.7.0-32", "10.255.7.0/32" },
                { "/x/10.255.7.1-24", NULL },
                { "/x/10.255.7.0", NULL },
                { "/x/10.255.7.0-33", NULL },
                { "/x/10.255.7.0--1", NULL },
                { "/x/10.255.7.0-24 ", NULL },
                { "/x/10.255.7-24", NULL },
                { "/x/256.255.7.0-24", NULL },
                { "/x/00000000000000000000000000000000000000-24", NULL },
                { "/x/config", NULL },
                { "", NULL },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                struct ip4_net n;
                bool ok = lease_key_parse(cases[i].key, &n);

                assert_int_equal(ok, cases[i].subnet != NULL);
                if (ok)
                        assert_string_equal(ip4_net_text(n).s, cases[i].subnet);
        }
        assert_string_equal(lease_key(net("10.255.7.0/24")).s, "10.255.7.0-24");
}

#define VALUE(ip, mac)                                                                             \
        "{\"PublicIP\":\"" ip "\",\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,"           \
        "\"VtepMAC\":\"" mac "\"}}"

static void a_lease_is_written_as_flannel_writes_it_and_read_back(void **state)
{
        OWN(str) struct str s = { 0 };
        struct lease a = { .public_ip = 0x0a000007, .vxlan = true, .vni = 1 }, b = { 0 };
        struct err e;

        (void)state;
        memcpy(a.mac, "\x0a\x58\x0a\xff\x07\x00", sizeof a.mac);
        lease_value_print(&a, &s);
        assert_string_equal(str_text(&s), VALUE("10.0.0.7", "0a:58:0a:ff:07:00"));
        assert_int_equal(lease_value_parse(s.data, s.len, &b, &e), 0);
        assert_true(lease_same_cell(&a, &b));
}

static void a_value_that_makes_no_sense_is_refused_with_the_reason(void **state)
{
        static const struct {
                const char *value, *words;
        } cases[] = {
                { "", "line 1" },
                { "[]", "must be a JSON object" },
                { "{}", "PublicIP" },
                { VALUE("10.0.0", "0a:58:0a:ff:07:00"), "'PublicIP'" },
                { VALUE("127.0.0.1", "0a:58:0a:ff:07:00"), "'PublicIP'" },
                { VALUE("224.0.0.1", "0a:58:0a:ff:07:00"), "'PublicIP'" },
                { VALUE("10.0.0.7", "0a:58:0a:ff:07"), "no MAC address" },
                { VALUE("10.0.0.7", "0a:58:0a:ff:07:0g"), "no MAC address" },
                { VALUE("10.0.0.7", "0a-58-0a-ff-07-00"), "no MAC address" },
                { VALUE("10.0.0.7", "ff:ff:ff:ff:ff:ff"), "no host's MAC" },
                { VALUE("10.0.0.7", "00:00:00:00:00:00"), "no host's MAC" },
                { "{\"PublicIP\":\"10.0.0.7\",\"BackendType\":\"vxlan\"}", "BackendData" },
                { "{\"PublicIP\":\"10.0.0.7\",\"BackendType\":7}", "BackendType" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                struct lease l = { .public_ip = 1 };
                struct err e = { 0 };

                assert_int_equal(lease_value_parse(cases[i].value, strlen(cases[i].value), &l, &e),
                                 -1);
                assert_non_null(strstr(e.msg, cases[i].words));
                assert_int_equal(l.public_ip, 1);
        }
}

static void other_backends_leases_are_leases_without_a_tunnel(void **state)
{
        static const char value[] = "{\"PublicIP\":\"10.0.0.7\",\"BackendType\":\"host-gw\"}";
        struct lease l = { 0 };
        struct err e;

        (void)state;
        assert_int_equal(lease_value_parse(value, strlen(value), &l, &e), 0);
        assert_false(l.vxlan);
        assert_int_equal(l.public_ip, 0x0a000007);
}

static void leases_stay_sorted_whatever_the_order_they_come_in(void **state)
{
        OWN(leases) struct leases all = { 0 };
        struct err e;

        (void)state;
        for (uint32_t i = 0; i < 1000; i++) {
                struct lease l = { .subnet = { 0x0aff0000 + i * 7919 % 1000 * 256, 24 },
                                   .public_ip = i };

                assert_int_equal(leases_put(&all, &l, &e), 0);
                assert_int_equal(leases_put(&all, &l, &e), 0);
        }
        assert_int_equal(all.count, 1000);
        for (size_t i = 1; i < all.count; i++)
                assert_true(all.at[i - 1].subnet.ip < all.at[i].subnet.ip);
        for (uint32_t i = 0; i < 1000; i += 2)
                leases_remove(&all, (struct ip4_net){ 0x0aff0000 + i * 256, 24 });
        assert_int_equal(all.count, 500);
        assert_null(leases_find(&all, net("10.255.2.0/24")));
        assert_non_null(leases_find(&all, net("10.255.3.0/24")));
        assert_null(leases_find(&all, net("10.255.3.0/25")));
}

static void a_free_subnet_is_picked_until_there_is_none(void **state)
{
        static const char text[] = "{\"Network\":\"10.255.0.0/16\",\"SubnetMin\":\"10.255.10.0\","
                                   "\"SubnetMax\":\"10.255.19.0\"}";
        OWN(leases) struct leases all = { 0 };
        struct lease odd = { .subnet = net("10.255.12.0/23") };
        struct lease small = { .subnet = net("10.255.15.128/25") };
        struct netconf c;
        struct err e;

        (void)state;
        assert_int_equal(netconf_parse(text, strlen(text), &c, &e), 0);
        /* Leases of an older configuration's lengths occupy all they touch. */
        assert_int_equal(leases_put(&all, &odd, &e) | leases_put(&all, &small, &e), 0);
        for (uint32_t i = 0; i < 7; i++) {
                struct lease l = { 0 };

                assert_int_equal(leases_pick(&all, &c, i * 2654435761U, &l.subnet, &e), 0);
                assert_true(netconf_fits(&c, l.subnet));
                for (size_t k = 0; k < all.count; k++)
                        assert_false(ip4_net_overlap(all.at[k].subnet, l.subnet));
                assert_int_equal(leases_put(&all, &l, &e), 0);
        }
        assert_int_equal(leases_pick(&all, &c, 1, &odd.subnet, &e), -1);
        assert_int_equal(e.fault, FAULT_CONFLICT);
        assert_non_null(strstr(e.msg, "no subnet is free"));
}

static void the_subnet_that_a_file_names_is_found_or_not(void **state)
{
        static const struct {
                const char *text, *subnet;
        } cases[] = {
                { "FLANNEL_NETWORK=10.255.0.0/16\nFLANNEL_SUBNET=10.255.7.1/24\nFLANNEL_MTU=1\n",
                  "10.255.7.0/24" },
                { "FLANNEL_SUBNET=10.255.7.1/24", "10.255.7.0/24" },
                { "FLANNEL_SUBNET=10.255.7.1/24\r\n", "10.255.7.0/24" },
                { "XFLANNEL_SUBNET=10.255.7.1/24\n", NULL },
                { "FLANNEL_SUBNET=\n", NULL },
                { "FLANNEL_SUBNET=10.255.7.1/0\n", NULL },
                { "FLANNEL_SUBNET=10.255.7.1/24 and more text than there is room for\n", NULL },
                { "\n\n", NULL },
                { "", NULL },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                struct ip4_net n;
                bool ok = subnet_env_parse(cases[i].text, &n);

                assert_int_equal(ok, cases[i].subnet != NULL);
                if (ok)
                        assert_string_equal(ip4_net_text(n).s, cases[i].subnet);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_keys_that_name_a_subnet_are_leases),
                cmocka_unit_test(a_lease_is_written_as_flannel_writes_it_and_read_back),
                cmocka_unit_test(a_value_that_makes_no_sense_is_refused_with_the_reason),
                cmocka_unit_test(other_backends_leases_are_leases_without_a_tunnel),
                cmocka_unit_test(leases_stay_sorted_whatever_the_order_they_come_in),
                cmocka_unit_test(a_free_subnet_is_picked_until_there_is_none),
                cmocka_unit_test(the_subnet_that_a_file_names_is_found_or_not),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
