/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/hand.h"

#include "cli-plugin/cc.h"
#include "cli-plugin/cf_config.h"
#include "cli-plugin/commands.h"
#include "cli-plugin/endpoint.h"
#include "cli-plugin/token.h"

#include "netman/jsonx.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPIRES_SOON_S 30

static struct cf_config *config_of(struct session *s)
{
        return s->impl;
}

static int hand_api(struct session *s, char **ret, struct err *e)
{
        struct cf_config *c = config_of(s);

        if (!*c->target)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "No API endpoint set. Use 'cf login' or 'cf api' to target an "
                               "endpoint.");
        return session_copy(c->target, ret, e);
}

static int hand_insecure(struct session *s, bool *ret, struct err *e)
{
        (void)e;
        *ret = config_of(s)->ssl_disabled;
        return 0;
}

static int logged_in(const struct cf_config *c, struct err *e)
{
        if (!*c->access_token)
                return err_set(e, FAULT_DENIED, 0, "Not logged in. Use 'cf login' to log in.");
        return 0;
}

static int hand_username(struct session *s, char **ret, struct err *e)
{
        struct cf_config *c = config_of(s);
        int64_t expires;

        if (logged_in(c, e) < 0)
                return -1;
        return token_read(c->access_token, ret, &expires, e);
}

/** take_tokens() - From the UAA's answer */
static int take_tokens(struct cf_config *c, const struct http_answer *a, struct err *e)
{
        OWN(json) json_t *answer = NULL;
        OWN(str) struct str bearer = { 0 };
        const char *access, *refresh = NULL;

        if (a->status == 400 || a->status == 401)
                return err_set(e, FAULT_DENIED, 0,
                               "the session has expired, use 'cf login' to log in (status %d)",
                               a->status);
        if (a->status != 200)
                return err_set(e, FAULT_UPSTREAM, 0, "renewing the token: the UAA answered %d",
                               a->status);
        if (jsonx_parse(str_text(&a->body), a->body.len, &answer, e) < 0 ||
            jsonx_str(answer, "access_token", &access, e) < 0 ||
            jsonx_opt_str(answer, "refresh_token", &refresh, e) < 0)
                return err_add(e, "UAA's answer");
        str_addf(&bearer, "bearer %s", access);
        if (str_ok(&bearer, e) < 0)
                return -1;
        return cf_config_set_tokens(c, bearer.data, refresh, e);
}

/** refresh() - Trade the refresh token for a new access token */
static int refresh(struct cf_config *c, struct err *e)
{
        OWN(http_client) struct http_client *uaa = NULL;
        OWN(http_answer) struct http_answer a = { 0 };
        OWN(str) struct str form = { 0 };
        struct http_call call = { .path = "/oauth/token",
                                  .user = c->client,
                                  .password = c->client_secret,
                                  .content_type = "application/x-www-form-urlencoded" };

        if (!*c->refresh_token || !*c->uaa)
                return err_set(e, FAULT_DENIED, 0,
                               "the session has expired, use 'cf login' to log in");
        str_add(&form, "grant_type=refresh_token&refresh_token=");
        http_escape(&form, c->refresh_token);
        call.body = str_text(&form);
        call.body_len = form.len;
        if (str_ok(&form, e) < 0 || endpoint_open(c->uaa, c->ssl_disabled, &uaa, e) < 0 ||
            http_client_call(uaa, &call, &a, e) < 0)
                return err_add(e, "renewing the token");
        return take_tokens(c, &a, e);
}

/**
 * keep_tokens() - In cf's file, for the next time
 *
 * A file that cannot be written keeps nobody from what she wants now. But the old
 * refresh token may be good for nothing any more, so it is said.
 */
static void keep_tokens(struct session *s)
{
        struct err why;

        if (cf_config_save(config_of(s), &why) == 0)
                return;
        progress_clear(&s->progress);
        (void)fprintf(stderr, "network-policy-plugin: the renewed token could not be kept: %s\n",
                      why.msg);
}

static int hand_token(struct session *s, bool fresh, char **ret, struct err *e)
{
        struct cf_config *c = config_of(s);
        OWN(mem) char *user = NULL;
        int64_t expires = 0;

        if (logged_in(c, e) < 0)
                return -1;
        if (!fresh && token_read(c->access_token, &user, &expires, NULL) == 0)
                fresh = expires && expires < time(NULL) + EXPIRES_SOON_S;
        if (fresh && refresh(c, e) < 0)
                return -1;
        if (fresh)
                keep_tokens(s);
        return session_copy(c->access_token, ret, e);
}

static int targeted(const struct cf_config *c, struct err *e)
{
        if (*c->space)
                return 0;
        return err_set(e, FAULT_BAD_INPUT, 0,
                       *c->org ? "No space targeted, use 'cf target -s SPACE' to target a space."
                               : "No org and space targeted, use 'cf target -o ORG -s SPACE' to "
                                 "target an org and space");
}

static int hand_app(struct session *s, const char *name, char **ret, struct err *e)
{
        struct cf_config *c = config_of(s);

        return targeted(c, e) < 0 ? -1 : cc_app_id(s, c->space, name, ret, e);
}

static int hand_apps(struct session *s, struct app_list *ret, struct err *e)
{
        struct cf_config *c = config_of(s);

        return targeted(c, e) < 0 ? -1 : cc_apps_of_space(s, c->space, ret, e);
}

static int hand_target(struct session *s, struct target *ret, struct err *e)
{
        const struct cf_config *c = config_of(s);

        if (targeted(c, e) < 0)
                return -1;
        *ret = (struct target){ c->org_name, c->org, c->space_name, c->space };
        return 0;
}

static int hand_help(struct session *s, const char *command, struct str *ret, struct err *e)
{
        (void)s;
        command_help(command_find(command), ret);
        return str_ok(ret, e);
}

static void hand_done(struct session *s)
{
        cf_config_done(config_of(s));
        free(s->impl);
}

static const struct session_ops hand_ops = {
        .api = hand_api,
        .insecure = hand_insecure,
        .username = hand_username,
        .token = hand_token,
        .app = hand_app,
        .apps = hand_apps,
        .target = hand_target,
        .help = hand_help,
        .done = hand_done,
};

int hand_open(struct session *ret, struct err *e)
{
        OWN(mem) struct cf_config *c = calloc(1, sizeof *c);

        if (!c)
                return err_oom(e);
        if (cf_config_load(c, e) < 0) {
                cf_config_done(c);
                return -1;
        }
        *ret = (struct session){ .ops = &hand_ops, .impl = GIVE(c) };
        return 0;
}
