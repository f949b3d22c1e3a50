/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/http_server.h"

#include "lib/http_server_impl.h"
#include "netman/clock.h"
#include "netman/file.h"
#include "netman/log.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

/* With TLS 1.2 only what keeps past traffic secret when the key is lost (ECDHE), and
 * ciphers that authenticate what they encrypt. */
static const char tls_priorities[] =
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
        "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD:"
        "%SERVER_PRECEDENCE";

/** on_mhd_log() - libmicrohttpd's complaints: outsiders' doing, mostly */
static void on_mhd_log(void *cls, const char *fmt, va_list ap)
{
        char text[256];

        (void)cls;
        (void)vsnprintf(text, sizeof text, fmt, ap);
        text[strcspn(text, "\r\n")] = '\0';
        log_debug("http-library", LOG_STR("text", text));
}

/** listen_on() - A listening socket, and the port it got */
static int listen_on(const char *host, uint16_t port, int *ret_fd, uint16_t *ret_port,
                     struct err *e)
{
        struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                  .ai_socktype = SOCK_STREAM };
        const char *name = host && *host ? host : "0.0.0.0";
        union {
                struct sockaddr any;
                struct sockaddr_in v4;
                struct sockaddr_in6 v6;
        } got = { .v6 = { 0 } };
        socklen_t got_len = sizeof got;
        struct addrinfo *ai = NULL;
        OWN(fd) int fd = -1;
        char service[8];
        int one = 1, rc, sys;

        (void)snprintf(service, sizeof service, "%u", (unsigned int)port);
        if (strcmp(name, "localhost") == 0)
                name = "127.0.0.1";
        rc = getaddrinfo(name, service, &hints, &ai);
        if (rc)
                return err_set(e, FAULT_BAD_INPUT, 0, "listen on %s: %s", name, gai_strerror(rc));
        fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        rc = fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
             bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0 ||
             getsockname(fd, &got.any, &got_len) < 0;
        sys = errno;
        freeaddrinfo(ai);
        if (rc)
                return err_set(e, FAULT_SYSTEM, sys, "listen on %s port %s", name, service);
        *ret_port = ntohs(got.any.sa_family == AF_INET6 ? got.v6.sin6_port : got.v4.sin_port);
        *ret_fd = GIVE_FD(fd);
        return 0;
}

static void with_defaults(struct http_limits *l)
{
        static const struct http_limits usual = { .body_max = 10U << 20,
                                                  .bodies_max = 64U << 20,
                                                  .head_max = 32U << 10,
                                                  .connections = 4096,
                                                  .idle_s = 60,
                                                  .request_s = 30,
                                                  .answer_s = 60,
                                                  .workers = 8,
                                                  .queue = 1024,
                                                  .queue_s = 5,
                                                  .loops = 1 };

        l->body_max = l->body_max ? l->body_max : usual.body_max;
        l->bodies_max = l->bodies_max ? l->bodies_max : usual.bodies_max;
        l->head_max = l->head_max ? l->head_max : usual.head_max;
        l->connections = l->connections ? l->connections : usual.connections;
        l->idle_s = l->idle_s ? l->idle_s : usual.idle_s;
        l->request_s = l->request_s ? l->request_s : usual.request_s;
        l->answer_s = l->answer_s ? l->answer_s : usual.answer_s;
        l->workers = l->workers ? l->workers : usual.workers;
        l->queue = l->queue ? l->queue : usual.queue;
        l->queue_s = l->queue_s ? l->queue_s : usual.queue_s;
        l->loops = l->loops ? l->loops : usual.loops;
}

static int copy_path(char **to, const char *from, struct err *e)
{
        *to = from ? strdup(from) : NULL;
        return from && !*to ? err_oom(e) : 0;
}

static int set_tls(struct http_server *s, const struct http_tls *tls, struct err *e)
{
        s->tls = true;
        if (copy_path(&s->cert_file, tls->cert_file, e) < 0 ||
            copy_path(&s->key_file, tls->key_file, e) < 0 ||
            copy_path(&s->client_ca_file, tls->client_ca_file, e) < 0)
                return -1;
        return http_creds_load(s, &s->creds, e);
}

/**
 * start_daemon() - Hand the listening socket to libmicrohttpd
 * @listener: Given away; libmicrohttpd closes it when it cannot start, too
 */
static int start_daemon(struct http_server *s, int listener, struct err *e)
{
        OWN(fd) int fd = listener;
        OWN(str) struct str cert = { 0 }, key = { 0 };
        unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                             MHD_USE_ERROR_LOG | (s->tls ? MHD_USE_TLS : 0);
        struct MHD_OptionItem more[8] = { { MHD_OPTION_END, 0, NULL } };
        unsigned int n = 0;

        if (s->tls) {
                /* It insists on a pair; sessions get theirs from http_creds_attach(). */
                if (file_read(s->cert_file, 4U << 20, &cert, e) < 0 ||
                    file_read(s->key_file, 4U << 20, &key, e) < 0)
                        return -1;
                more[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, cert.data };
                more[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, key.data };
                more[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0,
                                                     (void *)(uintptr_t)tls_priorities };
        }
        if (s->limits.loops > 1)
                more[n++] = (struct MHD_OptionItem){ MHD_OPTION_THREAD_POOL_SIZE,
                                                     (intptr_t)s->limits.loops, NULL };
        if (s->limits.per_address)
                more[n++] = (struct MHD_OptionItem){ MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                                     (intptr_t)s->limits.per_address, NULL };
        more[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
        s->daemon = MHD_start_daemon(
                flags, s->port, NULL, NULL, http_request_arrives, s, MHD_OPTION_EXTERNAL_LOGGER,
                on_mhd_log, NULL, MHD_OPTION_LISTEN_SOCKET, GIVE_FD(fd),
                MHD_OPTION_NOTIFY_COMPLETED, http_request_completed, s,
                MHD_OPTION_NOTIFY_CONNECTION, http_conn_notify, s, MHD_OPTION_URI_LOG_CALLBACK,
                http_request_new, s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, s->limits.head_max,
                MHD_OPTION_CONNECTION_LIMIT, s->limits.connections, MHD_OPTION_CONNECTION_TIMEOUT,
                s->limits.idle_s, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
        if (key.data)
                explicit_bzero(key.data, key.len);
        if (!s->daemon)
                return err_set(e, FAULT_SYSTEM, errno, "start the HTTP server on port %u",
                               (unsigned int)s->port);
        return 0;
}

static bool any_reserved(const struct http_route *r)
{
        while (r && r->method && !r->reserved)
                r++;
        return r && r->method;
}

static int start_workers(struct http_server *s, struct err *e)
{
        if (http_work_start(&s->work, &s->limits, s->limits.workers, e) < 0)
                return -1;
        return http_work_start(&s->reserve, &s->limits, any_reserved(s->routes), e);
}

static int start_reaper(struct http_server *s, struct err *e)
{
        int no = pthread_create(&s->reaper, NULL, http_conn_reap, s);

        if (no)
                return err_set(e, FAULT_SYSTEM, no, "start a thread");
        s->reaper_runs = true;
        return 0;
}

int http_server_start(const struct http_server_config *c, struct http_server **ret, struct err *e)
{
        OWN(http_server) struct http_server *s = calloc(1, sizeof *s);
        OWN(fd) int fd = -1;

        if (!s)
                return err_oom(e);
        (void)pthread_mutex_init(&s->lock, NULL);
        (void)pthread_cond_init(&s->reaper_wake, NULL);
        s->quiet = MHD_INVALID_SOCKET;
        s->limits = c->limits;
        with_defaults(&s->limits);
        s->routes = c->routes;
        s->app = c->app;
        s->name = c->name;
        s->body_use = c->body_use;
        s->refuse = c->refuse;
        s->answered = c->answered;
        if (c->tls && set_tls(s, c->tls, e) < 0)
                return -1;
        if (listen_on(c->host, c->port, &fd, &s->port, e) < 0)
                return -1;
        if (start_workers(s, e) < 0 || start_reaper(s, e) < 0 ||
            start_daemon(s, GIVE_FD(fd), e) < 0)
                return -1;
        *ret = GIVE(s);
        return 0;
}

void http_server_drain(struct http_server *s, int grace_ms)
{
        int64_t until = clock_ms() + grace_ms;

        if (!s || !s->daemon)
                return;
        if (!atomic_exchange(&s->draining, true))
                s->quiet = MHD_quiesce_daemon(s->daemon);
        while (atomic_load(&s->in_flight) > 0 && clock_ms() < until)
                clock_sleep_ms(5);
}

static void stop_reaper(struct http_server *s)
{
        if (!s->reaper_runs)
                return;
        (void)pthread_mutex_lock(&s->lock);
        s->reaper_stop = true;
        (void)pthread_cond_signal(&s->reaper_wake);
        (void)pthread_mutex_unlock(&s->lock);
        (void)pthread_join(s->reaper, NULL);
}

void http_server_stop(struct http_server *s, int grace_ms)
{
        if (!s)
                return;
        http_server_drain(s, grace_ms);
        http_work_stop(&s->work); /* handlers have deadlines of their own */
        http_work_stop(&s->reserve);
        stop_reaper(s);
        if (s->daemon)
                MHD_stop_daemon(s->daemon);
        /* Only now does no event loop push work any more. */
        http_work_done(&s->work);
        http_work_done(&s->reserve);
        if (s->quiet != MHD_INVALID_SOCKET)
                (void)close(s->quiet);
        http_creds_unref(s->creds);
        (void)pthread_cond_destroy(&s->reaper_wake);
        (void)pthread_mutex_destroy(&s->lock);
        free(s->cert_file);
        free(s->key_file);
        free(s->client_ca_file);
        free(s);
}

uint16_t http_server_port(const struct http_server *s)
{
        return s->port;
}

int http_server_reload(struct http_server *s, struct err *e)
{
        struct http_creds *fresh = NULL;

        if (!s->tls)
                return 0;
        if (http_creds_load(s, &fresh, e) < 0)
                return -1;
        (void)pthread_mutex_lock(&s->lock);
        http_creds_unref(s->creds);
        s->creds = fresh;
        (void)pthread_mutex_unlock(&s->lock);
        return 0;
}

void http_server_stats(struct http_server *s, struct http_server_stats *ret)
{
        ret->connections = atomic_load(&s->connections);
        ret->in_flight = atomic_load(&s->in_flight);
        ret->requests = atomic_load(&s->requests);
        ret->bodies = atomic_load(&s->bodies);
        ret->queued = http_work_queued(&s->work) + http_work_queued(&s->reserve);
}
