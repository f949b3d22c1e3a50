/* SPDX-License-Identifier: Apache-2.0 */
#include "http_internal.h"

#include <string.h>

#define KEEPALIVE_IDLE_S  20L
#define KEEPALIVE_EVERY_S 10L

/* One option; the first refusal is kept and looked at once, before sending. */
#define OPTION(c, option, value)                                                                   \
        do {                                                                                       \
                CURLcode rc_ = curl_easy_setopt((c)->easy, option, value);                         \
                if ((c)->opt_rc == CURLE_OK)                                                       \
                        (c)->opt_rc = rc_;                                                         \
        } while (0)

static void set_tls(struct http_client *c)
{
        OPTION(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        OPTION(c, CURLOPT_SSL_VERIFYPEER, c->skip_verify ? 0L : 1L);
        OPTION(c, CURLOPT_SSL_VERIFYHOST, c->skip_verify ? 0L : 2L);
        OPTION(c, CURLOPT_CA_CACHE_TIMEOUT, 0L); /* a rotated bundle counts at once */
        if (c->ca_file) {
                OPTION(c, CURLOPT_CAINFO, c->ca_file);
                OPTION(c, CURLOPT_CAPATH, NULL); /* or the system's would be trusted too */
        }
        if (c->cert_file) {
                OPTION(c, CURLOPT_SSLCERT, c->cert_file);
                OPTION(c, CURLOPT_SSLKEY, c->key_file);
        }
}

static void set_connection(struct http_client *c, int timeout_ms)
{
        OPTION(c, CURLOPT_ERRORBUFFER, c->reason);
        OPTION(c, CURLOPT_NOSIGNAL, 1L);
        OPTION(c, CURLOPT_PROTOCOLS_STR, "http,https");
        OPTION(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        OPTION(c, CURLOPT_FOLLOWLOCATION, 0L);
        OPTION(c, CURLOPT_USERAGENT, "netman/" NETMAN_VERSION);
        OPTION(c, CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_timeout_ms);
        OPTION(c, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
        OPTION(c, CURLOPT_TCP_KEEPALIVE, 1L);
        OPTION(c, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
        OPTION(c, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_EVERY_S);
        if (!c->use_env_proxy)
                OPTION(c, CURLOPT_PROXY, "");
}

/**
 * set_method() - Method and body; curl would otherwise pick a method by the body
 */
static void set_method(struct http_client *c, const struct http_call *call, const char *method)
{
        bool post = strcmp(method, "POST") == 0;

        if (call->body || post) {
                OPTION(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_len);
                OPTION(c, CURLOPT_POSTFIELDS, call->body ? call->body : "");
        }
        if (strcmp(method, "HEAD") == 0)
                OPTION(c, CURLOPT_NOBODY, 1L);
        else
                OPTION(c, CURLOPT_CUSTOMREQUEST, method);
        if (call->user) {
                OPTION(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
                OPTION(c, CURLOPT_USERNAME, call->user);
                OPTION(c, CURLOPT_PASSWORD, call->password ? call->password : "");
        }
}

/**
 * add_header() - "name: value"; a value of NULL keeps curl from sending its own
 */
static int add_header(struct curl_slist **list, const char *name, const char *value, struct err *e)
{
        OWN(str) struct str line = { 0 };
        struct curl_slist *longer;

        if (!*name || strpbrk(name, "\r\n:") || (value && strpbrk(value, "\r\n")))
                return err_set(e, FAULT_BAD_INPUT, 0, "malformed header '%.40s'", name);
        if (!value)
                str_addf(&line, "%s:", name);
        else if (!*value)
                str_addf(&line, "%s;", name); /* curl's way to say: empty, but sent */
        else
                str_addf(&line, "%s: %s", name, value);
        longer = str_ok(&line, e) == 0 ? curl_slist_append(*list, line.data) : NULL;
        if (!longer)
                return err_oom(e);
        *list = longer;
        return 0;
}

int http_headers(const struct http_call *call, struct curl_slist **list, struct err *e)
{
        if (add_header(list, "Expect", NULL, e) < 0 ||
            add_header(list, "Content-Type", call->content_type, e) < 0)
                return -1;
        if (call->authorization && add_header(list, "Authorization", call->authorization, e) < 0)
                return -1;
        for (size_t i = 0; i < call->header_count; i++) {
                if (add_header(list, call->headers[i].name, call->headers[i].value, e) < 0)
                        return -1;
        }
        return 0;
}

void http_options(struct http_client *c, const struct http_call *call, const char *url,
                  const char *method, struct curl_slist *headers, int timeout_ms)
{
        curl_easy_reset(c->easy);
        c->opt_rc = CURLE_OK;
        c->reason[0] = '\0';
        OPTION(c, CURLOPT_URL, url);
        OPTION(c, CURLOPT_HTTPHEADER, headers);
        set_connection(c, timeout_ms);
        set_tls(c);
        set_method(c, call, method);
}
