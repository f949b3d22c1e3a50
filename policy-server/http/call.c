/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/http/call.h"

#include "netman/clock.h"
#include "netman/jsonx.h"
#include "netman/log.h"
#include "policy-server/auth/check.h"
#include "policy-server/http/cors.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>

static bool id_char(char c)
{
        return isalnum((unsigned char)c) || strchr("-_.:", c);
}

/**
 * set_id() - The request's name in logs: the router's, else one of our own
 *
 * A foreign id becomes part of log messages and of a header, so it is taken
 * only if it looks like one.
 */
static void set_id(struct call *c)
{
        const char *given = http_request_header(c->rq, "X-Vcap-Request-Id");
        size_t len = given ? strlen(given) : 0;
        unsigned char raw[16];
        size_t good = 0;

        while (good < len && id_char(given[good]))
                good++;
        if (len && good == len && len < sizeof c->id) {
                memcpy(c->id, given, len + 1);
                return;
        }
        if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
                memset(raw, 0, sizeof raw); /* an id is a convenience, not a secret */
        raw[6] = (unsigned char)((raw[6] & 0x0f) | 0x40);
        raw[8] = (unsigned char)((raw[8] & 0x3f) | 0x80);
        (void)snprintf(c->id, sizeof c->id,
                       "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                       raw[0], raw[1], raw[2], raw[3], raw[4], raw[5], raw[6], raw[7], raw[8],
                       raw[9], raw[10], raw[11], raw[12], raw[13], raw[14], raw[15]);
}

static void log_request(const struct call *c, const char *what)
{
        char event[CALL_ID_MAX + 32];
        /* Thousands of polls a second are for who debugs; people's requests are news. */
        enum log_level level =
                c->endpoint->audience == FOR_CELLS ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
        int64_t took_us = clock_us() - http_request_began_us(c->rq);

        if (level < log_get_level())
                return;
        (void)snprintf(event, sizeof event, "request_%s.%s", c->id, what);
        if (strcmp(what, "serving") == 0)
                log_event(level, event,
                          log_pairs_(LOG_STR("method", http_request_method(c->rq)),
                                     LOG_STR("request", http_request_path(c->rq)),
                                     LOG_STR("request_guid", c->id)));
        else
                log_event(level, event,
                          log_pairs_(LOG_STR("method", http_request_method(c->rq)),
                                     LOG_STR("request", http_request_path(c->rq)),
                                     LOG_STR("request_guid", c->id),
                                     LOG_INT("status", c->reply.status ? c->reply.status : 200),
                                     LOG_INT("duration_us", took_us)));
}

void reply_error(struct http_reply *reply, unsigned int status, const char *text)
{
        str_clear(&reply->body);
        str_add(&reply->body, "{\"error\": ");
        jsonx_quote(&reply->body, text);
        str_add(&reply->body, "}");
        reply->status = status;
        http_reply_header(reply, "Content-Type", "application/json");
}

void call_json(struct call *c, struct str *body)
{
        str_done(&c->reply.body);
        c->reply.body = *body;
        *body = (struct str){ 0 };
        http_reply_header(&c->reply, "Content-Type", "application/json");
}

void call_document(struct call *c, json_t *root)
{
        OWN(json) json_t *owned = root;
        OWN(mem) char *text = owned ? json_dumps(owned, JSON_COMPACT) : NULL;
        OWN(str) struct str body = { 0 };
        struct err why = { 0 };

        if (!text) {
                (void)err_oom(&why);
                call_fail(c, "marshaling response failed", &why);
                return;
        }
        str_add(&body, text);
        call_json(c, &body);
}

void call_text(struct call *c, unsigned int status, const char *text)
{
        c->reply.status = status;
        str_clear(&c->reply.body);
        str_add(&c->reply.body, text);
        http_reply_header(&c->reply, "Content-Type", "text/plain; charset=utf-8");
}

void call_refuse(struct call *c, unsigned int status, const char *fmt, ...)
{
        OWN(mem) char *text = NULL;
        va_list ap;

        va_start(ap, fmt);
        if (vasprintf(&text, fmt, ap) < 0)
                text = NULL;
        va_end(ap);
        reply_error(&c->reply, status, text ? text : "out of memory");
        log_info("refused", LOG_STR("request_guid", c->id), LOG_INT("status", status),
                 LOG_STR("error", text));
}

void call_fail(struct call *c, const char *text, const struct err *why)
{
        reply_error(&c->reply, 500, text);
        log_error("failed", LOG_STR("request_guid", c->id), LOG_STR("answer", text), LOG_WHY(why));
}

static void call_free(void *own)
{
        struct call *c = own;

        token_done(&c->token);
        http_reply_done(&c->reply);
        free(c);
}

/** say_parked() - So that who measures how long we take can tell it from waiting for news */
static void say_parked(struct call *c)
{
        char text[48];

        (void)snprintf(text, sizeof text, "parked;dur=%.1f", (double)c->parked_us / 1e3);
        http_reply_header(&c->reply, "Server-Timing", text);
}

void call_finish(struct call *c)
{
        struct http_reply reply;

        if (c->endpoint->audience != FOR_CELLS)
                cors_headers(c->ps, c->rq, &c->reply);
        else if (http_request_peer(c->rq))
                http_reply_header(&c->reply, HSTS_HEADER);
        http_reply_header(&c->reply, "X-Vcap-Request-Id", c->id);
        if (c->parked_us)
                say_parked(c);
        log_request(c, "done");
        /* The call goes with its request, maybe before http_answer() returns. */
        reply = c->reply;
        c->reply = (struct http_reply){ 0 };
        http_answer(c->rq, &reply);
}

/** version_of() - From the path, where it has one; false if the endpoint has no such */
static bool version_of(struct http_request *rq, const struct endpoint *to, enum policy_version *ret)
{
        const char *v = http_request_param(rq, "version");

        *ret = str_eq(v, "v1") ? POLICY_V1 : POLICY_V0;
        if (!to->versions)
                return true;
        return (str_eq(v, "v0") || str_eq(v, "v1")) && to->versions & (1U << *ret);
}

/** read_version() - Answers if it is no good */
static bool read_version(struct call *c)
{
        const char *v = http_request_param(c->rq, "version");

        if (version_of(c->rq, c->endpoint, &c->version))
                return true;
        call_refuse(c, 406, "api version '%.64s' not supported", v ? v : "");
        return false;
}

enum http_body call_body_use(struct http_request *rq)
{
        const struct endpoint *to = http_request_route(rq)->data;
        bool needs_token = to->audience == FOR_WRITERS || to->audience == FOR_ADMINS;
        enum policy_version version;

        if (!version_of(rq, to, &version) ||
            (needs_token && !http_request_header(rq, "Authorization")))
                return HTTP_BODY_REFUSED; /* read_version() or check_caller() will see to it */
        return to->reads_body ? HTTP_BODY_KEEP : HTTP_BODY_SKIP;
}

void call_front(struct http_request *rq)
{
        struct call *c = calloc(1, sizeof *c);
        bool parks;

        if (!c) {
                http_answer_text(rq, 503, "text/plain", "out of memory\n");
                return;
        }
        http_request_set_own(rq, c, call_free);
        c->ps = http_request_app(rq);
        c->rq = rq;
        c->endpoint = http_request_route(rq)->data;
        parks = c->endpoint->parks;
        set_id(c);
        log_request(c, "serving");
        if (!read_version(c) || !check_caller(c)) {
                call_finish(c);
                return;
        }
        c->endpoint->handler(c); /* one that parks may have seen the call off by now */
        if (!parks)
                call_finish(c);
}
