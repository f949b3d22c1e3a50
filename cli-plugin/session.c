/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/session.h"

#include "cli-plugin/endpoint.h"
#include "cli-plugin/trace.h"

#include <stdlib.h>
#include <string.h>

void session_done(struct session *s)
{
        if (s->ops && s->impl)
                s->ops->done(s);
        http_client_free(s->http);
        free(s->api);
        free(s->token);
        *s = (struct session){ 0 };
}

int session_connect(struct session *s, struct err *e)
{
        bool insecure = false;

        if (s->ops->api(s, &s->api, e) < 0)
                return err_add(e, "getting api endpoint");
        if (s->ops->insecure(s, &insecure, e) < 0)
                return err_add(e, "checking if ssl disabled");
        if (endpoint_open(s->api, insecure, &s->http, e) < 0)
                return err_add(e, "api endpoint");
        s->trace = str_eq(getenv("CF_TRACE"), "true");
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
        if (fresh && str_eq(token, s->token)) {
                free(token);
                return err_set(e, FAULT_DENIED, 0, "the same token again");
        }
        free(s->token);
        s->token = token;
        return 0;
}

/** print_trace() - Where it was asked for, on standard output: that is where cf's own goes */
static void print_trace(struct session *s, const struct http_call *call,
                        const struct http_answer *a)
{
        OWN(str) struct str text = { 0 };

        if (!s->trace)
                return;
        if (a)
                trace_answer(&text, a, s->token, time(NULL));
        else
                trace_request(&text, s->api, call, time(NULL));
        (void)fwrite(str_text(&text), 1, text.len, stdout); /* what matters is printed, checked */
        (void)fflush(stdout);
}

static int send_once(struct session *s, struct http_call *call, struct http_answer *a,
                     struct err *e)
{
        call->authorization = s->token;
        print_trace(s, call, NULL);
        if (http_client_call(s->http, call, a, e) < 0)
                return err_add(e, "http client do");
        print_trace(s, call, a);
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

int session_refused(const struct http_answer *a, struct err *e)
{
        return err_set(e,
                       a->status == 401 || a->status == 403 ? FAULT_DENIED
                       : a->status == 404                   ? FAULT_ABSENT
                       : a->status < 500                    ? FAULT_BAD_INPUT
                                                            : FAULT_UPSTREAM,
                       0, "http client do: %d %s: %.200s", a->status, trace_status_text(a->status),
                       str_text(&a->body));
}
