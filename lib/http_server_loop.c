/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to a request on its event loop: head, body, dispatch, answer.
 */
#include "lib/http_server_impl.h"

#include <string.h>
#include <strings.h>

/* A body that is not wanted is read on to this multiple of the limit and thrown away,
 * so that the client gets to read the answer instead of a reset. */
#define BODY_PATIENCE 2
/* Of each body so much is not counted with all bodies' memory: many large ones do not keep
 * the usual ones out, and all connections together make it no more than that again. */
#define BODY_SMALL ((size_t)16 << 10)

/**
 * refuse() - Answer in the server's own name
 * @allow: Methods for a 405, else NULL
 */
static void refuse(struct http_request *rq, unsigned int status, const char *text,
                   const char *allow)
{
        OWN(http_reply) struct http_reply reply = { .status = status };

        http_reply_header(&reply, "Content-Type", "text/plain; charset=utf-8");
        http_reply_header(&reply, "X-Content-Type-Options", "nosniff");
        if (allow)
                http_reply_header(&reply, "Allow", allow);
        if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
                http_reply_header(&reply, "Retry-After", "1");
        str_add(&reply.body, text);
        if (rq->server->refuse)
                rq->server->refuse(rq, &reply);
        http_answer(rq, &reply);
}

void http_refuse_busy(struct http_request *rq)
{
        refuse(rq, MHD_HTTP_SERVICE_UNAVAILABLE, "too many requests are waiting\n", NULL);
}

/** dispatch() - The request is there: find who answers it, and let him */
static void dispatch(struct http_request *rq)
{
        struct http_server *s = rq->server;

        rq->dispatched = true;
        http_conn_phase(s, rq->conn, HTTP_WORKING);
        if (rq->odd)
                refuse(rq, MHD_HTTP_BAD_REQUEST, "400 Bad Request\n", NULL);
        else if (!rq->route && rq->allow.len)
                refuse(rq, MHD_HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed\n", rq->allow.data);
        else if (!rq->route)
                refuse(rq, MHD_HTTP_NOT_FOUND, "404 page not found\n", NULL);
        else if (rq->body_over)
                refuse(rq, MHD_HTTP_CONTENT_TOO_LARGE, "request body too large\n", NULL);
        else if (rq->no_room)
                refuse(rq, MHD_HTTP_SERVICE_UNAVAILABLE, "too many bodies at once\n", NULL);
        else if (rq->route->quick || rq->body_use == HTTP_BODY_REFUSED)
                rq->route->handler(rq);
        else if (!http_work_push(rq->route->reserved ? &s->reserve : &s->work, rq))
                http_refuse_busy(rq);
}

/**
 * go_on() - Let the request be worked on, or send its answer if it is there
 *
 * The connection is suspended before the state says so, hence whoever finds
 * SUSPENDED may resume it; an answer that came in between is picked up here.
 */
static enum MHD_Result go_on(struct http_request *rq)
{
        int state = HTTP_FRESH;

        if (!rq->dispatched)
                dispatch(rq);
        if (atomic_load(&rq->state) == HTTP_ANSWERED) {
                struct MHD_Response *r = GIVE(rq->response);
                enum MHD_Result sent;

                http_request_forget_body(rq);
                if (!r)
                        return MHD_NO;
                http_conn_phase(rq->server, rq->conn, HTTP_SENDING);
                sent = MHD_queue_response(rq->mhd, rq->status, r);
                MHD_destroy_response(r);
                return sent;
        }
        MHD_suspend_connection(rq->mhd);
        if (!atomic_compare_exchange_strong(&rq->state, &state, HTTP_SUSPENDED))
                MHD_resume_connection(rq->mhd);
        return MHD_YES;
}

/** struct framing - What a head says of where its body ends */
struct framing {
        unsigned int lengths, encodings;
        bool odd;
};

static enum MHD_Result see_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                  const char *value)
{
        struct framing *f = cls;

        (void)kind;
        f->lengths += strcasecmp(key, "Content-Length") == 0;
        if (strcasecmp(key, "Transfer-Encoding") == 0) {
                f->encodings++;
                f->odd |= !value || strcasecmp(value, "chunked") != 0;
        }
        f->odd |= key[strcspn(key, " \t")] != '\0'; /* "Content-Length : 5" */
        return MHD_YES;
}

/**
 * is_odd() - May another server see the body's end elsewhere?
 *
 * What is the body's rest to one is the next request to the other: through a proxy
 * that disagrees with us, one client could speak on another's behalf.
 */
static bool is_odd(const struct http_request *rq)
{
        struct framing f = { 0 };

        (void)MHD_get_connection_values(rq->mhd, MHD_HEADER_KIND, see_header, &f);
        return f.odd || f.lengths + f.encodings > 1;
}

static enum http_body body_use(struct http_request *rq)
{
        const struct http_server *s = rq->server;

        if (!rq->route)
                return HTTP_BODY_REFUSED;
        if (strcmp(rq->method, "POST") != 0 && strcmp(rq->method, "PUT") != 0)
                return HTTP_BODY_SKIP;
        return s->body_use ? s->body_use(rq) : HTTP_BODY_KEEP;
}

/** is_long() - Is the body announced to be longer than we would read, and throw away? */
static bool is_long(struct http_request *rq)
{
        const char *length = http_request_header(rq, "Content-Length");
        size_t max = rq->server->limits.body_max;
        int64_t announced = 0;

        if (!length || str_to_int(length, 0, INT64_MAX, &announced, NULL) < 0)
                return false;
        if ((uint64_t)announced > max)
                rq->body_over = rq->body_use == HTTP_BODY_KEEP;
        return (uint64_t)announced > max * BODY_PATIENCE;
}

/**
 * may_answer() - Can the request be answered at its head?
 *
 * Only at once: libmicrohttpd takes no answer between the head and the body's end. So
 * a request that a worker answers has its body read, at least to the limit.
 */
static bool may_answer(struct http_request *rq)
{
        bool is_too_long = is_long(rq);

        if (rq->odd)
                return true;
        if (rq->body_use == HTTP_BODY_REFUSED)
                return is_too_long || http_request_header(rq, "Expect");
        return is_too_long && rq->body_over;
}

/** head() - The headers are there */
static enum MHD_Result head(struct http_request *rq, const char *url, const char *method)
{
        struct http_server *s = rq->server;

        rq->head_seen = true;
        rq->method = strdup(method);
        rq->path = strdup(url);
        if (!rq->method || !rq->path)
                return MHD_NO;
        if (s->tls && !rq->conn->subject)
                rq->conn->subject = http_tls_subject(rq->mhd);
        rq->odd |= is_odd(rq);
        rq->route = http_route_find(s->routes, rq->method, rq->path, rq->params, &rq->allow);
        rq->body_use = body_use(rq);
        return may_answer(rq) ? go_on(rq) : MHD_YES;
}

/** keep() - Add a part to the body, if there is memory for it */
static void keep(struct http_request *rq, const char *data, size_t len)
{
        struct http_server *s = rq->server;
        size_t large, more;

        str_add_mem(&rq->body, data, len);
        large = rq->body.cap > BODY_SMALL ? rq->body.cap - BODY_SMALL : 0;
        more = large - rq->body_held;
        rq->body_held = large;
        if (atomic_fetch_add(&s->bodies, more) + more > s->limits.bodies_max || rq->body.bad)
                rq->no_room = true;
}

static enum MHD_Result body_part(struct http_request *rq, const char *data, size_t *len)
{
        size_t max = rq->server->limits.body_max;

        if (rq->dispatched)
                return MHD_NO; /* refused at its head, and still sending */
        rq->body_read += *len;
        if (rq->body_read > max && rq->body_use == HTTP_BODY_KEEP)
                rq->body_over = true;
        if (rq->body_use == HTTP_BODY_KEEP && !rq->body_over && !rq->no_room)
                keep(rq, data, *len);
        if (rq->body_over || rq->no_room)
                http_request_forget_body(rq);
        *len = 0;
        return rq->body_read > max * BODY_PATIENCE ? MHD_NO : MHD_YES;
}

enum MHD_Result http_request_arrives(void *cls, struct MHD_Connection *mhd, const char *url,
                                     const char *method, const char *version, const char *data,
                                     size_t *len, void **con_cls)
{
        struct http_request *rq = *con_cls;

        (void)cls;
        (void)mhd;
        (void)version;
        if (!rq)
                return MHD_NO;
        if (!rq->head_seen)
                return head(rq, url, method);
        if (*len)
                return body_part(rq, data, len);
        return go_on(rq);
}
