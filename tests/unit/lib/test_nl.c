/* SPDX-License-Identifier: Apache-2.0 */
/* Against the kernel, in a network namespace of our own. */
#include "netman/netns.h"

#include "netman/child.h"
#include "netman/nl.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static uint32_t ip(const char *text)
{
        uint32_t be;

        assert_int_equal(inet_pton(AF_INET, text, &be), 1);
        return be;
}

/* A fresh namespace with a VXLAN device in it, which is up. */
static int new_world(void **state)
{
        static struct nlx *nl;
        struct nlx_vxlan v = { .vni = 7, .port = 8472, .local_be = ip("192.0.2.1"), .gbp = true };
        struct nlx_link l;
        struct err e;

        if (unshare(CLONE_NEWNET) < 0 || nlx_open(&nl, &e) < 0)
                return -1;
        /* Loopback: without any address the kernel takes no gateway for valid. */
        if (nlx_link_set_up(nl, 1, true, &e) < 0 ||
            nlx_vxlan_add(nl, "flannel.7", &v, 1450, NULL, &e) < 0 ||
            nlx_link_get(nl, "flannel.7", &l, &e) < 0 || nlx_link_set_up(nl, l.index, true, &e) < 0)
                return -1;
        *state = nl;
        return 0;
}

static int end_world(void **state)
{
        nlx_close(*state);
        return 0;
}

static struct nlx_link device(struct nlx *nl)
{
        struct nlx_link l;
        struct err e;

        assert_int_equal(nlx_link_get(nl, "flannel.7", &l, &e), 0);
        return l;
}

static void a_vxlan_device_reads_back_as_it_was_made(void **state)
{
        struct nlx *nl = *state;
        struct nlx_link l = device(nl);

        assert_string_equal(l.kind, "vxlan");
        assert_int_equal(l.vxlan.vni, 7);
        assert_int_equal(l.vxlan.port, 8472);
        assert_int_equal(l.vxlan.local_be, ip("192.0.2.1"));
        assert_true(l.vxlan.gbp);
        assert_false(l.vxlan.learning);
        assert_int_equal(l.mtu, 1450);
        assert_true(l.flags & IFF_UP);
}

static void a_second_device_of_that_name_is_a_conflict_with_the_kernels_errno(void **state)
{
        struct nlx_vxlan v = { .vni = 8, .port = 8472 };
        struct err e;

        assert_int_equal(nlx_vxlan_add(*state, "flannel.7", &v, 1450, NULL, &e), -1);
        assert_int_equal(e.fault, FAULT_CONFLICT);
        assert_int_equal(e.sys, EEXIST);
}

static void the_kernels_own_words_reach_the_caller(void **state)
{
        struct nlx_vxlan v = { .vni = 1 << 24, .port = 8472 };
        struct err e;

        assert_int_equal(nlx_vxlan_add(*state, "flannel.8", &v, 1450, NULL, &e), -1);
        assert_non_null(strstr(e.msg, "16777216"));
}

static void an_unknown_interface_is_absent(void **state)
{
        struct nlx_link l;
        struct err e;

        assert_int_equal(nlx_link_get(*state, "nowhere0", &l, &e), -1);
        assert_int_equal(e.fault, FAULT_ABSENT);
        assert_int_equal(nlx_link_get(*state, "a-name-that-is-too-long", &l, &e), -1);
        assert_int_equal(e.fault, FAULT_ABSENT);
        assert_int_equal(nlx_link_del(*state, 4711, &e), 0);
}

enum { CELLS = 300 };

/* Three entries for cell @i, as flanneld makes them. */
static void cell(struct nlx_change *c, int dev, int i, bool del)
{
        uint32_t net = htonl(0x0a010000U + (uint32_t)i * 256);
        uint32_t far = htonl(0xc0000000U + (uint32_t)i);
        uint8_t mac[NLX_MAC_LEN] = { 2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i };

        c[0] = (struct nlx_change){ .what = NLX_NEIGH, .del = del };
        c[0].neigh = (struct nlx_neigh){ .dev = dev, .ip_be = net };
        memcpy(c[0].neigh.mac, mac, sizeof mac);
        c[1] = (struct nlx_change){ .what = NLX_FDB, .del = del };
        c[1].fdb = (struct nlx_fdb){ .dev = dev, .remote_be = far };
        memcpy(c[1].fdb.mac, mac, sizeof mac);
        c[2] = (struct nlx_change){ .what = NLX_ROUTE, .del = del };
        c[2].route = (struct nlx_route){
                .dev = dev, .dst_be = net, .len = 24, .via_be = net, .onlink = true
        };
}

static void count_entries(struct nlx *nl, int dev, size_t want)
{
        OWN(mem) struct nlx_route *routes = NULL;
        OWN(mem) struct nlx_neigh *neighs = NULL;
        OWN(mem) struct nlx_fdb *fdbs = NULL;
        size_t r, n, f;
        struct err e;

        assert_int_equal(nlx_routes(nl, dev, &routes, &r, &e), 0);
        assert_int_equal(nlx_neighs(nl, dev, &neighs, &n, &e), 0);
        assert_int_equal(nlx_fdbs(nl, dev, &fdbs, &f, &e), 0);
        assert_int_equal(r, want);
        assert_int_equal(n, want);
        assert_int_equal(f, want);
        for (size_t i = 0; i < want; i++) {
                assert_true(routes[i].onlink);
                assert_int_equal(routes[i].via_be, routes[i].dst_be);
                assert_true(neighs[i].permanent);
        }
}

static void hundreds_of_cells_are_set_twice_and_deleted_twice(void **state)
{
        struct nlx *nl = *state;
        static struct nlx_change c[CELLS][3];
        int dev = device(nl).index;
        struct err e = { 0 };

        for (int round = 0; round < 4; round++) {
                bool del = round >= 2;

                for (int i = 0; i < CELLS; i++)
                        cell(c[i], dev, i, del);
                assert_int_equal(nlx_apply(nl, c[0], COUNT(c) * COUNT(c[0]), &e), 0);
                count_entries(nl, dev, del ? 0 : CELLS);
        }
}

static void a_change_that_fails_is_told_and_the_others_are_made(void **state)
{
        struct nlx *nl = *state;
        struct nlx_change c[6];
        int dev = device(nl).index;
        struct err e = { 0 };

        cell(&c[0], dev, 1, false);
        cell(&c[3], dev, 2, false);
        c[2].route.dev = 4711;
        assert_int_equal(nlx_apply(nl, c, 6, &e), -1);
        assert_int_equal(c[2].sys, ENODEV);
        assert_non_null(strstr(e.msg, "set route"));
        assert_int_equal(c[3].sys | c[4].sys | c[5].sys, 0);
}

static void an_address_is_set_and_deleted(void **state)
{
        struct nlx *nl = *state;
        struct nlx_change c = { .what = NLX_ADDR };
        OWN(mem) struct nlx_addr *addrs = NULL;
        int dev = device(nl).index;
        struct err e;
        size_t n;

        c.addr = (struct nlx_addr){ .dev = dev, .ip_be = ip("10.1.2.0"), .len = 32 };
        assert_int_equal(nlx_apply(nl, &c, 1, &e), 0);
        assert_int_equal(nlx_addrs(nl, dev, &addrs, &n, &e), 0);
        assert_int_equal(n, 1);
        assert_int_equal(addrs[0].ip_be, ip("10.1.2.0"));
        assert_int_equal(addrs[0].len, 32);
        c.del = true;
        assert_int_equal(nlx_apply(nl, &c, 1, &e), 0);
}

/** struct heard - Notes of one kind */
struct heard {
        int routes_gone, fdbs_gone, links;
};

static void hear(const struct nlx_change *note, void *arg)
{
        struct heard *h = arg;

        h->routes_gone += note->what == NLX_ROUTE && note->del;
        h->fdbs_gone += note->what == NLX_FDB && note->del;
        h->links += note->what == NLX_LINK && note->link > 1; /* not loopback */
}

static void what_others_delete_is_heard_of(void **state)
{
        OWN(nlx_watch) struct nlx_watch *w = NULL;
        struct nlx *nl = *state;
        int dev = device(nl).index;
        struct heard h = { 0 };
        struct nlx_change c[3];
        struct err e;

        cell(c, dev, 1, false);
        assert_int_equal(nlx_apply(nl, c, 3, &e), 0);
        assert_int_equal(nlx_watch_open(&w, &e), 0);
        assert_int_equal(nlx_watch_read(w, hear, &h, &e), 0);
        assert_int_equal(h.routes_gone + h.fdbs_gone + h.links, 0);
        cell(c, dev, 1, true);
        assert_int_equal(nlx_apply(nl, c, 3, &e), 0);
        assert_int_equal(nlx_link_set_mtu(nl, dev, 1400, &e), 0);
        assert_int_equal(nlx_watch_read(w, hear, &h, &e), 0);
        assert_int_equal(h.routes_gone, 1);
        assert_int_equal(h.fdbs_gone, 1);
        assert_true(h.links > 0);
}

static void neighbours_of_other_interfaces_are_not_told_if_so_wished(void **state)
{
        OWN(nlx_watch) struct nlx_watch *w = NULL;
        struct nlx *nl = *state;
        int dev = device(nl).index;
        struct nlx_change c[3];
        struct err e;

        for (int wished = dev; wished < dev + 2; wished++) {
                struct heard h = { 0 };

                cell(c, dev, 1, false);
                assert_int_equal(nlx_apply(nl, c, 3, &e), 0);
                assert_int_equal(nlx_watch_open(&w, &e), 0);
                assert_int_equal(nlx_watch_neighbours(w, wished, &e), 0);
                cell(c, dev, 1, true);
                assert_int_equal(nlx_apply(nl, c, 3, &e), 0);
                assert_int_equal(nlx_watch_read(w, hear, &h, &e), 0);
                assert_int_equal(h.fdbs_gone, wished == dev);
                assert_int_equal(h.routes_gone, 1);
                nlx_watch_close(GIVE(w));
        }
}

static int count_links(void *arg, void *result, struct err *e)
{
        OWN(nlx) struct nlx *nl = NULL;
        OWN(mem) struct nlx_link *links = NULL;

        if (arg)
                return err_set(e, FAULT_DENIED, EPERM, "%s", (char *)arg);
        return nlx_open(&nl, e) < 0 ? -1 : nlx_links(nl, &links, result, e);
}

static void work_is_done_inside_another_namespace(void **state)
{
        OWN(fd) int here = -1;
        size_t links = 0;
        struct err e;

        (void)state;
        assert_int_equal(netns_open("/proc/self/ns/net", &here, &e), 0);
        assert_int_equal(unshare(CLONE_NEWNET), 0);
        assert_int_equal(netns_run(here, count_links, NULL, &links, sizeof links, 0, &e), 0);
        assert_int_equal(links, 2);
        assert_int_equal(count_links(NULL, &links, &e), 0);
        assert_int_equal(links, 1);
        assert_int_equal(netns_run(here, count_links, "no", &links, sizeof links, 0, &e), -1);
        assert_int_equal(e.fault, FAULT_DENIED);
        assert_string_equal(e.msg, "no: Operation not permitted");
        assert_int_equal(netns_visit(here, count_links, NULL, &links, &e), 0);
        assert_int_equal(links, 2);
        assert_int_equal(netns_visit(here, count_links, "no", &links, &e), -1);
        assert_int_equal(e.fault, FAULT_DENIED);
        assert_int_equal(count_links(NULL, &links, &e), 0);
        assert_int_equal(links, 1);
}

static int hang(void *arg, void *result, struct err *e)
{
        (void)arg;
        (void)result;
        (void)e;
        while (pause() < 0)
                continue;
        return 0;
}

static void work_that_does_not_end_is_ended(void **state)
{
        OWN(fd) int here = -1;
        struct err e;

        (void)state;
        assert_int_equal(netns_open("/proc/self/ns/net", &here, &e), 0);
        assert_int_equal(netns_run(here, hang, NULL, NULL, 0, 50, &e), -1);
        assert_int_equal(e.sys, ETIMEDOUT);
}

/* Another namespace, held by an open file. */
static int elsewhere(void)
{
        OWN(fd) int home = -1;
        int other = -1;
        struct err e;

        assert_int_equal(netns_open("/proc/self/ns/net", &home, &e), 0);
        assert_int_equal(unshare(CLONE_NEWNET), 0);
        assert_int_equal(netns_open("/proc/self/ns/net", &other, &e), 0);
        assert_int_equal(setns(home, CLONE_NEWNET), 0);
        return other;
}

static void a_veth_tells_in_which_namespace_its_other_end_is(void **state)
{
        OWN(fd) int other = elsewhere();
        OWN(fd) int third = elsewhere();
        struct nlx *nl = *state;
        OWN(str) struct str out = { 0 }, errout = { 0 };
        struct nlx_link link = { 0 };
        char path[64];
        const char *const argv[] = { "/bin/ip", "link", "add",   "here",  "type", "veth",
                                     "peer",    "name", "there", "netns", path,   NULL };
        const struct child_run add = { .argv = argv };
        int number = 0, status;
        struct err e;

        (void)snprintf(path, sizeof path, "/proc/%d/fd/%d", getpid(), other);
        assert_int_equal(child_run(&add, &out, &errout, &status, &e), 0);
        assert_int_equal(status, 0);
        assert_int_equal(nlx_link_get(nl, "here", &link, &e), 0);
        assert_true(link.peer_ns >= 0);
        assert_int_equal(nlx_ns_number(nl, other, &number, &e), 0);
        assert_int_equal(number, link.peer_ns);
        assert_int_equal(nlx_ns_number(nl, third, &number, &e), 0);
        assert_int_equal(number, -1);
        assert_int_equal(nlx_ns_number(nl, -1, &number, &e), -1);
        assert_int_equal(nlx_link_del(nl, link.index, &e), 0);
        assert_int_equal(nlx_link_get(nl, "lo", &link, &e), 0);
        assert_int_equal(link.peer_ns, -1);
}

static void a_namespace_keeps_its_name_until_unmounted(void **state)
{
        char dir[] = "/tmp/test_nl.XXXXXX", path[64];
        OWN(fd) int here = -1;
        OWN(fd) int again = -1;
        struct stat st;
        struct err e = { 0 };

        (void)state;
        assert_int_equal(unshare(CLONE_NEWNS), 0);
        assert_non_null(mkdtemp(dir));
        (void)snprintf(path, sizeof path, "%s/handle", dir);
        assert_int_equal(netns_open("/proc/self/ns/net", &here, &e), 0);
        assert_int_equal(netns_mount(here, path, &e), 0);
        assert_int_equal(netns_mount(here, path, &e), 0); /* left by a run that died */
        assert_int_equal(netns_open(path, &again, &e), 0);
        assert_int_equal(netns_unmount(path, &e), 0);
        assert_int_equal(stat(path, &st), -1);
        assert_int_equal(netns_unmount(path, &e), 0);
        assert_int_equal(netns_mount(here, "/tmp/no/such/folder/handle", &e), -1);
        assert_int_equal(rmdir(dir), 0);
}

static void only_network_namespaces_are_opened(void **state)
{
        struct err e;
        int fd = -1;

        (void)state;
        assert_int_equal(netns_open("/proc/self/ns/mnt", &fd, &e), -1);
        assert_int_equal(e.fault, FAULT_BAD_INPUT);
        assert_int_equal(netns_open("/dev/null", &fd, &e), -1);
        assert_int_equal(e.fault, FAULT_BAD_INPUT);
        assert_int_equal(netns_open("/tmp/no/such/file", &fd, &e), -1);
        assert_int_equal(e.fault, FAULT_ABSENT);
}

#define IN_WORLD(t) cmocka_unit_test_setup_teardown(t, new_world, end_world)

int main(void)
{
        const struct CMUnitTest tests[] = {
                IN_WORLD(a_vxlan_device_reads_back_as_it_was_made),
                IN_WORLD(a_second_device_of_that_name_is_a_conflict_with_the_kernels_errno),
                IN_WORLD(the_kernels_own_words_reach_the_caller),
                IN_WORLD(an_unknown_interface_is_absent),
                IN_WORLD(hundreds_of_cells_are_set_twice_and_deleted_twice),
                IN_WORLD(a_change_that_fails_is_told_and_the_others_are_made),
                IN_WORLD(an_address_is_set_and_deleted),
                IN_WORLD(what_others_delete_is_heard_of),
                IN_WORLD(neighbours_of_other_interfaces_are_not_told_if_so_wished),
                IN_WORLD(work_is_done_inside_another_namespace),
                cmocka_unit_test(work_that_does_not_end_is_ended),
                IN_WORLD(a_veth_tells_in_which_namespace_its_other_end_is),
                cmocka_unit_test(a_namespace_keeps_its_name_until_unmounted),
                cmocka_unit_test(only_network_namespaces_are_opened),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
