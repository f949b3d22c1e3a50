/* SPDX-License-Identifier: Apache-2.0 */
/* What of the leases is wanted in the kernel; and against the kernel, in a namespace of our own. */
#include "cmd/flanneld/peers.h"

#include "tests/unit/test.h"

#include <sched.h>
#include <string.h>

static struct lease lease(const char *subnet, uint8_t mac, int64_t rev)
{
        struct lease l = { .public_ip = 0xc0000200U | mac, .vxlan = true, .vni = 1, .rev = rev };

        assert_true(ip4_net_parse(subnet, '/', true, &l.subnet));
        l.mac[0] = 2;
        l.mac[5] = mac;
        return l;
}

static struct peers overlay(void)
{
        struct peers p = { .vni = 1, .dev = 1 };

        assert_true(ip4_net_parse("10.255.0.0/16", '/', true, &p.network));
        assert_true(ip4_net_parse("10.255.1.0/24", '/', true, &p.self));
        return p;
}

static void put(struct peers *p, struct lease l)
{
        struct err e = { 0 };

        assert_int_equal(peers_put(p, &l, &e), 0);
}

static void end(struct peers *p, const char *subnet)
{
        struct ip4_net net;
        struct err e = { 0 };

        assert_true(ip4_net_parse(subnet, '/', true, &net));
        assert_int_equal(peers_remove(p, net, &e), 0);
}

static bool reached(const struct peers *p, const char *subnet)
{
        struct ip4_net net;

        assert_true(ip4_net_parse(subnet, '/', true, &net));
        return leases_find(&p->wanted, net);
}

static void of_two_leases_with_one_mac_address_the_newer_is_reached(void **state)
{
        struct peers p = overlay();

        (void)state;
        put(&p, lease("10.255.8.0/24", 8, 100));
        put(&p, lease("10.255.9.0/24", 8, 101));
        assert_true(reached(&p, "10.255.9.0/24"));
        assert_false(reached(&p, "10.255.8.0/24"));
        put(&p, lease("10.255.7.0/24", 8, 99));
        assert_true(reached(&p, "10.255.9.0/24"));
        assert_false(reached(&p, "10.255.7.0/24"));
        peers_drop(&p);
}

static void when_the_newer_one_ends_the_older_is_reached_again(void **state)
{
        struct peers p = overlay();

        (void)state;
        put(&p, lease("10.255.8.0/24", 8, 100));
        put(&p, lease("10.255.9.0/24", 8, 101));
        end(&p, "10.255.9.0/24");
        assert_true(reached(&p, "10.255.8.0/24"));
        peers_drop(&p);
}

static void or_gets_another_mac_address(void **state)
{
        struct peers p = overlay();

        (void)state;
        put(&p, lease("10.255.8.0/24", 8, 100));
        put(&p, lease("10.255.9.0/24", 8, 101));
        put(&p, lease("10.255.9.0/24", 9, 102));
        assert_true(reached(&p, "10.255.8.0/24"));
        assert_true(reached(&p, "10.255.9.0/24"));
        peers_drop(&p);
}

static void an_older_one_that_ended_meanwhile_does_not_come_back(void **state)
{
        struct peers p = overlay();

        (void)state;
        put(&p, lease("10.255.8.0/24", 8, 100));
        put(&p, lease("10.255.9.0/24", 8, 101));
        end(&p, "10.255.8.0/24");
        end(&p, "10.255.9.0/24");
        assert_int_equal(p.wanted.count, 0);
        peers_drop(&p);
}

static void
of_two_subnets_that_begin_alike_the_first_is_reached_in_whatever_order_we_hear(void **state)
{
        struct lease first = lease("10.255.8.0/24", 8, 100),
                     second = lease("10.255.8.0/25", 9, 101);

        (void)state;
        for (int i = 0; i < 2; i++) {
                struct peers p = overlay();

                put(&p, i ? first : second);
                put(&p, i ? second : first);
                assert_true(reached(&p, "10.255.8.0/24"));
                assert_false(reached(&p, "10.255.8.0/25"));
                end(&p, "10.255.8.0/24");
                assert_true(reached(&p, "10.255.8.0/25"));
                peers_drop(&p);
        }
}

static void all_leases_at_once_settle_the_same(void **state)
{
        struct lease set[] = { lease("10.255.7.0/24", 8, 102), lease("10.255.8.0/24", 8, 100),
                               lease("10.255.9.0/24", 9, 101) };
        struct peers p = overlay();
        struct leases all = { 0 };
        struct err e = { 0 };

        (void)state;
        put(&p, lease("10.255.6.0/24", 8, 50));
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(leases_put(&all, &set[i], &e), 0);
        assert_int_equal(peers_set(&p, &all, &e), 0);
        assert_int_equal(p.wanted.count, 2);
        assert_true(reached(&p, "10.255.7.0/24"));
        end(&p, "10.255.7.0/24");
        assert_true(reached(&p, "10.255.8.0/24"));
        assert_false(reached(&p, "10.255.6.0/24"));
        leases_drop(&all);
        peers_drop(&p);
}

/* A namespace with a VXLAN device that is up. */
static struct nlx *new_world(struct peers *p)
{
        struct nlx_vxlan v = { .vni = 1, .port = 8472, .local_be = 0x010200c0, .gbp = true };
        static const uint8_t mac[] = { 2, 0, 0, 0, 0, 1 };
        struct nlx *nl = NULL;
        struct nlx_link l;
        struct err e;

        assert_int_equal(unshare(CLONE_NEWNET), 0);
        assert_int_equal(nlx_open(&nl, &e), 0);
        /* Loopback: without any address the kernel takes no gateway for valid. */
        assert_int_equal(nlx_link_set_up(nl, 1, true, &e), 0);
        assert_int_equal(nlx_vxlan_add(nl, "flannel.1", &v, 1450, mac, &e), 0);
        assert_int_equal(nlx_link_get(nl, "flannel.1", &l, &e), 0);
        assert_int_equal(nlx_link_set_up(nl, l.index, true, &e), 0);
        p->dev = l.index;
        return nl;
}

static void flush(struct peers *p, struct nlx *nl, uint64_t messages)
{
        uint64_t before = nlx_sent(nl);
        struct err e = { 0 };

        if (peers_flush(p, nl, &e) < 0)
                fail_msg("%s", e.msg);
        assert_int_equal(nlx_sent(nl) - before, messages);
}

static void a_lease_that_comes_or_goes_is_three_messages_whatever_the_number_of_cells(void **state)
{
        struct peers p = overlay();
        struct nlx *nl = new_world(&p);
        size_t changes;
        struct err e;

        (void)state;
        for (unsigned int i = 2; i < 200; i++) {
                struct lease l = lease("10.255.8.0/24", (uint8_t)i, i);

                l.subnet.ip = 0x0aff0000U | i << 8;
                put(&p, l);
        }
        assert_int_equal(peers_repair(&p, nl, &changes, &e), 0);
        put(&p, lease("10.255.240.0/24", 240, 1000));
        flush(&p, nl, 3);
        put(&p, lease("10.255.240.0/24", 240, 1001));
        flush(&p, nl, 0);
        end(&p, "10.255.240.0/24");
        flush(&p, nl, 3);
        assert_int_equal(peers_repair(&p, nl, &changes, &e), 0);
        assert_int_equal(changes, 0);
        nlx_close(nl);
        peers_drop(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(of_two_leases_with_one_mac_address_the_newer_is_reached),
                cmocka_unit_test(when_the_newer_one_ends_the_older_is_reached_again),
                cmocka_unit_test(or_gets_another_mac_address),
                cmocka_unit_test(an_older_one_that_ended_meanwhile_does_not_come_back),
                cmocka_unit_test(
                        of_two_subnets_that_begin_alike_the_first_is_reached_in_whatever_order_we_hear),
                cmocka_unit_test(all_leases_at_once_settle_the_same),
                cmocka_unit_test(
                        a_lease_that_comes_or_goes_is_three_messages_whatever_the_number_of_cells),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
