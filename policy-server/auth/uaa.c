/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/auth/uaa.h"

#include "netman/clock.h"
#include "policy-server/auth/local.h"
#include "policy-server/auth/token_cache.h"
#include "policy-server/auth/upstream.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define TOKEN_MAX 32768
/* Our own token is renewed this long before it ends. */
#define MARGIN_S 30
/* A UAA that could not give us one is not asked again before: who waits for the answer
 * would have to wait once for each of those that wait before him. */
#define FAILED_MS 5000
#define FORM      "application/x-www-form-urlencoded"

struct uaa {
        struct upstream *server;
        struct local *local;         /* NULL: UAA is asked about tokens */
        struct token_cache *cache;   /* NULL: about every one */
        const char *client, *secret; /* borrowed from the configuration */
        pthread_mutex_t lock;        /* own token, and why there is none */
        char *own;
        int64_t own_until_ms, failed_ms;
        struct err failure;
};

int uaa_new(const struct ps_config *c, struct uaa **ret, struct err *e)
{
        OWN(uaa) struct uaa *u = calloc(1, sizeof *u);
        OWN(mem) char *base = ps_config_uaa_base(c);

        if (!u || !base)
                return err_oom(e);
        (void)pthread_mutex_init(&u->lock, NULL);
        u->client = c->uaa_client;
        u->secret = c->uaa_client_secret;
        if (upstream_new(base, c->uaa_ca, c->skip_ssl_validation, &u->server, e) < 0)
                return err_add(e, "uaa");
        if (str_eq(c->uaa_verify, "local") && local_new(c, u->server, &u->local, e) < 0)
                return -1;
        if (!u->local && c->token_cache_seconds &&
            token_cache_new(c->token_cache_seconds, &u->cache, e) < 0)
                return -1;
        *ret = GIVE(u);
        return 0;
}

static void forget_own(struct uaa *u)
{
        if (u->own)
                explicit_bzero(u->own, strlen(u->own));
        free(u->own);
        u->own = NULL;
}

void uaa_free(struct uaa *u)
{
        if (!u)
                return;
        forget_own(u);
        local_free(u->local);
        token_cache_free(u->cache);
        upstream_free(u->server);
        (void)pthread_mutex_destroy(&u->lock);
        free(u);
}

void uaa_stop(struct uaa *u)
{
        if (u)
                upstream_stop(u->server);
}

/** ask() - POST a form with our name and secret */
static int ask(struct uaa *u, const char *path, const struct str *form, json_t **ret, struct err *e)
{
        const struct http_call call = { .path = path,
                                        .method = "POST",
                                        .user = u->client,
                                        .password = u->secret,
                                        .content_type = FORM,
                                        .body = str_text(form),
                                        .body_len = form->len };

        if (str_ok(form, e) < 0)
                return -1;
        return upstream_json(u->server, &call, ret, e);
}

/** check_remote() - What does UAA say of it? */
static int check_remote(struct uaa *u, const char *text, struct token *ret, struct err *e)
{
        OWN(str) struct str form = { 0 };
        json_t *claims = NULL;
        int rc;

        str_add(&form, "token=");
        http_escape(&form, text);
        rc = ask(u, "/check_token", &form, &claims, e);
        if (form.data)
                explicit_bzero(form.data, form.len);
        return rc < 0 ? -1 : token_from_claims(claims, ret, e);
}

int uaa_check(struct uaa *u, const char *text, struct token *ret, struct err *e)
{
        struct token_cache_time now = { .ms = clock_ms(), .epoch_s = (int64_t)time(NULL) };

        if (!*text || strlen(text) > TOKEN_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "token is empty or too long");
        if (u->local)
                return local_check(u->local, text, ret, e);
        if (u->cache && token_cache_get(u->cache, text, now, ret))
                return 0;
        if (check_remote(u, text, ret, e) < 0)
                return -1;
        if (u->cache) /* counted from before the question: the answer may be as old */
                token_cache_put(u->cache, text, now, ret);
        return 0;
}

/** fetch_own() - Under the lock: a new token for ourselves */
static int fetch_own(struct uaa *u, struct err *e)
{
        OWN(str) struct str form = { 0 }, bearer = { 0 };
        OWN(json) json_t *answer = NULL;
        int64_t lives_s = 0;
        const char *token;

        str_add(&form, "client_id=");
        http_escape(&form, u->client);
        str_add(&form, "&grant_type=client_credentials");
        if (ask(u, "/oauth/token", &form, &answer, e) < 0)
                return -1;
        if (jsonx_str(answer, "access_token", &token, e) < 0 ||
            jsonx_opt_int(answer, "expires_in", 0, INT32_MAX, &lives_s, e) < 0)
                return err_add(e, "uaa's token answer");
        str_addf(&bearer, "bearer %s", token);
        if (str_ok(&bearer, e) < 0)
                return -1;
        forget_own(u);
        u->own = str_steal(&bearer);
        u->own_until_ms = clock_ms() + (lives_s > MARGIN_S ? lives_s - MARGIN_S : 0) * 1000;
        return 0;
}

/** fetch_or_recall() - Under the lock: a new token, or what came of asking for one just now */
static int fetch_or_recall(struct uaa *u, struct err *e)
{
        struct err why = { 0 };

        if (u->failure.fault == FAULT_NONE || clock_ms() - u->failed_ms > FAILED_MS) {
                u->failure = (struct err){ 0 };
                if (fetch_own(u, &why) == 0)
                        return 0;
                u->failure = why;
                u->failed_ms = clock_ms();
        }
        return err_set(e, u->failure.fault, 0, "%s", u->failure.msg);
}

int uaa_own_token(struct uaa *u, bool renew, char **ret, struct err *e)
{
        int rc = 0;

        (void)pthread_mutex_lock(&u->lock);
        if (!u->own || renew || clock_ms() >= u->own_until_ms)
                rc = fetch_or_recall(u, e);
        if (rc == 0) {
                *ret = strdup(u->own);
                if (!*ret)
                        rc = err_oom(e);
        }
        (void)pthread_mutex_unlock(&u->lock);
        return rc < 0 ? err_add(e, "getting token") : 0;
}
