/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "cmd/flanneld/etcd2_json.h"
#include "netman/log.h"

#include <string.h>

#define KEY "\"key\":\"/coreos.com/network/subnets/10.255.3.0-24\""
#define VALUE                                                                                      \
        "\"value\":\"{\\\"PublicIP\\\":\\\"192.0.2.50\\\",\\\"PublicIPv6\\\":null,"                \
        "\\\"BackendType\\\":\\\"vxlan\\\",\\\"BackendData\\\":{\\\"VNI\\\":7,"                    \
        "\\\"VtepMAC\\\":\\\"02:00:00:00:00:50\\\"}}\""
#define ENDS  "\"expiration\":\"2026-11-25T09:27:48.79135788Z\",\"ttl\":86400"
#define AT(n) "\"modifiedIndex\":" #n ",\"createdIndex\":5"

/** struct heard - What a watch told */
struct heard {
        int puts, gones;
        struct lease last;
};

static void on_put(void *arg, const struct lease *l)
{
        struct heard *h = arg;

        h->puts++;
        h->last = *l;
}

static void on_gone(void *arg, struct ip4_net subnet)
{
        struct heard *h = arg;

        h->gones++;
        h->last.subnet = subnet;
}

/* Parse @text as the answer to a watch from index 5. */
static int event(const char *text, struct heard *h, int64_t *rev, struct err *e)
{
        struct store_news news = { on_put, on_gone, h };
        OWN(json) json_t *root = NULL;

        *rev = 5;
        (void)jsonx_parse(text, strlen(text), &root, NULL); /* NULL is a case of its own */
        return etcd2_event(root, &news, rev, e);
}

static void an_event_tells_what_came_and_went(void **state)
{
        static const struct {
                const char *text;
                int puts, gones;
        } cases[] = {
                { "{\"action\":\"set\",\"node\":{" KEY "," VALUE "," ENDS "," AT(9) "}}", 1, 0 },
                { "{\"action\":\"create\",\"node\":{" KEY "," VALUE "," AT(9) "}}", 1, 0 },
                { "{\"action\":\"update\",\"node\":{" KEY "," VALUE "," AT(9) "}}", 1, 0 },
                { "{\"action\":\"expire\",\"node\":{" KEY "," AT(9) "}}", 0, 1 },
                { "{\"action\":\"delete\",\"node\":{" KEY "," AT(9) "}}", 0, 1 },
                { "{\"action\":\"compareAndDelete\",\"node\":{" KEY "," AT(9) "}}", 0, 1 },
                { "{\"action\":\"set\",\"node\":{\"key\":\"/a/subnets/x\",\"value\":\"1\"," AT(
                          9) "}}",
                  0, 0 },
                { "{\"action\":\"set\",\"node\":{\"key\":\"/a/subnets/x\",\"dir\":true," AT(9) "}}",
                  0, 0 },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                struct heard h = { 0 };
                struct err e;
                int64_t rev;

                assert_int_equal(event(cases[i].text, &h, &rev, &e), 0);
                assert_int_equal(h.puts, cases[i].puts);
                assert_int_equal(h.gones, cases[i].gones);
                assert_int_equal(rev, 9);
                if (h.puts + h.gones)
                        assert_int_equal(h.last.subnet.ip, 0x0aff0300);
        }
}

static void what_an_event_cannot_tell_is_read_anew(void **state)
{
        static const struct {
                const char *text;
                enum fault fault;
        } cases[] = {
                { "{\"errorCode\":401,\"message\":\"outdated\",\"cause\":\"[110/9]\"}",
                  FAULT_CONFLICT },
                { "{\"action\":\"delete\",\"node\":{\"key\":\"/coreos.com/network/subnets\","
                  "\"dir\":true," AT(9) "}}",
                  FAULT_CONFLICT },
                { "{\"action\":\"set\",\"node\":{" KEY "," VALUE "," AT(5) "}}", FAULT_CONFLICT },
                { "{\"errorCode\":300,\"message\":\"Raft Internal Error\"}", FAULT_UPSTREAM },
                { "{\"errorCode\":110,\"message\":\"requires user authentication\"}",
                  FAULT_DENIED },
                { "{\"errorCode\":\"x\"}", FAULT_BAD_INPUT },
                { "{\"message\":\"Internal Server Error\"}", FAULT_UPSTREAM },
                { "[]", FAULT_UPSTREAM },
                { "404 page not found", FAULT_UPSTREAM },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                struct heard h = { 0 };
                struct err e = { 0 };
                int64_t rev;

                assert_int_equal(event(cases[i].text, &h, &rev, &e), -1);
                assert_int_equal(e.fault, cases[i].fault);
                assert_int_equal(h.puts + h.gones, 0);
                assert_int_equal(rev, 5);
        }
}

static void a_list_holds_what_is_a_lease(void **state)
{
        static const char text[] =
                "{\"action\":\"get\",\"node\":{\"key\":\"/coreos.com/network/"
                "subnets\",\"dir\":true,"
                "\"nodes\":[{" KEY "," VALUE "," ENDS
                "," AT(7) "},"
                          "{\"key\":\"/coreos.com/network/subnets/10.255.4.0-24\"," VALUE
                          "," AT(8) "},"
                                    "{\"key\":\"/coreos.com/network/subnets/x\"," VALUE
                                    "," AT(9) "},"
                                              "{\"key\":\"/coreos.com/network/subnets/"
                                              "10.255.5.0-24\",\"dir\":true},7]}}";
        OWN(leases) struct leases all = { 0 };
        OWN(json) json_t *root = NULL;
        struct err e;

        (void)state;
        assert_int_equal(jsonx_parse(text, strlen(text), &root, &e), 0);
        assert_int_equal(etcd2_leases(root, &all, &e), 0);
        assert_int_equal(all.count, 2);
        assert_true(all.at[0].id != 0); /* it has an end */
        assert_int_equal(all.at[0].rev, 7);
        assert_int_equal(all.at[0].vni, 7);
        assert_int_equal(all.at[1].id, 0); /* a reservation */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_event_tells_what_came_and_went),
                cmocka_unit_test(what_an_event_cannot_tell_is_read_anew),
                cmocka_unit_test(a_list_holds_what_is_a_lease),
        };

        log_set_level(LOG_LEVEL_FATAL);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
