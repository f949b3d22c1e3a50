/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/etcd3_ask.h"

#include <stdlib.h>

/* POST @body to @path, and the JSON object that comes back. */
static int post(struct etcd3 *d, const char *path, const struct str *body, json_t **ret,
                struct err *e)
{
        OWN(http_answer) struct http_answer a = { 0 };
        struct http_call call = {
                .method = "POST",
                .path = path,
                .authorization = d->token.len ? str_text(&d->token) : NULL,
                .content_type = "application/json",
                .body = str_text(body),
                .body_len = body->len,
        };

        if (str_ok(body, e) < 0 || etcd_call(d->cluster, &call, false, &a, e) < 0)
                return -1;
        if (jsonx_parse(str_text(&a.body), a.body.len, ret, e) < 0)
                return err_add(e, "etcd's answer to %s", path);
        return 0;
}

/* Get a token, if there is a user to be. */
static int log_in(struct etcd3 *d, struct err *e)
{
        OWN(json) json_t *who = NULL;
        OWN(json) json_t *root = NULL;
        OWN(str) struct str body = { 0 };
        OWN(mem) char *text = NULL;
        const char *token = NULL;

        str_clear(&d->token);
        if (!etcd_user(d->cluster))
                return 0;
        who = json_pack("{s:s,s:s}", "name", etcd_user(d->cluster), "password",
                        etcd_password(d->cluster));
        text = who ? json_dumps(who, JSON_COMPACT) : NULL;
        if (!text)
                return err_set(e, FAULT_BAD_INPUT, 0, "user name or password is no UTF-8");
        str_add(&body, text);
        if (post(d, "/v3/auth/authenticate", &body, &root, e) < 0 ||
            jsonx_str(root, "token", &token, e) < 0)
                return err_add(e, "etcd user %s", etcd_user(d->cluster));
        str_add(&d->token, token);
        return str_ok(&d->token, e);
}

int etcd3_ask(struct etcd3 *d, const char *path, const struct str *body, json_t **ret,
              struct err *e)
{
        bool had_token = d->token.len > 0;
        struct err why = { 0 };

        if (!had_token && log_in(d, e) < 0)
                return -1;
        if (post(d, path, body, ret, &why) == 0)
                return 0;
        if (had_token && (why.fault == FAULT_DENIED || why.fault == FAULT_BAD_INPUT))
                return log_in(d, e) < 0 ? -1 : post(d, path, body, ret, e);
        if (e)
                *e = why;
        return -1;
}
