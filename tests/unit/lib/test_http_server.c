/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server as a client on a plain socket sees it. */
#include "netman/clock.h"
#include "netman/http_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define WAIT_MS 20000
#define LONG    (60U << 10) /* two such bodies are more than the memory for one */
#define LARGE   (16U << 20) /* more than the kernel buffers for a connection */

/** struct app - What the handlers under test share */
struct app {
        struct http_server *server;
        _Atomic(struct http_request *) parked;
        _Atomic bool gate_open;
        _Atomic int at_gate;
};

static void say_back(struct http_request *rq)
{
        OWN(http_reply) struct http_reply reply = { 0 };
        const char *q = http_request_query(rq, "q"), *h = http_request_header(rq, "x-test");
        const char *name = http_request_param(rq, "name");
        size_t len;

        name = name ? name : http_request_param(rq, "*");
        (void)http_request_body(rq, &len);
        http_reply_header(&reply, "X-One", "1");
        http_reply_header(&reply, "x-one", "2");
        str_addf(&reply.body, "%s name=%s q=%s h=%s body=%zu", http_request_method(rq),
                 name ? name : "-", q ? q : "-", h ? h : "-", len);
        http_answer(rq, &reply);
}

static void park(struct http_request *rq)
{
        struct app *a = http_request_app(rq);

        atomic_store(&a->parked, rq);
}

static void wait_at_gate(struct http_request *rq)
{
        struct app *a = http_request_app(rq);

        (void)atomic_fetch_add(&a->at_gate, 1);
        while (!atomic_load(&a->gate_open))
                clock_sleep_ms(1);
        http_answer_text(rq, 200, "text/plain", "through");
}

static void say_much(struct http_request *rq)
{
        OWN(http_reply) struct http_reply reply = { 0 };

        (void)str_reserve(&reply.body, LARGE);
        memset(reply.body.data, 'a', LARGE);
        reply.body.len = LARGE;
        http_answer(rq, &reply);
}

static enum http_body body_use(struct http_request *rq)
{
        if (http_request_header(rq, "X-Stranger"))
                return HTTP_BODY_REFUSED;
        return http_request_header(rq, "X-Waste") ? HTTP_BODY_SKIP : HTTP_BODY_KEEP;
}

static const struct http_route routes[] = {
        { .method = "GET", .pattern = "/hello/:name", .handler = say_back },
        { .method = "GET", .pattern = "/quick/:name", .handler = say_back, .quick = true },
        { .method = "POST", .pattern = "/hello/:name", .handler = say_back },
        { .method = "GET", .pattern = "/files/*", .handler = say_back },
        { .method = "GET", .pattern = "/park", .handler = park },
        { .method = "GET", .pattern = "/gate", .handler = wait_at_gate },
        { .method = "GET", .pattern = "/large", .handler = say_much },
        { .method = "GET", .pattern = "/reserved", .handler = say_back, .reserved = true },
        { 0 },
};

static int set_up(void **state)
{
        struct app *a = calloc(1, sizeof *a);
        struct http_server_config c = { .host = "127.0.0.1",
                                        .limits = { .body_max = 1000,
                                                    .workers = 1,
                                                    .queue = 1,
                                                    .queue_s = 1,
                                                    .idle_s = 2,
                                                    .answer_s = 1,
                                                    .request_s = 1 },
                                        .routes = routes,
                                        .body_use = body_use,
                                        .app = a };
        struct err e;

        assert_int_equal(http_server_start(&c, &a->server, &e), 0);
        *state = a;
        return 0;
}

static int tear_down(void **state)
{
        struct app *a = *state;

        http_server_stop(a->server, 1000);
        free(a);
        return 0;
}

static int dial(struct app *a)
{
        struct sockaddr_in to = { .sin_family = AF_INET,
                                  .sin_port = htons(http_server_port(a->server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
        return fd;
}

static void say(int fd, const char *text)
{
        assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/** hear() - What comes until @until was seen or the other side closed */
static void hear(int fd, const char *until, char *buf, size_t size)
{
        size_t used = 0;

        buf[0] = '\0';
        while (used + 1 < size && !(until && strstr(buf, until))) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                ssize_t n;

                assert_int_equal(poll(&p, 1, WAIT_MS), 1);
                n = recv(fd, buf + used, size - 1 - used, 0);
                if (n <= 0)
                        return;
                used += (size_t)n;
                buf[used] = '\0';
        }
}

/** ask() - One request on a connection of its own, to the end of the answer */
static void ask(struct app *a, const char *request, char *buf, size_t size)
{
        OWN(fd) int fd = dial(a);

        say(fd, request);
        hear(fd, NULL, buf, size);
}

#define CLOSE "Host: x\r\nConnection: close\r\n"

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

static void a_body_over_the_limit_is_refused_and_told_so(void **state)
{
        OWN(str) struct str text = { 0 };
        char buf[4096];

        str_add(&text, "POST /hello/a HTTP/1.1\r\nContent-Length: 1500\r\n" CLOSE "\r\n");
        for (int i = 0; i < 150; i++)
                str_add(&text, "0123456789");
        ask(*state, text.data, buf, sizeof buf);
        assert_true(str_starts(buf, "HTTP/1.1 413"));

        str_clear(&text);
        str_add(&text, "POST /hello/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE "\r\n");
        for (int i = 0; i < 150; i++)
                str_add(&text, "a\r\n0123456789\r\n");
        str_add(&text, "0\r\n\r\n");
        ask(*state, text.data, buf, sizeof buf);
        assert_true(str_starts(buf, "HTTP/1.1 413"));

        str_clear(&text);
        str_add(&text, "POST /hello/a HTTP/1.1\r\nContent-Length: 1000\r\n" CLOSE "\r\n");
        for (int i = 0; i < 100; i++)
                str_add(&text, "0123456789");
        ask(*state, text.data, buf, sizeof buf);
        assert_non_null(strstr(buf, "body=1000"));
}

static void a_body_that_nobody_wants_is_read_and_not_kept(void **state)
{
        static const char *const heads[] = {
                "POST /hello/a HTTP/1.1\r\nX-Stranger: yes\r\n",
                "POST /hello/a HTTP/1.1\r\nX-Waste: yes\r\n",
                "GET /hello/a HTTP/1.1\r\n",
        };
        char buf[4096];

        for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
                OWN(str) struct str text = { 0 };

                str_addf(&text, "%sContent-Length: 1500\r\n" CLOSE "\r\n", heads[i]);
                for (int k = 0; k < 150; k++)
                        str_add(&text, "0123456789");
                ask(*state, text.data, buf, sizeof buf);
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
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
                T(requests_get_the_answers_they_should),
                T(head_gets_headers_only),
                T(a_body_over_the_limit_is_refused_and_told_so),
                T(a_body_that_nobody_wants_is_read_and_not_kept),
                T(who_is_refused_is_told_before_a_long_body_or_one_that_waits_for_leave),
                T(bodies_that_fill_the_memory_for_them_keep_large_ones_out),
                T(a_head_that_can_be_read_in_two_ways_is_refused_and_what_follows_not_read),
                T(a_connection_serves_many_requests),
                T(a_parked_request_is_answered_later_and_holds_no_thread),
                T(a_parked_client_that_hangs_up_is_noticed),
                T(a_full_queue_is_answered_with_503),
                T(who_waits_too_long_for_a_worker_is_sent_away_while_it_still_works),
                T(a_stop_lets_running_requests_finish),
                T(a_client_that_takes_for_ever_to_ask_is_cut_off),
                T(a_client_that_takes_for_ever_to_take_its_answer_is_cut_off),
                T(a_port_in_use_is_an_error_that_names_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
