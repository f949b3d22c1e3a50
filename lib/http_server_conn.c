/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: deadlines of connections
 *
 * libmicrohttpd closes a connection on which nothing moves. A client that sends
 * one byte now and then keeps things moving for ever; so the server notes what
 * each connection is at, and one thread shuts down, once a second, those that
 * take too long to say what they want, or to take the answer. The same thread
 * sends away the requests that have waited too long for a worker.
 */
#include "lib/http_server_impl.h"

#include "netman/clock.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

static void address_text(struct MHD_Connection *mhd, char *buf, size_t size)
{
        const union MHD_ConnectionInfo *info;
        const struct sockaddr *sa;
        const void *ip;

        info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        sa = info ? info->client_addr : NULL;
        if (!sa || (sa->sa_family != AF_INET && sa->sa_family != AF_INET6))
                return;
        ip = sa->sa_family == AF_INET
                     ? (const void *)&((const struct sockaddr_in *)(const void *)sa)->sin_addr
                     : &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
        (void)inet_ntop(sa->sa_family, ip, buf, (socklen_t)size);
}

/**
 * opened() - A connection was accepted, its TLS handshake has not begun
 *
 * Without memory the connection stays unknown, and gets no request through:
 * http_request_new() insists on the record.
 */
static void opened(struct http_server *s, struct MHD_Connection *mhd, void **socket_context)
{
        struct http_conn *conn = calloc(1, sizeof *conn);
        const union MHD_ConnectionInfo *info;

        if (!conn)
                return;
        info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        conn->fd = info->connect_fd;
        conn->since_ms = clock_ms();
        address_text(mhd, conn->address, sizeof conn->address);
        if (s->tls)
                http_creds_attach(s, conn, mhd);
        (void)pthread_mutex_lock(&s->lock);
        conn->next = s->conns;
        if (conn->next)
                conn->next->prev = conn;
        else
                (void)pthread_cond_signal(&s->reaper_wake);
        s->conns = conn;
        (void)pthread_mutex_unlock(&s->lock);
        (void)atomic_fetch_add(&s->connections, 1);
        *socket_context = conn;
}

static void closed(struct http_server *s, struct http_conn *conn)
{
        (void)pthread_mutex_lock(&s->lock);
        if (conn->next)
                conn->next->prev = conn->prev;
        if (conn->prev)
                conn->prev->next = conn->next;
        else
                s->conns = conn->next;
        http_creds_unref(conn->creds);
        (void)pthread_mutex_unlock(&s->lock);
        (void)atomic_fetch_sub(&s->connections, 1);
        free(conn->subject);
        free(conn);
}

void http_conn_notify(void *cls, struct MHD_Connection *mhd, void **socket_context,
                      enum MHD_ConnectionNotificationCode code)
{
        if (code == MHD_CONNECTION_NOTIFY_STARTED)
                opened(cls, mhd, socket_context);
        else if (*socket_context)
                closed(cls, *socket_context);
}

void http_conn_phase(struct http_server *s, struct http_conn *conn, enum http_phase phase)
{
        (void)pthread_mutex_lock(&s->lock);
        conn->since_ms = clock_ms();
        conn->phase = phase;
        (void)pthread_mutex_unlock(&s->lock);
}

/** limit_s() - How long a connection may be at this; 0: as long as it takes */
static unsigned int limit_s(const struct http_limits *l, enum http_phase phase)
{
        switch (phase) {
        case HTTP_READING:
                return l->request_s;
        case HTTP_SENDING:
                return l->answer_s;
        case HTTP_WORKING:
                return 0;
        case HTTP_IDLE:
                break;
        }
        return l->idle_s;
}

static void reap(struct http_server *s, int64_t now)
{
        for (struct http_conn *c = s->conns; c; c = c->next) {
                unsigned int limit = limit_s(&s->limits, c->phase);

                if (limit && now - c->since_ms > (int64_t)limit * 1000)
                        (void)shutdown(c->fd, SHUT_RDWR); /* its event loop does the rest */
        }
}

void *http_conn_reap(void *server)
{
        struct http_server *s = server;
        struct timespec until;

        (void)pthread_mutex_lock(&s->lock);
        while (!s->reaper_stop) {
                /* Without a connection there is nothing to wake for. */
                if (!s->conns) {
                        (void)pthread_cond_wait(&s->reaper_wake, &s->lock);
                        continue;
                }
                (void)clock_gettime(CLOCK_MONOTONIC, &until);
                until.tv_sec++;
                (void)pthread_cond_clockwait(&s->reaper_wake, &s->lock, CLOCK_MONOTONIC, &until);
                reap(s, clock_ms());
                (void)pthread_mutex_unlock(&s->lock);
                http_work_expire(&s->work, clock_ms());
                http_work_expire(&s->reserve, clock_ms());
                (void)pthread_mutex_lock(&s->lock);
        }
        (void)pthread_mutex_unlock(&s->lock);
        return NULL;
}
