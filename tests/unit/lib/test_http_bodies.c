/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP server does with bodies: large, unwanted, many, and of doubtful length. */
#include "http_served.h"

#define LONG (60U << 10) /* two such bodies are more than the memory for one */

#define POST "POST /hello/a HTTP/1.1\r\n"

/** ask_with() - Ask with a body that is @piece, @count times, and @end */
static void ask_with(struct app *a, const char *head, const char *piece, int count, const char *end,
                     char *buf, size_t size)
{
        OWN(str) struct str text = { 0 };

        str_addf(&text, "%s" CLOSE "\r\n", head);
        for (int i = 0; i < count; i++)
                str_add(&text, piece);
        str_add(&text, end);
        ask(a, text.data, buf, size);
}

static void a_body_over_the_limit_is_refused_and_told_so(void **state)
{
        char buf[4096];

        ask_with(*state, POST "Content-Length: 1500\r\n", "0123456789", 150, "", buf, sizeof buf);
        assert_true(str_starts(buf, "HTTP/1.1 413"));
        ask_with(*state, POST "Transfer-Encoding: chunked\r\n", "a\r\n0123456789\r\n", 150,
                 "0\r\n\r\n", buf, sizeof buf);
        assert_true(str_starts(buf, "HTTP/1.1 413"));
        ask_with(*state, POST "Content-Length: 1000\r\n", "0123456789", 100, "", buf, sizeof buf);
        assert_non_null(strstr(buf, "body=1000"));
}

static void a_body_that_nobody_wants_is_read_and_not_kept(void **state)
{
        static const char *const heads[] = {
                POST "X-Stranger: yes\r\nContent-Length: 1500\r\n",
                POST "X-Waste: yes\r\nContent-Length: 1500\r\n",
                "GET /hello/a HTTP/1.1\r\nContent-Length: 1500\r\n",
        };
        char buf[4096];

        for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
                ask_with(*state, heads[i], "0123456789", 150, "", buf, sizeof buf);
                assert_true(str_starts(buf, "HTTP/1.1 200"));
                assert_non_null(strstr(buf, "body=0"));
        }
}

static void who_is_refused_is_told_before_a_long_body_or_one_that_waits_for_leave(void **state)
{
        static const struct {
                const char *head, *want;
        } cases[] = {
                { "POST /hello/a HTTP/1.1\r\nX-Stranger: yes\r\nContent-Length: 9999\r\n",
                  "HTTP/1.1 200" },
                { "POST /hello/a HTTP/1.1\r\nX-Stranger: yes\r\nContent-Length: 900\r\n"
                  "Expect: 100-continue\r\n",
                  "HTTP/1.1 200" },
                { "POST /none HTTP/1.1\r\nContent-Length: 9999\r\n", "HTTP/1.1 404" },
                { "PUT /park HTTP/1.1\r\nContent-Length: 9999\r\n", "HTTP/1.1 405" },
                { "POST /hello/a HTTP/1.1\r\nContent-Length: 9999\r\n", "HTTP/1.1 413" },
        };
        char buf[4096];

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                OWN(str) struct str text = { 0 };

                str_addf(&text, "%s" CLOSE "\r\n", cases[i].head);
                ask(*state, text.data, buf, sizeof buf);
                if (!str_starts(buf, cases[i].want))
                        fail_msg("%s\nwas answered\n%s", text.data, buf);
        }
}

/** post() - Send a request with a body of @len bytes but for the last @missing */
static void post(int fd, size_t len, size_t missing)
{
        OWN(str) struct str text = { 0 };

        str_addf(&text, "POST /hello/a HTTP/1.1\r\nContent-Length: %zu\r\n" CLOSE "\r\n", len);
        for (size_t i = missing; i < len; i++)
                str_add(&text, "a");
        say(fd, text.data);
}

static void bodies_that_fill_the_memory_for_them_keep_large_ones_out(void **state)
{
        const struct http_server_config c = { .host = "127.0.0.1",
                                              .limits = { .body_max = LONG, .bodies_max = LONG },
                                              .routes = routes };
        OWN(http_server) struct http_server *s = NULL;
        struct app a = { 0 };
        int64_t until = clock_ms() + WAIT_MS;
        struct http_server_stats stats = { 0 };
        OWN(fd) int held = -1;
        OWN(fd) int refused = -1;
        char buf[4096];
        struct err e;

        (void)state;
        assert_int_equal(http_server_start(&c, &s, &e), 0);
        a.server = s;
        held = dial(&a);
        post(held, LONG, 1);
        while (stats.bodies < LONG / 2 && clock_ms() < until)
                http_server_stats(s, &stats);
        refused = dial(&a);
        post(refused, LONG, 0);
        hear(refused, NULL, buf, sizeof buf);
        assert_true(str_starts(buf, "HTTP/1.1 503"));
        assert_non_null(strstr(buf, "Retry-After: "));
        ask(&a, "POST /hello/b HTTP/1.1\r\nContent-Length: 3\r\n" CLOSE "\r\nabc", buf, sizeof buf);
        assert_non_null(strstr(buf, "body=3"));
        say(held, "a");
        hear(held, NULL, buf, sizeof buf);
        assert_true(str_starts(buf, "HTTP/1.1 200"));
        (void)close(held);
        held = dial(&a);
        post(held, LONG, 0);
        hear(held, NULL, buf, sizeof buf);
        assert_true(str_starts(buf, "HTTP/1.1 200")); /* its memory is there again */
}

static void a_head_that_can_be_read_in_two_ways_is_refused_and_what_follows_not_read(void **state)
{
        static const char *const heads[] = {
                "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
                "Content-Length: 4\r\ntransfer-encoding: chunked\r\n",
                "Content-Length: 0\r\nContent-Length: 4\r\n",
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                "Transfer-Encoding: xchunked\r\n",
                "Transfer-Encoding : chunked\r\nContent-Length: 0\r\n",
        };
        char buf[4096];

        for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
                OWN(str) struct str text = { 0 };

                str_addf(&text, "POST /hello/a HTTP/1.1\r\n%s\r\n0\r\n\r\n", heads[i]);
                str_add(&text, "GET /hello/smuggled HTTP/1.1\r\n" CLOSE "\r\n");
                ask(*state, text.data, buf, sizeof buf);
                if (!str_starts(buf, "HTTP/1.1 400") || strstr(buf, "smuggled"))
                        fail_msg("%s\nwas answered\n%s", text.data, buf);
        }
        ask(*state, "GET /hello/bob%00/x HTTP/1.1\r\n" CLOSE "\r\n", buf, sizeof buf);
        assert_true(str_starts(buf, "HTTP/1.1 400"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                SERVED(a_body_over_the_limit_is_refused_and_told_so),
                SERVED(a_body_that_nobody_wants_is_read_and_not_kept),
                SERVED(who_is_refused_is_told_before_a_long_body_or_one_that_waits_for_leave),
                SERVED(bodies_that_fill_the_memory_for_them_keep_large_ones_out),
                SERVED(a_head_that_can_be_read_in_two_ways_is_refused_and_what_follows_not_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
