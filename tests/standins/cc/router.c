/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a deployment the router sends /networking on the API's host to the policy
 * server; clients know one address only. This is that router, in small.
 */
#include "cc.h"

#include "netman/http_client.h"

#include <strings.h>

static const char *const passed_on[] = { "Authorization",
                                         "Content-Type",
                                         "If-None-Match",
                                         "Prefer",
                                         "Origin",
                                         "X-Vcap-Request-Id",
                                         "Access-Control-Request-Method" };
#define PASSED_ON (sizeof passed_on / sizeof *passed_on)

static void add_arg(void *arg, const char *name, const char *value)
{
        struct str *url = arg;

        str_add(url, strchr(url->data, '?') ? "&" : "?");
        http_escape(url, name);
        str_add(url, "=");
        http_escape(url, value);
}

/** hop_by_hop() - Headers that belong to a connection, not to the answer */
static bool hop_by_hop(const char *name)
{
        return strcasecmp(name, "Connection") == 0 || strcasecmp(name, "Content-Length") == 0 ||
               strcasecmp(name, "Transfer-Encoding") == 0 || strcasecmp(name, "Date") == 0;
}

static void pass_back(struct http_request *rq, const struct http_answer *a)
{
        OWN(http_reply) struct http_reply reply = { .status = (unsigned int)a->status };
        const char *at = str_text(&a->headers), *end = at + a->headers.len;

        while (at < end) {
                const char *value = at + strlen(at) + 1;

                if (!hop_by_hop(at))
                        http_reply_header(&reply, at, value);
                at = value + strlen(value) + 1;
        }
        str_add_mem(&reply.body, str_text(&a->body), a->body.len);
        (void)fprintf(stderr, "%s %s -> %d\n", http_request_method(rq), http_request_path(rq),
                      a->status);
        http_answer(rq, &reply);
}

static int forward(struct http_request *rq, struct http_answer *a, struct err *e)
{
        struct cc *cc = http_request_app(rq);
        struct http_client_conf conf = { .base_url = cc->standin.networking, .skip_verify = true };
        OWN(http_client) struct http_client *client = NULL;
        struct http_call_header headers[PASSED_ON];
        OWN(str) struct str path = { 0 };
        struct http_call call = { .method = http_request_method(rq), .headers = headers };

        str_add(&path, http_request_path(rq));
        http_request_query_each(rq, add_arg, &path);
        if (str_ok(&path, e) < 0 || http_client_new(&conf, &client, e) < 0)
                return -1;
        for (size_t i = 0; i < PASSED_ON; i++) {
                const char *value = http_request_header(rq, passed_on[i]);

                if (value)
                        headers[call.header_count++] =
                                (struct http_call_header){ passed_on[i], value };
        }
        call.path = path.data;
        call.body = http_request_body(rq, &call.body_len);
        if (!call.body_len)
                call.body = NULL;
        return http_client_call(client, &call, a, e);
}

void router_forward(struct http_request *rq)
{
        struct cc *cc = http_request_app(rq);
        OWN(json) json_t *world = standin_world(&cc->standin);
        OWN(http_answer) struct http_answer a = { 0 };
        struct err e;

        if (standin_fails(rq, world))
                return;
        if (!cc->standin.networking)
                http_answer_text(rq, 404, "text/plain", "404 Not Found: no route\n");
        else if (forward(rq, &a, &e) < 0)
                http_answer_text(rq, 502, "text/plain", "502 Bad Gateway\n");
        else
                pass_back(rq, &a);
}
