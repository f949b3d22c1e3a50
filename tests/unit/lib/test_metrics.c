/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/metrics.h"

#include "tests/unit/test.h"

#include <math.h>
#include <pthread.h>

enum { PLAIN, LABELLED, LATENCY };

static const struct metric table[] = {
        [PLAIN] = METRIC(GAUGE, "t_plain", "A \\ and\na line."),
        [LABELLED] = METRIC(COUNTER, "t_requests_total", "Requests.", "route", "code"),
        [LATENCY] = METRIC(HISTOGRAM, "t_seconds", "Time.", "route"),
        { 0 },
};

static char *printed(struct metrics *m)
{
        struct str out = { 0 };

        metrics_print(m, &out);
        return str_steal(&out);
}

static void a_metric_without_labels_begins_as_zero(void **state)
{
        OWN(metrics) struct metrics *m = NULL;
        OWN(mem) char *text = NULL;

        (void)state;
        assert_int_equal(metrics_new(table, &m, NULL), 0);
        text = printed(m);
        assert_string_equal(text, "# HELP t_plain A \\\\ and\\na line.\n"
                                  "# TYPE t_plain gauge\nt_plain 0\n");
}

static void numbers_are_printed_so_that_nothing_is_lost(void **state)
{
        static const struct {
                double value;
                const char *text;
        } of[] = {
                { 0, "0" },           { -3, "-3" },
                { 0.25, "0.25" },     { 9007199254740991, "9007199254740991" },
                { INFINITY, "+Inf" }, { -INFINITY, "-Inf" },
                { NAN, "NaN" },       { 1e20, "1e+20" },
        };
        OWN(metrics) struct metrics *m = NULL;

        (void)state;
        assert_int_equal(metrics_new(table, &m, NULL), 0);
        for (size_t i = 0; i < COUNT(of); i++) {
                OWN(mem) char *text = NULL;

                metrics_set(m, PLAIN, of[i].value, NULL);
                text = printed(m);
                text[strlen(text) - 1] = '\0';
                assert_string_equal(strrchr(text, ' ') + 1, of[i].text);
        }
}

static void each_combination_of_labels_counts_for_itself(void **state)
{
        OWN(metrics) struct metrics *m = NULL;
        OWN(mem) char *text = NULL;

        (void)state;
        assert_int_equal(metrics_new(table, &m, NULL), 0);
        metrics_unset(m, PLAIN);
        metrics_add(m, LABELLED, 1, METRIC_LABELS("a\"\\\n", "200"));
        metrics_add(m, LABELLED, 2, METRIC_LABELS("a\"\\\n", "500"));
        metrics_add(m, LABELLED, 3, METRIC_LABELS("a\"\\\n", "200"));
        text = printed(m);
        assert_string_equal(text, "# HELP t_requests_total Requests.\n"
                                  "# TYPE t_requests_total counter\n"
                                  "t_requests_total{route=\"a\\\"\\\\\\n\",code=\"200\"} 4\n"
                                  "t_requests_total{route=\"a\\\"\\\\\\n\",code=\"500\"} 2\n");
}

static void a_histogram_s_buckets_hold_all_that_is_not_longer(void **state)
{
        static const char *const lines[] = {
                "t_seconds_bucket{route=\"x\",le=\"0.001\"} 2\n",
                "t_seconds_bucket{route=\"x\",le=\"0.0025\"} 3\n",
                "t_seconds_bucket{route=\"x\",le=\"10\"} 3\n",
                "t_seconds_bucket{route=\"x\",le=\"+Inf\"} 4\n",
                "t_seconds_sum{route=\"x\"} 11.0025\n",
                "t_seconds_count{route=\"x\"} 4\n",
        };
        OWN(metrics) struct metrics *m = NULL;
        OWN(mem) char *text = NULL;

        (void)state;
        assert_int_equal(metrics_new(table, &m, NULL), 0);
        metrics_observe_us(m, LATENCY, 0, METRIC_LABELS("x"));
        metrics_observe_us(m, LATENCY, 1000, METRIC_LABELS("x"));
        metrics_observe_us(m, LATENCY, 1500, METRIC_LABELS("x"));
        metrics_observe_us(m, LATENCY, 11000000, METRIC_LABELS("x"));
        text = printed(m);
        for (size_t i = 0; i < COUNT(lines); i++)
                assert_non_null(strstr(text, lines[i]));
}

static void what_outsiders_name_does_not_grow_without_end(void **state)
{
        OWN(metrics) struct metrics *m = NULL;
        OWN(mem) char *text = NULL;
        size_t lines = 0;

        (void)state;
        assert_int_equal(metrics_new(table, &m, NULL), 0);
        metrics_unset(m, PLAIN);
        for (int i = 0; i < 2 * METRIC_SERIES_MAX; i++) {
                char name[16];

                (void)snprintf(name, sizeof name, "%d", i);
                metrics_add(m, LABELLED, 1, METRIC_LABELS(name, "200"));
        }
        text = printed(m);
        for (const char *at = text; *at; at++)
                lines += *at == '\n';
        assert_int_equal(lines, METRIC_SERIES_MAX + 2);
}

static void *add_a_thousand(void *arg)
{
        for (int i = 0; i < 1000; i++)
                metrics_add(arg, LABELLED, 1, METRIC_LABELS("x", "200"));
        return NULL;
}

static void threads_lose_no_count(void **state)
{
        OWN(metrics) struct metrics *m = NULL;
        OWN(mem) char *text = NULL;
        pthread_t threads[4];

        (void)state;
        assert_int_equal(metrics_new(table, &m, NULL), 0);
        for (size_t i = 0; i < COUNT(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, add_a_thousand, m), 0);
        for (size_t i = 0; i < COUNT(threads); i++)
                (void)pthread_join(threads[i], NULL);
        text = printed(m);
        assert_non_null(strstr(text, "t_requests_total{route=\"x\",code=\"200\"} 4000\n"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_metric_without_labels_begins_as_zero),
                cmocka_unit_test(numbers_are_printed_so_that_nothing_is_lost),
                cmocka_unit_test(each_combination_of_labels_counts_for_itself),
                cmocka_unit_test(a_histogram_s_buckets_hold_all_that_is_not_longer),
                cmocka_unit_test(what_outsiders_name_does_not_grow_without_end),
                cmocka_unit_test(threads_lose_no_count),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
