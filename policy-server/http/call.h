/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call of the API: one request with what the router found out about it, and
 * the answer in the making.
 */
#ifndef NETMAN_POLICY_SERVER_HTTP_CALL_H
#define NETMAN_POLICY_SERVER_HTTP_CALL_H

#include "netman/http_server.h"
#include "netman/policy.h"
#include "policy-server/auth/token.h"
#include "policy-server/server.h"

#define CALL_ID_MAX 128

/** enum audience - Who may call; 0 is nobody, so that forgetting it shows */
enum audience {
        FOR_NOBODY,
        FOR_ALL,
        FOR_WRITERS, /* network.admin, network.write; any user under self service */
        FOR_ADMINS,  /* network.admin */
        FOR_CELLS,   /* whoever got through mutual TLS */
};

#define V0 (1U << POLICY_V0)
#define V1 (1U << POLICY_V1)

struct call;

/**
 * struct endpoint - What a route leads to
 * @name:     For logs and metrics
 * @versions: V0, V1 or both; 0 where the path has no version
 * @reads_body: The handler looks at the body
 * @handler:  Fills in the answer; or keeps the call, where @parks says so, and
 *            calls call_finish() later
 */
struct endpoint {
        const char *name;
        enum audience audience;
        unsigned int versions;
        void (*handler)(struct call *c);
        bool parks, reads_body;
};

struct call {
        struct ps *ps;
        struct http_request *rq;
        const struct endpoint *endpoint;
        enum policy_version version;
        struct token token;
        char id[CALL_ID_MAX];
        int64_t parked_us; /* time that nothing was to be done, for metrics */
        struct http_reply reply;
};

/** call_finish() - Log, add the headers every answer has, send; the call is gone */
void call_finish(struct call *c);

/* What handlers answer with: exactly one of these. */

/** call_json() - 200 with a JSON text; @body is emptied */
void call_json(struct call *c, struct str *body);

/** call_document() - The same with a JSON value, which is given away; NULL: no memory */
void call_document(struct call *c, json_t *root);

/** call_text() - Plain text */
void call_text(struct call *c, unsigned int status, const char *text);

/** call_refuse() - {"error": "…"} with a status below 500 */
void call_refuse(struct call *c, unsigned int status, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/** call_fail() - {"error": "TEXT"} with 500, and the reason in the log */
void call_fail(struct call *c, const char *text, const struct err *why);

/** reply_error() - The body and type of an error, for any answer */
void reply_error(struct http_reply *reply, unsigned int status, const char *text);

/** call_front() - Handler of every route whose data is a struct endpoint */
void call_front(struct http_request *rq);

/**
 * call_body_use() - Will the request get so far that its body is looked at?
 *
 * For the HTTP server, which then need not keep what strangers send.
 */
enum http_body call_body_use(struct http_request *rq);

#endif
