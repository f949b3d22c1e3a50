/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the HTTP server, shared by the files lib/http_server*.c only.
 *
 * A request is created on its event loop when the request line was read, and
 * freed there when libmicrohttpd is done with it. In between it changes hands:
 * loop -> worker -> (whoever parked it) -> loop. Its state says who must wake
 * whom:
 *
 *      FRESH      the loop has not given up the connection yet: an answer is
 *                 picked up when the loop looks again before suspending
 *      SUSPENDED  the loop left it: whoever answers resumes it
 *      ANSWERED   the answer is there; the answerer does not touch it any more
 */
#ifndef NETMAN_LIB_HTTP_SERVER_IMPL_H
#define NETMAN_LIB_HTTP_SERVER_IMPL_H

#include "netman/http_server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#define HTTP_PARAMS_MAX 4

struct http_creds;

/**
 * enum http_phase - What a connection is at, and who is waited for
 */
enum http_phase {
        HTTP_IDLE,    /* the client, for a request's first line */
        HTTP_READING, /* the client, for the rest of it */
        HTTP_WORKING, /* us: no deadline for the client */
        HTTP_SENDING, /* the client, to take the answer */
};

/**
 * struct http_conn - What we know of a connection; on the server's list
 * @fd:       The socket, ours to shut down while it is on the list
 * @since_ms: When the phase began
 * @creds:    Kept alive for the TLS session that uses them
 */
struct http_conn {
        struct http_conn *prev, *next;
        int fd;
        int64_t since_ms;
        enum http_phase phase;
        struct http_creds *creds;
        char *subject;
        char address[64];
};

enum http_state { HTTP_FRESH, HTTP_SUSPENDED, HTTP_ANSWERED };

struct http_param {
        const char *name; /* in the pattern */
        size_t name_len;
        char *value;
};

struct http_request {
        struct http_server *server;
        struct MHD_Connection *mhd;
        struct http_conn *conn;
        const struct http_route *route;
        char *method, *path;
        struct http_param params[HTTP_PARAMS_MAX];
        struct str allow; /* methods that its path knows, where it has no route */
        struct str body;
        size_t body_read;
        size_t body_held; /* of the memory that the server has for bodies */
        bool head_seen, dispatched;
        enum http_body body_use;
        bool body_over, no_room;
        bool odd; /* its head can be read in two ways */
        int64_t began_us;
        void *own;
        void (*own_drop)(void *);
        _Atomic int state;
        struct MHD_Response *response; /* set before ANSWERED */
        unsigned int status;
        struct http_request *next; /* in the workers' queue */
        int64_t queued_ms;         /* since when */
};

/**
 * struct http_work - The worker threads and what waits for them
 */
struct http_work {
        pthread_mutex_t lock;
        pthread_cond_t more;
        struct http_request *head, **tail;
        unsigned int queued, queue_max;
        int64_t wait_max_ms;
        bool stopping;
        pthread_t *threads;
        unsigned int thread_count;
};

struct http_server {
        struct http_limits limits;
        const struct http_route *routes;
        void *app;
        const char *name;
        enum http_body (*body_use)(struct http_request *rq);
        void (*refuse)(struct http_request *rq, struct http_reply *reply);
        void (*answered)(struct http_request *rq, unsigned int status);
        struct MHD_Daemon *daemon;
        uint16_t port;
        struct http_work work, reserve;

        pthread_mutex_t lock; /* conns, creds, the reaper's wake-up */
        struct http_conn *conns;
        bool tls;
        char *cert_file, *key_file, *client_ca_file;
        struct http_creds *creds;
        pthread_cond_t reaper_wake;
        pthread_t reaper;
        bool reaper_runs, reaper_stop;

        _Atomic bool draining;
        MHD_socket quiet; /* the listening socket, once it accepts no more */
        _Atomic unsigned int connections, in_flight;
        _Atomic size_t bodies; /* memory that the bodies hold */
        _Atomic uint64_t requests;
};

/* http_server_route.c */

/**
 * http_route_find() - The route for a method and a path
 * @params: Gets the pattern's values, for the caller to free
 * @allow:  Gets the methods the path knows, "GET, HEAD", where the method is none
 *
 * Return: NULL where there is none: 404 if @allow stays empty, else 405
 */
const struct http_route *http_route_find(const struct http_route *routes, const char *method,
                                         const char *path,
                                         struct http_param params[HTTP_PARAMS_MAX],
                                         struct str *allow);

/* http_server_work.c */
int http_work_start(struct http_work *w, const struct http_limits *limits, unsigned int threads,
                    struct err *e);

/** http_work_push() - Return: false if the queue is full */
bool http_work_push(struct http_work *w, struct http_request *rq);

/** http_work_expire() - Refuse those that have waited too long for a thread */
void http_work_expire(struct http_work *w, int64_t now_ms);

/** http_work_stop() - Run what is queued, join the threads; whoever comes later is refused */
void http_work_stop(struct http_work *w);
void http_work_done(struct http_work *w);

unsigned int http_work_queued(struct http_work *w);

/* http_server_tls.c */

/** http_creds_load() - The server's TLS files as credentials with one reference */
int http_creds_load(const struct http_server *s, struct http_creds **ret, struct err *e);
void http_creds_unref(struct http_creds *creds); /* under the server's lock; NULL is allowed */

/** http_creds_attach() - Make a new connection's session use (and hold) the current ones */
void http_creds_attach(struct http_server *s, struct http_conn *conn, struct MHD_Connection *mhd);

/** http_tls_subject() - Subject of the peer's certificate, or NULL; the caller's to free */
char *http_tls_subject(struct MHD_Connection *mhd);

/* http_server_conn.c */
void http_conn_notify(void *cls, struct MHD_Connection *mhd, void **socket_context,
                      enum MHD_ConnectionNotificationCode code);
void http_conn_phase(struct http_server *s, struct http_conn *conn, enum http_phase phase);
void *http_conn_reap(void *server); /* a thread's body */

/* http_server_request.c */

/** http_request_new() - libmicrohttpd's URI log callback: a request line came */
void *http_request_new(void *cls, const char *uri, struct MHD_Connection *mhd);
void http_request_completed(void *cls, struct MHD_Connection *mhd, void **con_cls,
                            enum MHD_RequestTerminationCode code);

/** http_request_forget_body() - Nobody looks at it any more: give its memory back */
void http_request_forget_body(struct http_request *rq);

/* http_server_loop.c */

/** http_refuse_busy() - 503, for a request that has waited too long; from any thread */
void http_refuse_busy(struct http_request *rq);

enum MHD_Result http_request_arrives(void *cls, struct MHD_Connection *mhd, const char *url,
                                     const char *method, const char *version, const char *data,
                                     size_t *len, void **con_cls);

#endif
