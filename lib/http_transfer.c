/* SPDX-License-Identifier: Apache-2.0 */
#include "http_internal.h"

#include <string.h>
#include <strings.h>

#define HEADERS_MAX ((size_t)64 << 10)

/**
 * refuse() - Note why, and have curl end the transfer
 */
static size_t refuse(struct http_transfer *t, const char *what, size_t max)
{
        (void)err_set(&t->why, FAULT_UPSTREAM, 0, "%s of more than %zu bytes", what, max);
        return CURL_WRITEFUNC_ERROR;
}

static long status_of(struct http_transfer *t)
{
        long status = 0;

        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        return status;
}

/**
 * take_header() - libcurl's header callback, called once per complete line
 */
static size_t take_header(char *data, size_t size, size_t count, void *arg)
{
        struct http_transfer *t = arg;
        struct str *all = &t->answer->headers;
        size_t len = size * count, end = len, start;
        char *colon = memchr(data, ':', len);

        if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
                str_clear(all); /* an interim answer (100) came before */
                return len;
        }
        if (!colon || memchr(data, '\0', len)) /* ours end there: it would be two headers */
                return len;
        if (all->len + len > HEADERS_MAX)
                return refuse(t, "headers", HEADERS_MAX);
        while (end > 0 && strchr("\r\n \t", data[end - 1]))
                end--;
        start = (size_t)(colon - data) + 1;
        while (start < end && strchr(" \t", data[start]))
                start++;
        str_add_mem(all, data, (size_t)(colon - data));
        str_add_mem(all, "", 1);
        str_add_mem(all, data + start, end > start ? end - start : 0);
        str_add_mem(all, "", 1);
        return len;
}

/**
 * give_line() - Hand the complete line on
 * Return: false to end the transfer
 */
static bool give_line(struct http_transfer *t)
{
        struct str *l = &t->line;

        if (l->bad) {
                (void)err_oom(&t->why);
                return false;
        }
        if (l->len && l->data[l->len - 1] == '\r')
                l->data[--l->len] = '\0';
        t->stopped = t->on_line(t->arg, str_text(l), l->len) != 0;
        str_clear(l);
        return !t->stopped;
}

static size_t take_lines(struct http_transfer *t, const char *data, size_t len)
{
        const char *at = data, *end = data + len, *nl;

        for (; (nl = memchr(at, '\n', (size_t)(end - at))); at = nl + 1) {
                if (t->line.len + (size_t)(nl - at) > t->body_max)
                        return refuse(t, "a line", t->body_max);
                str_add_mem(&t->line, at, (size_t)(nl - at));
                if (!give_line(t))
                        return CURL_WRITEFUNC_ERROR;
        }
        if (t->line.len + (size_t)(end - at) > t->body_max)
                return refuse(t, "a line", t->body_max);
        str_add_mem(&t->line, at, (size_t)(end - at));
        return len;
}

/**
 * announced() - The length that the server says the body has; 0 where it does not
 */
static size_t announced(const struct http_transfer *t)
{
        curl_off_t n = 0;

        return curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &n) == CURLE_OK &&
                               n > 0
                       ? (size_t)n
                       : 0;
}

/**
 * take_body() - libcurl's write callback
 */
static size_t take_body(char *data, size_t size, size_t count, void *arg)
{
        struct http_transfer *t = arg;
        size_t len = size * count;

        if (t->on_line && status_of(t) / 100 == 2)
                return take_lines(t, data, len);
        if (t->answer->body.len + len > t->body_max || announced(t) > t->body_max)
                return refuse(t, "answer", t->body_max);
        str_add_mem(&t->answer->body, data, len);
        return len;
}

void http_transfer_attach(struct http_transfer *t, CURL *easy)
{
        t->easy = easy;
        http_answer_done(t->answer);
        /* These four cannot be refused: they store pointers. */
        (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
        (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
        (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
        (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
}

int http_transfer_end(struct http_transfer *t, bool whole, struct err *e)
{
        t->answer->status = (int)status_of(t);
        if (whole && t->line.len)
                (void)give_line(t);
        if (t->why.fault != FAULT_NONE) {
                if (e)
                        *e = t->why;
                return -1;
        }
        if (str_ok(&t->answer->body, e) < 0 || str_ok(&t->answer->headers, e) < 0)
                return -1;
        return 0;
}

void http_answer_done(struct http_answer *a)
{
        str_done(&a->body);
        str_done(&a->headers);
        *a = (struct http_answer){ 0 };
}

const char *http_answer_header(const struct http_answer *a, const char *name)
{
        const char *at = a->headers.data, *end = at ? at + a->headers.len : NULL;

        while (at && at < end) {
                const char *value = at + strlen(at) + 1;

                if (strcasecmp(at, name) == 0)
                        return value;
                at = value + strlen(value) + 1;
        }
        return NULL;
}

void http_escape(struct str *s, const char *text)
{
        static const char plain[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

        for (; *text; text++) {
                if (strchr(plain, *text))
                        str_add_mem(s, text, 1);
                else
                        str_addf(s, "%%%02X", (unsigned char)*text);
        }
}
