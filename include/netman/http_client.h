/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests on libcurl: plain or TLS, with or without a client certificate,
 * bounded in time and size, connections kept alive between calls.
 *
 * A client belongs to one thread at a time; a program with several threads
 * makes one client per thread. Only http_client_abort() may come from another.
 *
 *   OWN(http_client) struct http_client *c = NULL;
 *   OWN(http_answer) struct http_answer a = { 0 };
 *
 *   http_client_new(&(struct http_client_conf){ .base_url = url, .ca_file = ca }, &c, e);
 *   http_client_call(c, &(struct http_call){ .path = "/v2/info" }, &a, e);
 *
 * Any status from the server is an answer, not an error: look at a.status.
 * Redirects are not followed: a token must not go where it was not meant to.
 * Texts of errors name method, host and path, never a query, header or body.
 */
#ifndef NETMAN_HTTP_CLIENT_H
#define NETMAN_HTTP_CLIENT_H

#include "netman/err.h"
#include "netman/own.h"
#include "netman/str.h"

#include <stdbool.h>
#include <stddef.h>

struct http_client;

/**
 * struct http_client_conf - Whom to talk to, and how; every text is copied
 * @base_url:           "https://host:port" or with a path, without a slash at
 *                      the end; calls add their path to it
 * @ca_file:            PEM bundle that the server's certificate must chain to;
 *                      NULL: the system's
 * @cert_file, @key_file: Our certificate and key, PEM; both or neither. All
 *                      three files are read again at each new connection, so a
 *                      rotated one is taken up without a restart
 * @skip_verify:        Believe any server certificate
 * @use_env_proxy:      Heed https_proxy and no_proxy; daemons do not
 * @connect_timeout_ms: 0: 5 s
 * @timeout_ms:         Whole call, for calls that name none; 0: 30 s
 * @body_max:           Greater answers are an error; 0: 16 MiB
 */
struct http_client_conf {
        const char *base_url;
        const char *ca_file;
        const char *cert_file, *key_file;
        bool skip_verify;
        bool use_env_proxy;
        int connect_timeout_ms;
        int timeout_ms;
        size_t body_max;
};

/**
 * http_client_new() - Prepare a client; connects to nothing yet
 * @e: FAULT_BAD_INPUT: the URL is none, or a file is missing
 */
int http_client_new(const struct http_client_conf *conf, struct http_client **ret, struct err *e);

/** http_client_free() - Close its connections; NULL is allowed */
void http_client_free(struct http_client *c);
OWN_DROP(http_client, struct http_client *, http_client_free)

struct http_call_header {
        const char *name, *value;
};

/**
 * struct http_call - One request
 * @method:        NULL: POST with a body, else GET
 * @path:          Added to the base URL, query included; a whole http(s) URL
 *                 stands for itself
 * @headers:       Further headers; values with a line break are refused
 * @authorization: Value of that header ("bearer …"), or NULL
 * @user, @password: HTTP basic authentication, or NULL
 * @content_type:  Of @body; NULL: no such header is sent
 * @body, @body_len: Request body; not copied, so it must live through the call
 * @timeout_ms:    For the whole call; 0: the client's, and none for a stream.
 *                 A long poll names its wait plus some seconds
 * @wake_fd:       The call ends as if aborted once this can be read; 0: none
 * @on_wake:       Asked before that, if it is set: after true the call goes on.
 *                 It has to read what can be read, and may not use the client
 * @wake_arg:      Its argument
 */
struct http_call {
        const char *method;
        const char *path;
        const struct http_call_header *headers;
        size_t header_count;
        const char *authorization;
        const char *user, *password;
        const char *content_type;
        const char *body;
        size_t body_len;
        int timeout_ms;
        int wake_fd;
        bool (*on_wake)(void *arg);
        void *wake_arg;
};

/**
 * struct http_answer - What came back; all zero is an empty one
 * @status:  200, 404, …
 * @body:    NUL-terminated (str_text()), may hold NULs besides
 * @headers: "name\0value\0" pairs in order; read with http_answer_header()
 */
struct http_answer {
        int status;
        struct str body;
        struct str headers;
};

void http_answer_done(struct http_answer *a);
static inline void http_answer_drop(struct http_answer *a)
{
        http_answer_done(a);
}

/**
 * http_answer_header() - A header's value, by name in any case
 * Return: borrowed; NULL where there is none; the first of several
 */
const char *http_answer_header(const struct http_answer *a, const char *name);

/**
 * http_client_call() - Send a request, wait for the whole answer
 * @a: Emptied first, then filled in; empty again on failure
 * @e: FAULT_UPSTREAM: no connection, TLS refused, time over (sys ETIMEDOUT),
 *     answer too great, aborted (sys ECANCELED);
 *     FAULT_BAD_INPUT: our own request is malformed
 *
 * A kept connection that the server has closed meanwhile is replaced and the
 * request sent again, without the caller's notice.
 */
int http_client_call(struct http_client *c, const struct http_call *call, struct http_answer *a,
                     struct err *e);

/**
 * http_line_fn - Takes one line of a stream
 * @line: Without its line break, NUL-terminated; borrowed until the return
 *
 * Return: 0 to go on, anything else to end the call, which then succeeds
 */
typedef int http_line_fn(void *arg, const char *line, size_t len);

/**
 * http_client_stream() - Send a request, hand on the answer line by line
 * @on_line: Called for every line of a 2xx answer; a last line without a break
 *           counts. A line longer than body_max is an error
 * @a:       Gets status and headers; and the body where the status is not 2xx
 * @e:       As for http_client_call()
 *
 * Returns 0 when the server ends the answer or @on_line asks for it. Without
 * a timeout in @call it goes on as long as the connection lives; TCP keep-alive
 * finds a peer that has silently gone within about a minute.
 */
int http_client_stream(struct http_client *c, const struct http_call *call, http_line_fn *on_line,
                       void *arg, struct http_answer *a, struct err *e);

/**
 * http_client_abort() - End the call in progress and refuse further ones
 *
 * From any thread, not from a signal handler (give the call a @wake_fd for
 * that). It holds until http_client_rearm(), so it cannot come too early.
 */
void http_client_abort(struct http_client *c);
void http_client_rearm(struct http_client *c);

/** http_escape() - Add @text percent-encoded for a query or a form (RFC 3986) */
void http_escape(struct str *s, const char *text);

#endif
