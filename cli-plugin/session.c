/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/session.h"

#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 3000
#define REQUEST_MS 60000
#define ANSWER_MAX ((size_t)256 << 20) /* 50,000 policies are about 10 MB */

void session_done(struct session *s)
{
        if (s->ops && s->impl)
                s->ops->done(s);
        http_client_free(s->http);
        free(s->token);
        *s = (struct session){ 0 };
}

int session_connect(struct session *s, struct err *e)
{
        OWN(mem) char *api = NULL;
        bool insecure = false;
        struct http_client_conf conf = { .ca_file = getenv("SSL_CERT_FILE"),
                                         .use_env_proxy = true,
                                         .connect_timeout_ms = CONNECT_MS,
                                         .timeout_ms = REQUEST_MS,
                                         .body_max = ANSWER_MAX };

        if (s->ops->api(s, &api, e) < 0)
                return err_add(e, "getting api endpoint");
        if (s->ops->insecure(s, &insecure, e) < 0)
                return err_add(e, "checking if ssl disabled");
        conf.base_url = api;
        conf.skip_verify = insecure;
        if (http_client_new(&conf, &s->http, e) < 0)
                return err_add(e, "api endpoint");
        return 0;
}

int session_copy(const char *text, char **ret, struct err *e)
{
        char *copied = strdup(text);

        if (!copied)
                return err_oom(e);
        *ret = copied;
        return 0;
}

static int renew_token(struct session *s, bool fresh, struct err *e)
{
        char *token = NULL;

        if (s->ops->token(s, fresh, &token, e) < 0)
                return err_add(e, "getting access token");
        free(s->token);
        s->token = token;
        return 0;
}

static int send_once(struct session *s, struct http_call *call, struct http_answer *a,
                     struct err *e)
{
        call->authorization = s->token;
        if (http_client_call(s->http, call, a, e) < 0)
                return err_add(e, "http client do");
        return 0;
}

static int send_call(struct session *s, struct http_call *call, struct http_answer *a,
                     struct err *e)
{
        if (!s->token && renew_token(s, false, e) < 0)
                return -1;
        if (send_once(s, call, a, e) < 0)
                return -1;
        if (a->status != 401)
                return 0;
        /* It may have run out between our look at it and the server's. A token
         * that cannot be renewed leaves the server's 401 to be told. */
        if (renew_token(s, true, NULL) < 0)
                return 0;
        return send_once(s, call, a, e);
}

int session_request(struct session *s, const char *method, const char *path, const char *body,
                    struct http_answer *a, struct err *e)
{
        struct http_call call = {
                .method = method, .path = path, .body = body, .body_len = body ? strlen(body) : 0
        };

        return send_call(s, &call, a, e);
}

int session_get(struct session *s, const char *path, int timeout_ms, struct http_answer *a,
                struct err *e)
{
        struct http_call call = { .method = "GET", .path = path, .timeout_ms = timeout_ms };

        return send_call(s, &call, a, e);
}

/** status_text() - The words that belong to a status */
static const char *status_text(int status)
{
        static const struct {
                int status;
                const char *text;
        } texts[] = {
                { 400, "Bad Request" },        { 401, "Unauthorized" },
                { 403, "Forbidden" },          { 404, "Not Found" },
                { 405, "Method Not Allowed" }, { 406, "Not Acceptable" },
                { 409, "Conflict" },           { 413, "Request Entity Too Large" },
                { 429, "Too Many Requests" },  { 500, "Internal Server Error" },
                { 502, "Bad Gateway" },        { 503, "Service Unavailable" },
                { 504, "Gateway Timeout" },
        };

        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
                if (texts[i].status == status)
                        return texts[i].text;
        }
        return "";
}

int session_refused(const struct http_answer *a, struct err *e)
{
        return err_set(e,
                       a->status == 401 || a->status == 403 ? FAULT_DENIED
                       : a->status == 404                   ? FAULT_ABSENT
                       : a->status < 500                    ? FAULT_BAD_INPUT
                                                            : FAULT_UPSTREAM,
                       0, "http client do: %d %s: %.200s", a->status, status_text(a->status),
                       str_text(&a->body));
}
