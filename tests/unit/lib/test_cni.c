/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/clock.h"
#include "netman/cni.h"
#include "netman/file.h"
#include "netman/own.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"

static void addresses_are_found_in_results_of_all_versions(void **state)
{
        static const struct {
                const char *result, *ip, *gateway;
                int prefix;
        } cases[] = {
                { "{\"ip4\":{\"ip\":\"10.255.7.2/24\",\"gateway\":\"10.255.7.1\"},\"dns\":{}}",
                  "10.255.7.2", "10.255.7.1", 24 },
                { "{\"cniVersion\":\"0.3.1\",\"ips\":[{\"version\":\"6\",\"address\":\"fd00::2/"
                  "64\"},"
                  "{\"version\":\"4\",\"address\":\"10.255.7.3/16\",\"interface\":2}]}",
                  "10.255.7.3", "0.0.0.0", 16 },
                { "{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.255.7.4/32\","
                  "\"gateway\":\"169.254.0.1\"}]}",
                  "10.255.7.4", "169.254.0.1", 32 },
                { "{\"ips\":[{\"address\":\"10.255.7.5\"}]}", "10.255.7.5", "0.0.0.0", 32 },
                { "{\"ips\":[{\"address\":\"10.255.7.5/33\"}]}", NULL, NULL, 0 },
                { "{\"ips\":[{\"address\":\"10.255.7/24\"}]}", NULL, NULL, 0 },
                { "{\"ips\":[{\"address\":7}]}", NULL, NULL, 0 },
                { "{\"ips\":[{\"address\":\"fd00::2/64\"}]}", NULL, NULL, 0 },
                { "{\"ips\":[]}", NULL, NULL, 0 },
                { "{\"ips\":{}}", NULL, NULL, 0 },
                { "{\"ip4\":{\"ip\":\"\"}}", NULL, NULL, 0 },
                { "{\"ip4\":{}}", NULL, NULL, 0 },
                { "{}", NULL, NULL, 0 },
                { "null", NULL, NULL, 0 },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                OWN(json) json_t *result = json_loads(cases[i].result, JSON_DECODE_ANY, NULL);
                struct cni_ip4 ip = { 0 };
                struct err e = { 0 };
                int rc = cni_result_ip4(result, &ip, &e);

                if ((rc == 0) != (cases[i].ip != NULL))
                        fail_msg("case %zu: %d %s", i, rc, e.msg);
                if (rc < 0)
                        continue;
                assert_int_equal(ip.addr.s_addr, inet_addr(cases[i].ip));
                assert_int_equal(ip.gateway.s_addr, inet_addr(cases[i].gateway));
                assert_int_equal(ip.prefix_len, cases[i].prefix);
        }
}

static void results_are_told_in_another_version(void **state)
{
        static const char old[] = "{\"dns\":{},\"ip4\":{\"gateway\":\"10.255.7.1\",\"ip\":"
                                  "\"10.255.7.2/24\",\"routes\":[{\"dst\":\"0.0.0.0/0\"}]}}";
        static const char middle[] =
                "{\"cniVersion\":\"0.3.1\",\"dns\":{},\"ips\":[{\"address\":\"10.255.7.2/24\","
                "\"gateway\":\"10.255.7.1\",\"version\":\"4\"}],\"routes\":[{\"dst\":"
                "\"0.0.0.0/0\"}]}";
        static const char new[] =
                "{\"cniVersion\":\"1.0.0\",\"dns\":{},\"ips\":[{\"address\":\"10.255.7.2/24\","
                "\"gateway\":\"10.255.7.1\"}],\"routes\":[{\"dst\":\"0.0.0.0/0\"}]}";
        static const struct {
                const char *version, *text;
        } forms[] = { { "0.1.0", old }, { "0.2.0", old }, { "0.3.1", middle }, { "1.0.0", new } };

        (void)state;
        for (size_t i = 0; i < COUNT(forms) * COUNT(forms); i++) {
                OWN(json) json_t *from = json_loads(forms[i / COUNT(forms)].text, 0, NULL);
                OWN(json) json_t *to = NULL;
                OWN(mem) char *text = NULL;
                struct err e;

                assert_int_equal(cni_result_convert(from, forms[i % COUNT(forms)].version, &to, &e),
                                 0);
                text = json_dumps(to, JSON_COMPACT | JSON_SORT_KEYS);
                assert_string_equal(text, forms[i % COUNT(forms)].text);
        }
}

static void configurations_are_read_in_every_form(void **state)
{
        static const struct {
                const char *text, *name, *version, *why;
                size_t plugins;
                bool is_list;
        } cases[] = {
                { "{\"name\":\"n\",\"type\":\"t\"}", "n", "0.1.0", NULL, 1, false },
                { "{\"type\":\"t\",\"cniVersion\":\"\"}", "", "0.1.0", NULL, 1, false },
                { "{\"name\":\"n\",\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"a\"},"
                  "{\"type\":\"b\"}]}",
                  "n", "1.0.0", NULL, 2, true },
                { "{\"plugins\":[{\"type\":\"a\"}]}", NULL, NULL, "f: missing 'name'", 0, true },
                { "{\"name\":\"n\",\"plugins\":[]}", NULL, NULL, "f: no plugins in list", 0, true },
                { "{\"name\":\"n\",\"plugins\":{}}", NULL, NULL, "f: 'plugins' must be a list", 0,
                  true },
                { "{\"name\":\"n\",\"plugins\":[{}]}", NULL, NULL, "f: plugin 0: missing 'type'", 0,
                  true },
                { "{\"name\":\"n\",\"plugins\":[7]}", NULL, NULL, "f: plugin 0 must be an object",
                  0, true },
                { "{\"name\":\"n\"}", NULL, NULL, "f: plugin 0: missing 'type'", 0, false },
                { "{\"name\":\"n\",\"type\":\"../t\"}", NULL, NULL,
                  "f: plugin 0: invalid type '../t'", 0, false },
                { "{\"name\":\"../n\",\"type\":\"t\"}", NULL, NULL, "f: invalid name '../n'", 0,
                  false },
                { "{\"name\":\"n\",\"type\":\"t\",\"cniVersion\":\"2.0.0\"}", NULL, NULL,
                  "f: cniVersion '2.0.0' is none of 0.1.0 to 1.0.0", 0, false },
                { "[]", NULL, NULL, "f: must be a JSON object", 0, false },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                OWN(cni_network) struct cni_network net = { 0 };
                struct err e = { 0 };
                int rc = cni_network_parse("f", cases[i].text, strlen(cases[i].text), &net, &e);

                if ((rc < 0) != (cases[i].why != NULL))
                        fail_msg("case %zu: %d %s", i, rc, e.msg);
                if (rc < 0) {
                        assert_string_equal(e.msg, cases[i].why);
                        continue;
                }
                assert_string_equal(net.name, cases[i].name);
                assert_string_equal(net.version, cases[i].version);
                assert_int_equal(json_array_size(net.plugins), cases[i].plugins);
                assert_int_equal(net.is_list, cases[i].is_list);
        }
}

static void plugins_are_found_in_several_folders(void **state)
{
        OWN(mem) char *file = NULL;
        struct err e = { 0 };

        (void)state;
        assert_int_equal(cni_find("true", "/nowhere::/usr/bin:/bin", &file, &e), 0);
        assert_string_equal(file, "/usr/bin/true");
        assert_int_equal(cni_find("no-such-plugin", "/usr/bin", &file, &e), -1);
        assert_string_equal(e.msg, "failed to find plugin \"no-such-plugin\" in path [/usr/bin]");
        assert_int_equal(cni_find("../bin/true", "/usr/lib", &file, &e), -1);
        assert_string_equal(e.msg, "invalid CNI plugin type '../bin/true'");
        assert_int_equal(cni_find("bin", "/usr", &file, &e), -1);
}

static void errors_are_objects_whatever_the_words(void **state)
{
        static const char *const words[] = { "plain", "with \"quotes\"\n", "bad \xff bytes", "" };

        (void)state;
        for (size_t i = 0; i < COUNT(words); i++) {
                OWN(mem) char *text = cni_error_json("0.4.0", 100, words[i], NULL);
                OWN(json) json_t *obj = json_loads(text, 0, NULL);

                assert_non_null(obj);
                assert_int_equal(json_integer_value(json_object_get(obj, "code")), 100);
                assert_non_null(json_string_value(json_object_get(obj, "msg")));
        }
}

/**
 * time_given() - How long a plugin is told that it may take, in milliseconds
 */
static int64_t time_given(const char *folder, int timeout_ms)
{
        struct cni_call call = { .command = "ADD", .path = folder, .timeout_ms = timeout_ms };
        OWN(json) json_t *conf = json_object(), *result = NULL;
        int64_t now = clock_ms();
        struct err e;

        if (cni_exec("teller", &call, conf, &result, &e) < 0)
                fail_msg("%s", e.msg);
        return json_integer_value(json_object_get(result, "at")) - now;
}

static void what_a_plugin_runs_has_the_time_that_the_plugin_has(void **state)
{
        static const char script[] = "#!/bin/sh\necho \"{\\\"at\\\":$NETMAN_CNI_DEADLINE_MS}\"\n";
        char folder[] = "/tmp/cni.XXXXXX", path[64], text[24];
        struct err e;

        (void)state;
        assert_non_null(mkdtemp(folder));
        (void)snprintf(path, sizeof path, "%s/teller", folder);
        assert_int_equal(file_swap(path, script, strlen(script), 0755, &e), 0);
        assert_in_range(time_given(folder, 3600000), 3600000, 3700000);
        assert_in_range(time_given(folder, 0), 60000, 160000); /* nothing is said */
        (void)snprintf(text, sizeof text, "%lld", (long long)clock_ms() + 1800000);
        assert_int_equal(setenv("NETMAN_CNI_DEADLINE_MS", text, 1), 0);
        assert_in_range(time_given(folder, 0), 1200000, 1800000);
        assert_in_range(time_given(folder, 3600000), 3600000, 3700000); /* whoever says so */
        assert_int_equal(unsetenv("NETMAN_CNI_DEADLINE_MS"), 0);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses_are_found_in_results_of_all_versions),
                cmocka_unit_test(results_are_told_in_another_version),
                cmocka_unit_test(configurations_are_read_in_every_form),
                cmocka_unit_test(plugins_are_found_in_several_folders),
                cmocka_unit_test(errors_are_objects_whatever_the_words),
                cmocka_unit_test(what_a_plugin_runs_has_the_time_that_the_plugin_has),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
