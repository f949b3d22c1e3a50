/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/http_server_impl.h"

#include "netman/clock.h"

#include <poll.h>
#include <string.h>
#include <strings.h>

void *http_request_new(void *cls, const char *uri, struct MHD_Connection *mhd)
{
        struct http_server *s = cls;
        const union MHD_ConnectionInfo *info;
        struct http_request *rq;

        info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        if (!info || !info->socket_context)
                return NULL;
        rq = calloc(1, sizeof *rq);
        if (!rq)
                return NULL;
        rq->server = s;
        rq->mhd = mhd;
        rq->conn = info->socket_context;
        rq->odd = strstr(uri, "%00"); /* the path that we are told ends there */
        (void)atomic_fetch_add(&s->requests, 1);
        rq->began_us = clock_us();
        (void)atomic_fetch_add(&s->in_flight, 1);
        http_conn_phase(s, rq->conn, HTTP_READING);
        return rq;
}

void http_request_forget_body(struct http_request *rq)
{
        str_done(&rq->body);
        (void)atomic_fetch_sub(&rq->server->bodies, rq->body_held);
        rq->body_held = 0;
}

void http_request_completed(void *cls, struct MHD_Connection *mhd, void **con_cls,
                            enum MHD_RequestTerminationCode code)
{
        struct http_request *rq = *con_cls;

        (void)cls;
        (void)mhd;
        (void)code;
        if (!rq)
                return;
        *con_cls = NULL;
        http_conn_phase(rq->server, rq->conn, HTTP_IDLE);
        if (rq->own_drop)
                rq->own_drop(rq->own);
        if (rq->response)
                MHD_destroy_response(rq->response); /* answered, and the client was gone */
        for (unsigned int i = 0; i < HTTP_PARAMS_MAX; i++)
                free(rq->params[i].value);
        http_request_forget_body(rq);
        str_done(&rq->allow);
        free(rq->method);
        free(rq->path);
        (void)atomic_fetch_sub(&rq->server->in_flight, 1);
        free(rq);
}

const char *http_request_method(const struct http_request *rq)
{
        return rq->method;
}

const char *http_request_path(const struct http_request *rq)
{
        return rq->path;
}

/** struct wanted_arg - For find_arg(): a query argument looked for */
struct wanted_arg {
        const char *name, *value;
};

/**
 * find_arg() - Keep the first value of a query argument
 *
 * MHD_lookup_connection_value() does not tell "?id" from no id at all.
 */
static enum MHD_Result find_arg(void *cls, enum MHD_ValueKind kind, const char *key,
                                const char *value)
{
        struct wanted_arg *w = cls;

        (void)kind;
        if (strcmp(key, w->name) != 0)
                return MHD_YES;
        w->value = value ? value : "";
        return MHD_NO;
}

const char *http_request_query(struct http_request *rq, const char *name)
{
        struct wanted_arg w = { .name = name };

        (void)MHD_get_connection_values(rq->mhd, MHD_GET_ARGUMENT_KIND, find_arg, &w);
        return w.value;
}

/** struct arg_visit - For visit_arg(): whom to tell of each query argument */
struct arg_visit {
        void (*fn)(void *arg, const char *name, const char *value);
        void *arg;
};

static enum MHD_Result visit_arg(void *cls, enum MHD_ValueKind kind, const char *key,
                                 const char *value)
{
        struct arg_visit *v = cls;

        (void)kind;
        v->fn(v->arg, key, value ? value : "");
        return MHD_YES;
}

void http_request_query_each(struct http_request *rq,
                             void (*fn)(void *arg, const char *name, const char *value), void *arg)
{
        struct arg_visit v = { .fn = fn, .arg = arg };

        (void)MHD_get_connection_values(rq->mhd, MHD_GET_ARGUMENT_KIND, visit_arg, &v);
}

const char *http_request_header(struct http_request *rq, const char *name)
{
        return MHD_lookup_connection_value(rq->mhd, MHD_HEADER_KIND, name);
}

const char *http_request_param(const struct http_request *rq, const char *name)
{
        size_t len = strlen(name);

        for (unsigned int i = 0; i < HTTP_PARAMS_MAX; i++) {
                const struct http_param *p = &rq->params[i];

                if (p->name && p->name_len == len && memcmp(p->name, name, len) == 0)
                        return p->value;
        }
        return NULL;
}

const char *http_request_body(const struct http_request *rq, size_t *ret_len)
{
        if (ret_len)
                *ret_len = rq->body.len;
        return str_text(&rq->body);
}

const char *http_request_peer(const struct http_request *rq)
{
        return rq->conn->subject;
}

const char *http_request_address(const struct http_request *rq)
{
        return rq->conn->address;
}

bool http_request_gone(const struct http_request *rq)
{
        struct pollfd p = { .fd = rq->conn->fd, .events = POLLRDHUP };

        return poll(&p, 1, 0) > 0;
}

int64_t http_request_began_us(const struct http_request *rq)
{
        return rq->began_us;
}

const char *http_request_listener(const struct http_request *rq)
{
        return rq->server->name;
}

void *http_request_app(const struct http_request *rq)
{
        return rq->server->app;
}

const struct http_route *http_request_route(const struct http_request *rq)
{
        return rq->route;
}

void http_request_set_own(struct http_request *rq, void *own, void (*drop)(void *))
{
        rq->own = own;
        rq->own_drop = drop;
}

void *http_request_own(const struct http_request *rq)
{
        return rq->own;
}
