/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/etcd.h"

#include "netman/jsonx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 2000, CALL_MS = 5000, ANSWER_MAX = 64 << 20, MEMBERS_MAX = 16 };

/**
 * struct etcd - The members
 * @now: The one that answered last
 */
struct etcd {
        struct http_client *members[MEMBERS_MAX]; /* owned */
        size_t count, now;
        const char *user, *password;
};

/* One client for the endpoint @url, which loses its trailing slashes. */
static int add_member(struct etcd *d, const struct store_conf *conf, char *url, struct err *e)
{
        struct http_client_conf c = {
                .base_url = url,
                .ca_file = conf->ca_file,
                .cert_file = conf->cert_file,
                .key_file = conf->key_file,
                .connect_timeout_ms = CONNECT_MS,
                .timeout_ms = CALL_MS,
                .body_max = ANSWER_MAX,
        };
        size_t len = strlen(url);

        while (len > 0 && url[len - 1] == '/')
                url[--len] = '\0';
        if (d->count == MEMBERS_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "more than %d etcd endpoints",
                               (int)MEMBERS_MAX);
        if (http_client_new(&c, &d->members[d->count], e) < 0)
                return err_add(e, "etcd endpoint %s", url);
        d->count++;
        return 0;
}

int etcd_open(const struct store_conf *conf, struct etcd **ret, struct err *e)
{
        OWN(etcd) struct etcd *d = calloc(1, sizeof *d);
        OWN(mem) char *list = strdup(conf->endpoints);
        char *rest = NULL;

        if (!d || !list)
                return err_oom(e);
        d->user = conf->user;
        d->password = conf->password;
        for (char *url = strtok_r(list, ", ", &rest); url; url = strtok_r(NULL, ", ", &rest))
                if (add_member(d, conf, url, e) < 0)
                        return -1;
        if (d->count == 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "no etcd endpoint is given");
        *ret = GIVE(d);
        return 0;
}

void etcd_close(struct etcd *d)
{
        if (!d)
                return;
        for (size_t i = 0; i < d->count; i++)
                http_client_free(d->members[i]);
        free(d);
}

const char *etcd_user(const struct etcd *d)
{
        return d->user;
}

const char *etcd_password(const struct etcd *d)
{
        return d->password;
}

/**
 * refusal() - The error in an answer that is none of ours to handle
 *
 * v3 says {"error":"…"}, v2 {"message":"…","cause":"…"}.
 */
static int refusal(const struct http_answer *a, struct err *e)
{
        OWN(json) json_t *root = NULL;
        const char *words = NULL;
        enum fault f = FAULT_BAD_INPUT;

        if (a->status >= 500)
                f = FAULT_UPSTREAM;
        else if (a->status == 401 || a->status == 403)
                f = FAULT_DENIED;
        else if (a->status == 404)
                f = FAULT_ABSENT;
        if (jsonx_parse(str_text(&a->body), a->body.len, &root, NULL) == 0 &&
            jsonx_opt_str(root, "error", &words, NULL) == 0 && !words)
                (void)jsonx_opt_str(root, "message", &words, NULL); /* none is as good */
        return err_set(e, f, 0, "etcd answered %d: %s", a->status, words ? words : "without words");
}

static void next_member(struct etcd *d)
{
        d->now = (d->now + 1) % d->count;
}

int etcd_call(struct etcd *d, const struct http_call *call, bool take_4xx, struct http_answer *a,
              struct err *e)
{
        for (size_t i = 0; i < d->count; i++) {
                struct err why = { 0 };
                int rc = http_client_call(d->members[d->now], call, a, &why);

                if (rc == 0 && (a->status / 100 == 2 || (take_4xx && a->status < 500)))
                        return 0;
                if (rc == 0)
                        (void)refusal(a, &why);
                if (e)
                        *e = why;
                if (why.sys == ECANCELED || (rc == 0 && a->status < 500))
                        return -1;
                next_member(d);
        }
        return -1;
}

int etcd_stream(struct etcd *d, const struct http_call *call, http_line_fn *on_line, void *arg,
                struct err *e)
{
        OWN(http_answer) struct http_answer a = { 0 };
        struct err why = { 0 };
        int rc = http_client_stream(d->members[d->now], call, on_line, arg, &a, &why);

        if (rc == 0 && a.status / 100 != 2)
                rc = refusal(&a, &why);
        /* One that ended may be shutting down; one that was silent is asked why by
         * the next call. */
        if (why.sys != ECANCELED && why.sys != ETIMEDOUT)
                next_member(d);
        if (rc < 0)
                *e = why;
        return rc;
}
