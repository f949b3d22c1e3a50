/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: HTTP server, a thin layer over libmicrohttpd
 *
 * A server is one listening port with a table of routes. Event loop threads
 * read requests and write answers; handlers run on a bounded pool of worker
 * threads, so that they may block on a database or another server. A handler
 * answers with http_answer(), at once or later and from any thread: a request
 * that waits for news holds a connection but no thread.
 *
 *      static void hello(struct http_request *rq)
 *      {
 *              http_answer_text(rq, 200, "text/plain", "hello\n");
 *      }
 *
 *      static const struct http_route routes[] = {
 *              { .method = "GET", .pattern = "/hello/:name", .handler = hello },
 *              { 0 },
 *      };
 *      struct http_server_config c = { .host = "127.0.0.1", .port = 8080, .routes = routes };
 *
 *      if (http_server_start(&c, &server, e) < 0) …
 *
 * GET routes answer HEAD too. An unknown path is answered with 404 and
 * "404 page not found\n", a known one with an unknown method with 405, "Method
 * Not Allowed\n" and Allow; a full or slow queue of work with 503 and Retry-After.
 */
#ifndef NETMAN_HTTP_SERVER_H
#define NETMAN_HTTP_SERVER_H

#include "netman/err.h"
#include "netman/own.h"
#include "netman/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;
struct http_request;

/**
 * struct http_route - One line of the route table
 * @method:  "GET", "POST", …; NULL ends the table
 * @pattern: Path; a segment that starts with ':' takes any one segment, which
 *           http_param() returns; "/files/" + "*" at the end takes the rest
 * @handler: Must see to it that http_answer() is called exactly once
 * @data:    The handler's own, from http_request_route()
 * @quick:   The handler never blocks: it runs on the event loop, without a trip
 *           through the worker threads
 * @reserved: It may block, but must be answered while the workers are all busy: it
 *           runs on a thread that is kept for such routes
 */
struct http_route {
        const char *method;
        const char *pattern;
        void (*handler)(struct http_request *rq);
        const void *data;
        bool quick, reserved;
};

/**
 * struct http_tls - Certificates of a listener; files in PEM
 * @cert_file:      Our certificate and those between it and the root
 * @key_file:       Its private key
 * @client_ca_file: Bundle of authorities; with it a client must show a
 *                  certificate that chains to one of them, is within its dates
 *                  and meant for clients, or the handshake fails. NULL: clients
 *                  are not asked for one
 *
 * TLS 1.2 is the least that is spoken.
 */
struct http_tls {
        const char *cert_file, *key_file, *client_ca_file;
};

/**
 * struct http_limits - What outsiders may use up; 0 means the default
 * @body_max:      Bytes in a request's body; 10 MiB
 * @bodies_max:    Bytes of memory for what the bodies of all requests together have
 *                 beyond 16 KiB each: whose does not fit gets 503; 64 MiB
 * @head_max:      Bytes in request line and headers; 32 KiB. libmicrohttpd takes so much
 *                 memory for each connection that has been answered once
 * @connections:   At once; 4096
 * @per_address:   At once from one client address; 0: no limit of its own
 * @idle_s:        Seconds without progress before a connection is closed, parked
 *                 requests excepted; 60
 * @request_s:     Seconds from a request's first byte to its last; 30
 * @answer_s:      Seconds for a client to take its answer; 60
 * @workers:       Threads for handlers; 8
 * @queue:         Requests that may wait for a worker; 1024
 * @queue_s:       Seconds that one may: who has waited longer gets 503; 5
 * @loops:         Event loop threads; 1
 */
struct http_limits {
        size_t body_max, bodies_max, head_max;
        unsigned int connections, per_address;
        unsigned int idle_s, request_s, answer_s;
        unsigned int workers, queue, queue_s, loops;
};

struct http_reply;

/**
 * enum http_body - What becomes of a request's body
 */
enum http_body {
        HTTP_BODY_KEEP,    /* the handler may look at it */
        HTTP_BODY_SKIP,    /* the handler will not: thrown away as it comes */
        HTTP_BODY_REFUSED, /* the same, and the handler answers without blocking: it is called on
                              the event loop, before the body where that is long or waits for leave
                            */
};

/**
 * struct http_server_config - A listener; strings need not outlive the start,
 *                             the route table, @name and @app must outlive the server
 * @name:   For logs and metrics, from http_request_listener(); may be NULL
 * @host:   Address to listen on; NULL or "": all IPv4 addresses
 * @port:   0 for one that the kernel picks: http_server_port() tells which
 * @tls:    NULL for plain HTTP
 * @app:    The program's own value, from http_request_app()
 * @body_use: Asked at a request's head, where its route is known and its method may
 *          have a body. Never blocks. NULL: HTTP_BODY_KEEP
 * @refuse: May rewrite an answer that the server gives by itself: 404, 405, 413
 *          (body too large), 503 (queue full or slow, no memory for a body). Never
 *          blocks. May be NULL
 * @answered: Sees each answer just before it goes, from the thread that answers; for
 *            metrics. May be NULL
 */
struct http_server_config {
        const char *name;
        const char *host;
        uint16_t port;
        const struct http_tls *tls;
        struct http_limits limits;
        const struct http_route *routes;
        void *app;
        enum http_body (*body_use)(struct http_request *rq);
        void (*refuse)(struct http_request *rq, struct http_reply *reply);
        void (*answered)(struct http_request *rq, unsigned int status);
};

/**
 * http_server_start() - Listen and serve
 * @e: The address cannot be had, or a certificate cannot be read (file named)
 */
int http_server_start(const struct http_server_config *c, struct http_server **ret, struct err *e);

/**
 * http_server_drain() - Accept no more, and wait for what was begun
 * @grace_ms: So long at the most; NULL is allowed
 *
 * For who has handlers to hurry before http_server_stop() waits for them.
 */
void http_server_drain(struct http_server *s, int grace_ms);

/**
 * http_server_stop() - Accept no more, finish what was begun, free
 * @grace_ms: Wait so long for requests in flight; later ones are cut off
 *
 * Whoever keeps requests for later must answer them first, and answer at once
 * any that come to it afterwards. NULL is allowed.
 */
void http_server_stop(struct http_server *s, int grace_ms);

/** OWN(http_server): stopped without grace */
static inline void http_server_drop(struct http_server **s)
{
        http_server_stop(*s, 0);
}

/** http_server_port() - The port it listens on */
uint16_t http_server_port(const struct http_server *s);

/**
 * http_server_reload() - Read the TLS files again, for connections from now on
 * @e: Something is wrong with the files: the old ones stay in force
 */
int http_server_reload(struct http_server *s, struct err *e);

/** struct http_server_stats - For metrics */
struct http_server_stats {
        unsigned int connections; /* open now */
        unsigned int in_flight;   /* requests begun and not fully answered, parked ones included */
        unsigned int queued;      /* waiting for a worker */
        size_t bodies;            /* memory, of what bodies_max may be */
        uint64_t requests;        /* since the start */
};

/** http_server_stats() - Each number for itself is right, not all for one moment */
void http_server_stats(struct http_server *s, struct http_server_stats *ret);

/* --- the request: all values live until http_answer() -------------------- */

const char *http_request_method(const struct http_request *rq); /* "GET", as it was sent */
const char *http_request_path(const struct http_request *rq);   /* percent-decoded, no query */

/** http_request_query() - A query argument, decoded; NULL where absent, "" for "?id" */
const char *http_request_query(struct http_request *rq, const char *name);

/**
 * http_request_query_each() - Every query argument in order, repeated ones too
 * @fn: Gets name and value, decoded, the value never NULL
 */
void http_request_query_each(struct http_request *rq,
                             void (*fn)(void *arg, const char *name, const char *value), void *arg);

/** http_request_header() - A header's value, by name in any case; NULL where absent */
const char *http_request_header(struct http_request *rq, const char *name);

/**
 * http_request_param() - What the pattern's ":name" stood for; @name without the
 *                        colon, "*" for the rest
 */
const char *http_request_param(const struct http_request *rq, const char *name);

/** http_request_body() - The body, NUL-terminated, never NULL */
const char *http_request_body(const struct http_request *rq, size_t *ret_len);

/** http_request_peer() - Subject of the client's verified certificate, or NULL */
const char *http_request_peer(const struct http_request *rq);

/** http_request_address() - The client's IP address as text */
const char *http_request_address(const struct http_request *rq);

/** http_request_gone() - Has the client hung up? For parked requests */
bool http_request_gone(const struct http_request *rq);

int64_t http_request_began_us(const struct http_request *rq);     /* clock_us() at its first line */
const char *http_request_listener(const struct http_request *rq); /* its server's name, or NULL */
void *http_request_app(const struct http_request *rq); /* of the server's configuration */
const struct http_route *http_request_route(const struct http_request *rq); /* NULL: 404, 405 */

/**
 * http_request_set_own() - Hang something on the request, once
 * @drop: Called with @own when the request is gone, on the event loop
 */
void http_request_set_own(struct http_request *rq, void *own, void (*drop)(void *));
void *http_request_own(const struct http_request *rq); /* NULL if nothing was */

/* --- the answer ---------------------------------------------------------- */

#define HTTP_REPLY_HEADERS_MAX 24

/**
 * struct http_reply - An answer in the making; all zero is 200 without a body
 * @status:       HTTP status; 0 means 200
 * @body:         The body, unless @shared is set
 * @shared:       A body that is not copied: it stays the owner's
 * @release:      Called with @release_arg when @shared was sent
 * @headers, @header_count: Use http_reply_header()
 */
struct http_reply {
        unsigned int status;
        struct str body;
        const void *shared;
        size_t shared_len;
        void (*release)(void *arg);
        void *release_arg;
        struct http_reply_header {
                char *name, *value;
        } headers[HTTP_REPLY_HEADERS_MAX];
        unsigned int header_count;
        bool bad; /* memory ran out, or too many headers: it becomes a 500 */
};

/** http_reply_header() - Add a header, or replace one of that name */
void http_reply_header(struct http_reply *reply, const char *name, const char *value);
void http_reply_done(struct http_reply *reply);

/* OWN(http_reply) struct http_reply reply = { 0 }; */
static inline void http_reply_drop(struct http_reply *reply)
{
        http_reply_done(reply);
}

/**
 * http_answer() - Send the answer
 * @reply: Emptied
 *
 * From any thread, exactly once for each request, which is gone afterwards. A client
 * that hung up, and a server told to stop, are no reason not to answer.
 */
void http_answer(struct http_request *rq, struct http_reply *reply);

/** http_answer_text() - The same, for a short text */
void http_answer_text(struct http_request *rq, unsigned int status, const char *content_type,
                      const char *text);

#endif
