/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many connections with mutual TLS from one thread, each with one question after another.
 * What is asked, and what of an answer counts, is the includer's business.
 */
#ifndef TESTS_BENCH_CROWD_H
#define TESTS_BENCH_CROWD_H

#include "netman/clock.h"
#include "netman/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define ETAG_MAX 128

/**
 * struct conn - One of them
 * @up:    The handshake is over
 * @down:  To be dialled again
 * @path, @etag: For the includer
 * @began_us: When it asked last
 * @head:  Of the answer, whole when it is told of
 */
struct conn {
        SSL *ssl;
        int fd;
        bool up, down;
        size_t path;
        char etag[ETAG_MAX];
        int64_t began_us;
        char head[4096];
        size_t head_len, body_left;
        bool in_body;
        int status;
};

/**
 * struct crowd - All of them
 * @reconnect: A lost connection is made again; else it is the end
 * @ask:       Writes the next request
 * @answered:  Hears of an answer's head
 */
struct crowd {
        int port, count;
        bool reconnect;
        void (*ask)(void *arg, struct conn *c, struct str *request);
        void (*answered)(void *arg, struct conn *c);
        void *arg;
        SSL_CTX *ctx;
        int epoll;
        struct conn *conns;
        struct str request;
        size_t down;
};

static inline void die(const char *what)
{
        (void)fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
        exit(1);
}

/** die_tls() - With OpenSSL's reason: errno says nothing of an alert or an orderly end */
static inline void die_tls(const char *what, const struct conn *c, int rc)
{
        int why = SSL_get_error(c->ssl, rc);
        unsigned long code = ERR_peek_error();
        char text[256] = "";

        if (code)
                ERR_error_string_n(code, text, sizeof text);
        (void)fprintf(stderr, "load: %s (connection %d): %s %s\n", what, c->fd,
                      why == SSL_ERROR_ZERO_RETURN ? "the server closed it"
                      : why == SSL_ERROR_SYSCALL   ? strerror(errno)
                                                   : "TLS error",
                      text);
        exit(1);
}

/** dial() - Return: -1 if nobody listens */
static inline int dial(int port)
{
        struct sockaddr_in to = { .sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                die("socket");
        if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
                (void)close(fd);
                return -1;
        }
        return fd;
}

/** lost() - The end, or a reason to dial again */
static inline void lost(struct crowd *l, struct conn *c, const char *what, int rc)
{
        if (!l->reconnect)
                die_tls(what, c, rc);
        SSL_free(c->ssl);
        (void)close(c->fd);
        c->ssl = NULL;
        c->fd = -1;
        c->up = c->in_body = false;
        c->head_len = 0;
        c->down = true;
        l->down++;
}

static inline void interest(struct crowd *l, struct conn *c, uint32_t events, int op)
{
        struct epoll_event ev = { .events = events, .data.ptr = c };

        if (epoll_ctl(l->epoll, op, c->fd, &ev) < 0)
                die("epoll_ctl");
}

static inline void send_request(struct crowd *l, struct conn *c)
{
        int rc;

        str_clear(&l->request);
        l->ask(l->arg, c, &l->request);
        c->began_us = clock_us();
        c->head_len = 0;
        c->in_body = false;
        rc = SSL_write(c->ssl, str_text(&l->request), (int)l->request.len);
        if (rc != (int)l->request.len)
                lost(l, c, "a request could not be sent whole", rc);
}

static inline void read_head(struct crowd *l, struct conn *c, char *end)
{
        const char *at;

        *end = '\0';
        c->status = (int)strtol(c->head + 9, NULL, 10);
        at = strcasestr(c->head, "\r\nContent-Length:");
        c->body_left = at && c->status != 304 ? strtoul(at + 17, NULL, 10) : 0;
        l->answered(l->arg, c);
        c->in_body = true;
}

/** feed() - Bytes of an answer; sends the next request behind it */
static inline void feed(struct crowd *l, struct conn *c, const char *data, size_t len)
{
        while (len && !c->down) {
                if (c->in_body) {
                        size_t n = len < c->body_left ? len : c->body_left;

                        c->body_left -= n;
                        data += n;
                        len -= n;
                } else {
                        char *end;
                        size_t room = sizeof c->head - 1 - c->head_len;
                        size_t n = len < room ? len : room, used;

                        memcpy(c->head + c->head_len, data, n);
                        c->head[c->head_len + n] = '\0';
                        end = strstr(c->head, "\r\n\r\n");
                        if (!end) {
                                c->head_len += n;
                                return;
                        }
                        used = (size_t)(end + 4 - c->head) - c->head_len;
                        data += used;
                        len -= used;
                        read_head(l, c, end + 2);
                }
                if (c->in_body && !c->body_left)
                        send_request(l, c);
        }
}

static inline void on_ready(struct crowd *l, struct conn *c)
{
        static char buf[1 << 18];
        int n;

        ERR_clear_error(); /* of another connection: it would be taken for this one's */
        if (!c->up) {
                n = SSL_connect(c->ssl);
                if (n != 1) {
                        int why = SSL_get_error(c->ssl, n);

                        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
                                lost(l, c, "handshake", n);
                        return;
                }
                c->up = true;
                send_request(l, c);
        }
        while (!c->down && (n = SSL_read(c->ssl, buf, sizeof buf)) > 0)
                feed(l, c, buf, (size_t)n);
        if (!c->down && SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_READ)
                lost(l, c, "connection lost", n);
}

/** open_conn() - Return: false if nobody listens */
static inline bool open_conn(struct crowd *l, struct conn *c)
{
        c->fd = dial(l->port);
        if (c->fd < 0)
                return false;
        (void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
        c->ssl = SSL_new(l->ctx);
        (void)SSL_set_fd(c->ssl, c->fd);
        SSL_set_connect_state(c->ssl);
        interest(l, c, EPOLLIN, EPOLL_CTL_ADD);
        on_ready(l, c);
        return true;
}

/** dial_again() - Those that have lost their connections */
static inline void dial_again(struct crowd *l)
{
        for (int i = 0; i < l->count && l->down; i++) {
                struct conn *c = &l->conns[i];

                if (!c->down)
                        continue;
                c->down = false;
                l->down--;
                if (open_conn(l, c))
                        continue;
                c->down = true; /* nobody listens yet: nor will for the others */
                l->down++;
                return;
        }
}

/** crowd_run() - Until that time of clock_us() */
static inline void crowd_run(struct crowd *l, int64_t until_us)
{
        struct epoll_event evs[256];

        while (clock_us() < until_us) {
                int n = epoll_wait(l->epoll, evs, 256, 50);

                for (int i = 0; i < n; i++)
                        on_ready(l, evs[i].data.ptr);
                if (l->down)
                        dial_again(l);
        }
}

/** crowd_open() - Their keys are @certs/client.crt and client.key */
static inline void crowd_open(struct crowd *l, const char *certs)
{
        char path[4096];

        l->ctx = SSL_CTX_new(TLS_client_method());
        (void)snprintf(path, sizeof path, "%s/client.crt", certs);
        if (SSL_CTX_use_certificate_chain_file(l->ctx, path) != 1)
                die(path);
        (void)snprintf(path, sizeof path, "%s/client.key", certs);
        if (SSL_CTX_use_PrivateKey_file(l->ctx, path, SSL_FILETYPE_PEM) != 1)
                die(path);
        SSL_CTX_set_session_cache_mode(l->ctx, SSL_SESS_CACHE_OFF);
        l->epoll = epoll_create1(EPOLL_CLOEXEC);
        l->conns = calloc((size_t)l->count, sizeof *l->conns);
        if (l->epoll < 0 || !l->conns)
                die("memory");
}

#endif
