/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as etcd 3.4's gateway gave them. */
#include "cmd/flanneld/etcd3_json.h"
#include "cmd/flanneld/keep.h"

#include "tests/unit/test.h"

/** struct told - What a watch said */
struct told {
        int put, gone;
        struct lease last;
        struct ip4_net last_gone;
};

static void on_put(void *arg, const struct lease *l)
{
        struct told *t = arg;

        t->put++;
        t->last = *l;
}

static void on_gone(void *arg, struct ip4_net subnet)
{
        struct told *t = arg;

        t->gone++;
        t->last_gone = subnet;
}

/* /coreos.com/network/subnets/10.255.7.0-24 */
#define KEY "L2NvcmVvcy5jb20vbmV0d29yay9zdWJuZXRzLzEwLjI1NS43LjAtMjQ="
/* {"PublicIP":"10.0.0.7","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"0a:58:0a:ff:07:00"}}
 */
#define VALUE                                                                                      \
        "eyJQdWJsaWNJUCI6IjEwLjAuMC43IiwiQmFja2VuZFR5cGUiOiJ2eGxhbiIsIkJhY2tlbmREYXRhIjp7IlZOSSI"  \
        "6MSwiVnRlcE1BQyI6IjBhOjU4OjBhOmZmOjA3OjAwIn19"
#define HEAD "\"header\":{\"revision\":\"9\",\"raft_term\":\"2\"}"
#define KV   "{\"key\":\"" KEY "\",\"mod_revision\":\"8\",\"value\":\"" VALUE "\",\"lease\":\"77\"}"

static int line(const char *text, struct told *t, int64_t *rev, struct err *e)
{
        struct store_news news = { on_put, on_gone, t };

        return etcd3_watch_line(text, strlen(text), &news, rev, e);
}

static void a_watch_tells_what_came_and_went(void **state)
{
        struct told t = { 0 };
        int64_t rev = 5;
        struct err e;

        (void)state;
        assert_int_equal(line("{\"result\":{" HEAD ",\"created\":true}}", &t, &rev, &e), 0);
        assert_int_equal(rev, 5); /* nothing was told yet: watch again from here */
        assert_int_equal(line("", &t, &rev, &e), 0);
        assert_int_equal(line("{\"result\":{" HEAD ",\"events\":[{\"kv\":" KV "}]}}", &t, &rev, &e),
                         0);
        assert_int_equal(rev, 9);
        assert_int_equal(t.put, 1);
        assert_int_equal(t.last.public_ip, 0x0a000007);
        assert_int_equal(t.last.id, 77);
        assert_int_equal(t.last.rev, 8);
        assert_int_equal(line("{\"result\":{" HEAD ",\"events\":[{\"type\":\"DELETE\",\"kv\":"
                              "{\"key\":\"" KEY "\"}},{\"kv\":{\"key\":\"eA==\"}}]}}",
                              &t, &rev, &e),
                         0);
        assert_int_equal(t.gone, 1);
        assert_string_equal(ip4_net_text(t.last_gone).s, "10.255.7.0/24");
        assert_int_equal(t.put, 1);
}

static void a_watch_that_ends_says_why(void **state)
{
        static const struct {
                const char *text;
                enum fault fault;
        } cases[] = {
                { "{\"result\":{\"canceled\":true,\"compact_revision\":\"3\"}}", FAULT_CONFLICT },
                { "{\"result\":{\"canceled\":true,\"cancel_reason\":\"x\"}}", FAULT_UPSTREAM },
                { "{\"result\":{\"header\":{\"revision\":\"1\"},\"created\":true}}",
                  FAULT_CONFLICT },
                { "{\"error\":{\"grpc_code\":14,\"message\":\"no leader\"}}", FAULT_UPSTREAM },
                { "{\"result\":7}", FAULT_UPSTREAM },
                { "{}", FAULT_UPSTREAM },
                { "7", FAULT_UPSTREAM },
                { "{", FAULT_BAD_INPUT },
                { "{\"result\":{\"events\":7}}", FAULT_BAD_INPUT },
                { "{\"result\":{\"events\":[7]}}", FAULT_NONE },
                { "{\"result\":{\"events\":[{\"kv\":{\"key\":\"*\"}}]}}", FAULT_BAD_INPUT },
                { "{\"result\":{\"header\":{\"revision\":\"x\"}}}", FAULT_BAD_INPUT },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                struct told t = { 0 };
                struct err e = { 0 };
                int64_t rev = 2;
                int rc = line(cases[i].text, &t, &rev, &e);

                assert_int_equal(rc, cases[i].fault ? -1 : 0);
                assert_int_equal(e.fault, cases[i].fault);
                assert_int_equal(t.put + t.gone, 0);
        }
}

static void base64_comes_back_whatever_its_length(void **state)
{
        (void)state;
        for (size_t len = 0; len < 200; len++) {
                OWN(etcd3_kv) struct etcd3_kv kv = { 0 };
                OWN(str) struct str coded = { 0 };
                OWN(json) json_t *obj = NULL;
                char plain[200];
                struct err e;

                for (size_t i = 0; i < len; i++)
                        plain[i] = (char)(i * 37);
                etcd3_base64(&coded, plain, len);
                obj = json_pack("{s:s}", "value", str_text(&coded));
                assert_int_equal(etcd3_kv_read(obj, &kv, &e), 0);
                assert_int_equal(kv.value.len, len);
                if (len)
                        assert_memory_equal(kv.value.data, plain, len);
        }
}

static void a_list_holds_what_is_a_lease(void **state)
{
        static const char text[] =
                "{" HEAD ",\"kvs\":[" KV ",{\"key\":\"eA==\",\"value\":\"eA==\"}],"
                "\"count\":\"2\"}";
        OWN(leases) struct leases all = { 0 };
        OWN(json) json_t *root = NULL;
        int64_t rev;
        struct err e;

        (void)state;
        assert_int_equal(jsonx_parse(text, strlen(text), &root, &e), 0);
        assert_int_equal(etcd3_leases(root, &all, &e), 0);
        assert_int_equal(all.count, 1);
        assert_int_equal(etcd3_revision(root, &rev, &e), 0);
        assert_int_equal(rev, 9);
}

static void a_lease_is_renewed_in_time(void **state)
{
        static const struct {
                int64_t left_s, margin_s, least_ms, most_ms;
        } cases[] = {
                { 86400, 3600, 22 * 3600 * 1000, 23 * 3600 * 1000 }, /* an hour before its end */
                { 86400, 1439 * 60, 50 * 1000,
                  60 * 1000 },          /* flannel's greatest margin: a minute */
                { 3, 3600, 900, 1000 }, /* a margin greater than life */
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                for (int k = 0; k < 100; k++) {
                        int64_t due = keep_due_ms(cases[i].left_s, cases[i].margin_s);

                        assert_in_range(due, cases[i].least_ms, cases[i].most_ms);
                }
        }
}

static void retries_never_come_thick_nor_too_late(void **state)
{
        (void)state;
        for (int64_t left = -1000; left < 4000000; left += 997) {
                int64_t wait = keep_retry_ms(left);

                assert_in_range(wait, 300, 75000);
                if (left > 10000)
                        assert_true(wait < left);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_watch_tells_what_came_and_went),
                cmocka_unit_test(a_watch_that_ends_says_why),
                cmocka_unit_test(base64_comes_back_whatever_its_length),
                cmocka_unit_test(a_list_holds_what_is_a_lease),
                cmocka_unit_test(a_lease_is_renewed_in_time),
                cmocka_unit_test(retries_never_come_thick_nor_too_late),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
