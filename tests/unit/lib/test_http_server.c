/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server as a client on a plain socket sees it. */
#include "http_served.h"

#include <pthread.h>

static void requests_get_the_answers_they_should(void **state)
{
        static const struct {
                const char *request, *status, *want;
        } cases[] = {
                { "GET /hello/bob?q=a%2Cb HTTP/1.1\r\nX-Test: yes\r\n" CLOSE "\r\n",
                  "HTTP/1.1 200 OK\r\n", "GET name=bob q=a,b h=yes body=0" },
                { "GET /quick/bob?q HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 200 OK\r\n",
                  "GET name=bob q= h=- body=0" },
                { "POST /hello/a%20b HTTP/1.1\r\nContent-Length: 3\r\n" CLOSE "\r\nabc",
                  "HTTP/1.1 200 OK\r\n", "POST name=a b q=- h=- body=3" },
                { "GET /files/a/b HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 200 OK\r\n", "name=a/b" },
                { "GET /hello/bob HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 200 OK\r\n",
                  "X-One: 2\r\n" },
                { "GET /hello/ HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 404 Not Found\r\n",
                  "\r\n\r\n404 page not found\n" },
                { "GET /hello/a/b HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 404 Not Found\r\n",
                  "Content-Type: text/plain; charset=utf-8\r\n" },
                { "PUT /hello/a HTTP/1.1\r\nContent-Length: 0\r\n" CLOSE "\r\n",
                  "HTTP/1.1 405 Method Not Allowed\r\n", "Allow: GET, HEAD, POST\r\n" },
                { "PUT /park HTTP/1.1\r\nContent-Length: 0\r\n" CLOSE "\r\n",
                  "HTTP/1.1 405 Method Not Allowed\r\n", "\r\n\r\nMethod Not Allowed\n" },
                { "POST /hello/a HTTP/1.1\r\nContent-Length: 99999999999\r\n" CLOSE "\r\n",
                  "HTTP/1.1 413", "request body too large\n" },
                { "POST /hello/a HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n" CLOSE "\r\n",
                  "HTTP/1.1 4", "" },
        };
        char buf[4096];

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                ask(*state, cases[i].request, buf, sizeof buf);
                if (!str_starts(buf, cases[i].status) || !strstr(buf, cases[i].want))
                        fail_msg("%s\nwas answered\n%s", cases[i].request, buf);
        }
}

static void head_gets_headers_only(void **state)
{
        char buf[4096];

        ask(*state, "HEAD /hello/bob HTTP/1.1\r\n" CLOSE "\r\n", buf, sizeof buf);
        assert_true(str_starts(buf, "HTTP/1.1 200 OK\r\n"));
        assert_null(strstr(buf, "name="));
}

static void a_connection_serves_many_requests(void **state)
{
        OWN(fd) int fd = dial(*state);
        char buf[4096];

        for (int i = 0; i < 100; i++) {
                say(fd, i % 2 ? "GET /hello/bob HTTP/1.1\r\nHost: x\r\n\r\n"
                              : "GET /quick/bob HTTP/1.1\r\nHost: x\r\n\r\n");
                hear(fd, "body=0", buf, sizeof buf);
                assert_true(str_starts(buf, "HTTP/1.1 200 OK\r\n"));
        }
}

static struct http_request *wait_parked(struct app *a)
{
        int64_t until = clock_ms() + WAIT_MS;
        struct http_request *rq;

        while (!(rq = atomic_exchange(&a->parked, NULL)) && clock_ms() < until)
                clock_sleep_ms(1);
        assert_non_null(rq);
        return rq;
}

static void a_parked_request_is_answered_later_and_holds_no_thread(void **state)
{
        struct app *a = *state;
        OWN(fd) int fd = dial(a);
        struct http_request *rq;
        char buf[4096];

        say(fd, "GET /park HTTP/1.1\r\n" CLOSE "\r\n");
        rq = wait_parked(a);
        /* The only worker thread is free for others. */
        ask(a, "GET /hello/bob HTTP/1.1\r\n" CLOSE "\r\n", buf, sizeof buf);
        assert_true(str_starts(buf, "HTTP/1.1 200 OK\r\n"));
        http_answer_text(rq, 200, "text/plain", "at last");
        hear(fd, NULL, buf, sizeof buf);
        assert_non_null(strstr(buf, "at last"));
}

static void a_parked_client_that_hangs_up_is_noticed(void **state)
{
        struct app *a = *state;
        int64_t until = clock_ms() + WAIT_MS;
        int fd = dial(a);
        struct http_request *rq;

        say(fd, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n");
        rq = wait_parked(a);
        assert_false(http_request_gone(rq));
        (void)close(fd);
        while (!http_request_gone(rq) && clock_ms() < until)
                clock_sleep_ms(1);
        assert_true(http_request_gone(rq));
        http_answer_text(rq, 200, "text/plain", "too late");
}

static void a_full_queue_is_answered_with_503(void **state)
{
        struct app *a = *state;
        int64_t until = clock_ms() + WAIT_MS;
        OWN(fd) int running = dial(a);
        OWN(fd) int waiting = dial(a);
        struct http_server_stats stats = { 0 };
        char buf[4096];

        say(running, "GET /gate HTTP/1.1\r\n" CLOSE "\r\n");
        while (!atomic_load(&a->at_gate) && clock_ms() < until)
                clock_sleep_ms(1);
        say(waiting, "GET /gate HTTP/1.1\r\n" CLOSE "\r\n");
        while (stats.queued != 1 && clock_ms() < until)
                http_server_stats(a->server, &stats);
        ask(a, "GET /gate HTTP/1.1\r\n" CLOSE "\r\n", buf, sizeof buf);
        assert_true(str_starts(buf, "HTTP/1.1 503"));
        assert_non_null(strstr(buf, "Retry-After: "));
        /* Quick routes need no worker, so they are served even now. */
        ask(a, "GET /quick/bob HTTP/1.1\r\n" CLOSE "\r\n", buf, sizeof buf);
        assert_true(str_starts(buf, "HTTP/1.1 200 OK\r\n"));
        atomic_store(&a->gate_open, true);
        hear(running, NULL, buf, sizeof buf);
        assert_non_null(strstr(buf, "through"));
        hear(waiting, NULL, buf, sizeof buf);
        assert_non_null(strstr(buf, "through"));
}

static void who_waits_too_long_for_a_worker_is_sent_away_while_it_still_works(void **state)
{
        struct app *a = *state;
        int64_t until = clock_ms() + WAIT_MS;
        OWN(fd) int running = dial(a);
        char buf[4096];

        say(running, "GET /gate HTTP/1.1\r\n" CLOSE "\r\n");
        while (!atomic_load(&a->at_gate) && clock_ms() < until)
                clock_sleep_ms(1);
        ask(a, "GET /hello/bob HTTP/1.1\r\n" CLOSE "\r\n", buf, sizeof buf);
        assert_true(str_starts(buf, "HTTP/1.1 503"));
        ask(a, "GET /reserved HTTP/1.1\r\n" CLOSE "\r\n", buf, sizeof buf);
        assert_true(str_starts(buf, "HTTP/1.1 200"));
        atomic_store(&a->gate_open, true);
        hear(running, NULL, buf, sizeof buf);
        assert_non_null(strstr(buf, "through"));
}

static void *stop(void *server)
{
        http_server_stop(server, WAIT_MS);
        return NULL;
}

static void a_stop_lets_running_requests_finish(void **state)
{
        struct app *a = *state;
        int64_t until = clock_ms() + WAIT_MS;
        OWN(fd) int fd = dial(a);
        pthread_t stopper;
        struct http_server_config again = { .host = "127.0.0.1", .routes = routes, .app = a };
        char buf[4096];
        struct err e;

        say(fd, "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
        while (!atomic_load(&a->at_gate) && clock_ms() < until)
                clock_sleep_ms(1);
        again.port = http_server_port(a->server);
        assert_int_equal(pthread_create(&stopper, NULL, stop, a->server), 0);
        atomic_store(&a->gate_open, true);
        hear(fd, NULL, buf, sizeof buf);
        assert_non_null(strstr(buf, "through"));
        (void)pthread_join(stopper, NULL);
        assert_int_equal(http_server_start(&again, &a->server, &e), 0);
}

static void a_client_that_takes_for_ever_to_ask_is_cut_off(void **state)
{
        struct app *a = *state;
        int64_t until = clock_ms() + WAIT_MS;
        OWN(fd) int fd = dial(a);

        say(fd, "GET /hello/bob HTTP/1.1\r\nX-Slow: ");
        for (;;) {
                if (send(fd, "a", 1, MSG_NOSIGNAL) < 0)
                        break;
                assert_true(clock_ms() < until);
                clock_sleep_ms(20);
        }
}

static void a_client_that_takes_for_ever_to_take_its_answer_is_cut_off(void **state)
{
        struct app *a = *state;
        int64_t until = clock_ms() + WAIT_MS;
        OWN(fd) int fd = dial(a);
        struct http_server_stats stats = { .connections = 1 };
        size_t taken = 0;
        char some[64];

        say(fd, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
        while (stats.connections && clock_ms() < until) {
                ssize_t n = recv(fd, some, sizeof some, 0);

                taken += n > 0 ? (size_t)n : 0;
                clock_sleep_ms(20);
                http_server_stats(a->server, &stats);
        }
        assert_int_equal(stats.connections, 0);
        assert_in_range(taken, 1, LARGE / 2);
}

static void a_port_in_use_is_an_error_that_names_it(void **state)
{
        struct app *a = *state;
        struct http_server_config c = { .host = "127.0.0.1",
                                        .port = http_server_port(a->server),
                                        .routes = routes };
        struct http_server *s = NULL;
        char port[8];
        struct err e;

        assert_int_equal(http_server_start(&c, &s, &e), -1);
        (void)snprintf(port, sizeof port, "%u", (unsigned int)c.port);
        assert_non_null(strstr(e.msg, port));
        assert_non_null(strstr(e.msg, "in use"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                SERVED(requests_get_the_answers_they_should),
                SERVED(head_gets_headers_only),
                SERVED(a_connection_serves_many_requests),
                SERVED(a_parked_request_is_answered_later_and_holds_no_thread),
                SERVED(a_parked_client_that_hangs_up_is_noticed),
                SERVED(a_full_queue_is_answered_with_503),
                SERVED(who_waits_too_long_for_a_worker_is_sent_away_while_it_still_works),
                SERVED(a_stop_lets_running_requests_finish),
                SERVED(a_client_that_takes_for_ever_to_ask_is_cut_off),
                SERVED(a_client_that_takes_for_ever_to_take_its_answer_is_cut_off),
                SERVED(a_port_in_use_is_an_error_that_names_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
