/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP server with a few handlers, and a client on a plain socket. */
#ifndef TESTS_UNIT_LIB_HTTP_SERVED_H
#define TESTS_UNIT_LIB_HTTP_SERVED_H

#include "../test.h"

#include "netman/clock.h"
#include "netman/http_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define WAIT_MS 20000
#define LARGE   (16U << 20) /* more than the kernel buffers for a connection */

/** struct app - What the handlers under test share */
struct app {
        struct http_server *server;
        _Atomic(struct http_request *) parked;
        _Atomic bool gate_open;
        _Atomic int at_gate;
};

static inline void say_back(struct http_request *rq)
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

static inline void park(struct http_request *rq)
{
        struct app *a = http_request_app(rq);

        atomic_store(&a->parked, rq);
}

static inline void wait_at_gate(struct http_request *rq)
{
        struct app *a = http_request_app(rq);

        (void)atomic_fetch_add(&a->at_gate, 1);
        while (!atomic_load(&a->gate_open))
                clock_sleep_ms(1);
        http_answer_text(rq, 200, "text/plain", "through");
}

static inline void say_much(struct http_request *rq)
{
        OWN(http_reply) struct http_reply reply = { 0 };

        (void)str_reserve(&reply.body, LARGE);
        memset(reply.body.data, 'a', LARGE);
        reply.body.len = LARGE;
        http_answer(rq, &reply);
}

static inline enum http_body body_use(struct http_request *rq)
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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
        struct app *a = *state;

        http_server_stop(a->server, 1000);
        free(a);
        return 0;
}

static inline int dial(struct app *a)
{
        struct sockaddr_in to = { .sin_family = AF_INET,
                                  .sin_port = htons(http_server_port(a->server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
        return fd;
}

static inline void say(int fd, const char *text)
{
        assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/** hear() - What comes until @until was seen or the other side closed */
static inline void hear(int fd, const char *until, char *buf, size_t size)
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
static inline void ask(struct app *a, const char *request, char *buf, size_t size)
{
        OWN(fd) int fd = dial(a);

        say(fd, request);
        hear(fd, NULL, buf, size);
}

#define CLOSE "Host: x\r\nConnection: close\r\n"

/* A test with a server of its own. */
#define SERVED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
