/* SPDX-License-Identifier: Apache-2.0 */
/* A server of a few lines that sends exactly the bytes of a table, right or wrong. */
#ifndef TESTS_UNIT_LIB_HTTP_WIRE_H
#define TESTS_UNIT_LIB_HTTP_WIRE_H

#include "../test.h"

#include "netman/own.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

/**
 * struct wire - The server
 * @connections: How many were accepted
 * @last:        The last request, head and body
 * @hung:        Posted when a request is left without an answer
 */
struct wire {
        int listener;
        char url[64];
        pthread_t thread;
        int connections;
        _Atomic int fd; /* of the connection being served, or -1 */
        char last[8192];
        sem_t hung;
};

/* What is sent for a path; "hang": nothing more, "close": and hang up. */
static const struct canned {
        const char *path, *bytes;
        bool hang, close;
} canned[] = {
        { .path = "/ok", .bytes = "HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhello" },
        { .path = "/none", .bytes = "HTTP/1.1 204 No Content\r\n\r\n" },
        { .path = "/missing", .bytes = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno" },
        { .path = "/moved",
          .bytes = "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n" },
        { .path = "/continue",
          .bytes = "HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n"
                   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" },
        { .path = "/big",
          .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 80\r\n\r\n"
                   "0123456789012345678901234567890123456789"
                   "0123456789012345678901234567890123456789" },
        { .path = "/torn",
          .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\none\ntw",
          .close = true },
        { .path = "/garbage", .bytes = "\x01\x02 what\r\n\r\n", .close = true },
        { .path = "/lines",
          .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "5\r\none\nt\r\n5\r\nwo\r\nt\r\n4\r\nhree\r\n0\r\n\r\n" },
        { .path = "/endless",
          .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n",
          .hang = true },
        { .path = "/hang", .bytes = "", .hang = true },
        { .path = "/once",
          .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
          .close = true },
};

static inline const struct canned *find(const char *request)
{
        for (size_t i = 0; i < sizeof canned / sizeof *canned; i++) {
                const char *path = strchr(request, ' ');
                size_t len = strlen(canned[i].path);

                if (path && strncmp(path + 1, canned[i].path, len) == 0 &&
                    strchr(" ?", path[1 + len]))
                        return &canned[i];
        }
        return NULL;
}

/* A whole request, kept in w->last; false once the client has hung up. */
static inline bool read_request(struct wire *w, int fd)
{
        char text[sizeof w->last] = "";
        size_t len = 0;

        for (;;) {
                ssize_t n = recv(fd, text + len, sizeof text - 1 - len, 0);
                const char *end, *cl;
                size_t want;

                if (n <= 0)
                        return false;
                len += (size_t)n;
                end = strstr(text, "\r\n\r\n");
                cl = strstr(text, "Content-Length: ");
                if (!end)
                        continue;
                want = (size_t)(end + 4 - text) + (cl ? strtoul(cl + 16, NULL, 10) : 0);
                if (len >= want)
                        break;
        }
        memcpy(w->last, text, sizeof text); /* before the answer: the test reads it after */
        return true;
}

static inline void *serve_one(void *arg)
{
        struct wire *w = arg;
        int fd;

        while ((fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
                w->connections++;
                w->fd = fd;
                while (read_request(w, fd)) {
                        const struct canned *c = find(w->last);

                        if (!c)
                                break;
                        (void)send(fd, c->bytes, strlen(c->bytes), MSG_NOSIGNAL);
                        if (c->close)
                                break;
                        if (c->hang)
                                (void)sem_post(&w->hung);
                }
                w->fd = -1;
                (void)close(fd);
        }
        return NULL;
}

static inline int start(void **state)
{
        struct wire *w = calloc(1, sizeof *w);
        struct sockaddr_in at = { .sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof at;

        assert_non_null(w);
        w->fd = -1;
        assert_return_code(sem_init(&w->hung, 0, 0), errno);
        w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_return_code(bind(w->listener, (struct sockaddr *)&at, size), errno);
        assert_return_code(listen(w->listener, 8), errno);
        assert_return_code(getsockname(w->listener, (struct sockaddr *)&at, &size), errno);
        (void)snprintf(w->url, sizeof w->url, "http://127.0.0.1:%d", ntohs(at.sin_port));
        assert_int_equal(pthread_create(&w->thread, NULL, serve_one, w), 0);
        *state = w;
        return 0;
}

static inline int stop(void **state)
{
        struct wire *w = *state;

        (void)shutdown(w->listener, SHUT_RDWR); /* accept() returns with an error */
        (void)shutdown(w->fd, SHUT_RDWR);       /* a test that failed has left its client open */
        (void)pthread_join(w->thread, NULL);
        (void)close(w->listener);
        (void)sem_destroy(&w->hung);
        free(w);
        return 0;
}

#define WIRED(f) cmocka_unit_test_setup_teardown(f, start, stop)

#endif
