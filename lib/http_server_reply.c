/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/http_server_impl.h"

#include <string.h>
#include <strings.h>

void http_reply_header(struct http_reply *reply, const char *name, const char *value)
{
        struct http_reply_header *h = reply->headers;
        struct http_reply_header *end = h + reply->header_count;

        while (h < end && strcasecmp(h->name, name) != 0)
                h++;
        if (h == end && reply->header_count == HTTP_REPLY_HEADERS_MAX) {
                reply->bad = true;
                return;
        }
        if (h < end)
                free(h->value);
        else
                h->name = strdup(name);
        h->value = strdup(value);
        if (h == end)
                reply->header_count++;
        if (!h->name || !h->value)
                reply->bad = true;
}

void http_reply_done(struct http_reply *reply)
{
        str_done(&reply->body);
        if (reply->shared && reply->release)
                reply->release(reply->release_arg);
        for (unsigned int i = 0; i < reply->header_count; i++) {
                free(reply->headers[i].name);
                free(reply->headers[i].value);
        }
        *reply = (struct http_reply){ 0 };
}

/** body_response() - The answer's body, its memory handed to libmicrohttpd */
static struct MHD_Response *body_response(struct http_reply *reply)
{
        struct MHD_Response *r;

        if (reply->shared) {
                /* libmicrohttpd does not write to it, whatever its prototype says. */
                void *data = (void *)(uintptr_t)reply->shared;

                r = reply->release
                            ? MHD_create_response_from_buffer_with_free_callback_cls(
                                      reply->shared_len, data, reply->release, reply->release_arg)
                            : MHD_create_response_from_buffer(reply->shared_len, data,
                                                              MHD_RESPMEM_PERSISTENT);
                if (r)
                        reply->shared = NULL;
                return r;
        }
        r = MHD_create_response_from_buffer(reply->body.len, reply->body.data,
                                            reply->body.data ? MHD_RESPMEM_MUST_FREE
                                                             : MHD_RESPMEM_PERSISTENT);
        if (r)
                reply->body = (struct str){ 0 };
        return r;
}

/**
 * make_response() - The answer as libmicrohttpd wants it
 *
 * Return: NULL if it cannot be made: the connection is closed then
 */
static struct MHD_Response *make_response(struct http_request *rq, struct http_reply *reply)
{
        struct MHD_Response *r;

        if (reply->bad || reply->body.bad) {
                http_reply_done(reply);
                reply->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
        }
        r = body_response(reply);
        for (unsigned int i = 0; r && i < reply->header_count; i++) {
                if (MHD_add_response_header(r, reply->headers[i].name, reply->headers[i].value) !=
                    MHD_YES) {
                        MHD_destroy_response(r);
                        r = NULL;
                }
        }
        if (r && atomic_load(&rq->server->draining))
                (void)MHD_add_response_header(r, "Connection", "close"); /* a courtesy */
        return r;
}

void http_answer(struct http_request *rq, struct http_reply *reply)
{
        struct MHD_Connection *mhd = rq->mhd;

        rq->response = make_response(rq, reply);
        rq->status = reply->status ? reply->status : MHD_HTTP_OK;
        http_reply_done(reply);
        if (rq->server->answered)
                rq->server->answered(rq, rq->status);
        /* If the loop has not left the connection it sees the answer by itself, and may
         * have freed the request by the time this returns. */
        if (atomic_exchange(&rq->state, HTTP_ANSWERED) == HTTP_SUSPENDED)
                MHD_resume_connection(mhd);
}

void http_answer_text(struct http_request *rq, unsigned int status, const char *content_type,
                      const char *text)
{
        OWN(http_reply) struct http_reply reply = { .status = status };

        http_reply_header(&reply, "Content-Type", content_type);
        str_add(&reply.body, text);
        http_answer(rq, &reply);
}
