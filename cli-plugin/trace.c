/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/trace.h"

#include <string.h>

#define HIDDEN "[PRIVATE DATA HIDDEN]"

const char *trace_status_text(int status)
{
        static const struct {
                int status;
                const char *text;
        } texts[] = {
                { 200, "OK" },
                { 400, "Bad Request" },
                { 401, "Unauthorized" },
                { 403, "Forbidden" },
                { 404, "Not Found" },
                { 405, "Method Not Allowed" },
                { 406, "Not Acceptable" },
                { 409, "Conflict" },
                { 413, "Request Entity Too Large" },
                { 429, "Too Many Requests" },
                { 500, "Internal Server Error" },
                { 502, "Bad Gateway" },
                { 503, "Service Unavailable" },
                { 504, "Gateway Timeout" },
        };

        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
                if (texts[i].status == status)
                        return texts[i].text;
        }
        return "";
}

static void put_title(struct str *out, const char *title, time_t now)
{
        char text[32];
        struct tm tm;

        text[strftime(text, sizeof text - 1, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm))] = '\0';
        str_addf(out, "\n%s [%s]\n", title, text);
}

/** put_hiding() - @text, with whatever stands behind "bearer " in @token left out */
static void put_hiding(struct str *out, const char *text, size_t len, const char *token)
{
        const char *space = token ? strchr(token, ' ') : NULL;
        const char *secret = space ? space + 1 : token, *found;

        while (secret && *secret && (found = memmem(text, len, secret, strlen(secret)))) {
                str_add_mem(out, text, (size_t)(found - text));
                str_add(out, HIDDEN);
                len -= (size_t)(found - text) + strlen(secret);
                text = found + strlen(secret);
        }
        str_add_mem(out, text, len);
}

void trace_request(struct str *out, const char *api, const struct http_call *call, time_t now)
{
        const char *host = strstr(api, "://");

        host = host ? host + strlen("://") : api;
        put_title(out, "REQUEST:", now);
        str_addf(out, "%s %s HTTP/1.1\nHost: %.*s\nAuthorization: " HIDDEN "\n\n", call->method,
                 call->path, (int)strcspn(host, "/"), host);
        put_hiding(out, call->body ? call->body : "", call->body_len, call->authorization);
        str_add(out, "\n");
}

void trace_answer(struct str *out, const struct http_answer *a, const char *token, time_t now)
{
        const char *at = str_text(&a->headers), *end = at + a->headers.len;

        put_title(out, "RESPONSE:", now);
        str_addf(out, "HTTP/1.1 %d %s\n", a->status, trace_status_text(a->status));
        while (at < end) {
                const char *value = at + strlen(at) + 1;

                str_addf(out, "%s: ", at);
                put_hiding(out, value, strlen(value), token);
                str_add(out, "\n");
                at = value + strlen(value) + 1;
        }
        str_add(out, "\n");
        put_hiding(out, str_text(&a->body), a->body.len, token);
        str_add(out, "\n");
}
