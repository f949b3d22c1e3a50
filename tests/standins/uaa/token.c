/* SPDX-License-Identifier: Apache-2.0 */
#include "uaa.h"

#include <sys/random.h>

#define ACCESS_S  600
#define REFRESH_S 86400

/** struct grant - For whom a token is: a client for itself, or for a user */
struct grant {
        const char *type;
        const json_t *client, *user;
        const json_t *world;
};

static void deny(struct http_request *rq, unsigned int status, const char *error, const char *why)
{
        answer_json(rq, status, json_pack("{s:s, s:s}", "error", error, "error_description", why));
}

/** client_of() - The client that the request's basic authentication names, or NULL */
static const json_t *client_of(struct http_request *rq, const json_t *world)
{
        OWN(str) struct str id = { 0 };
        OWN(str) struct str secret = { 0 };
        const json_t *client;

        if (!basic_auth(rq, &id, &secret))
                return NULL;
        client = find_by(world_list(world, "clients"), "id", str_text(&id));
        return client && str_eq(text_of(client, "secret"), str_text(&secret)) ? client : NULL;
}

static json_t *random_id(const char *suffix)
{
        unsigned char raw[16] = { 0 };
        char text[48];
        size_t used = 0;

        if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
                abort(); /* no kernel of ours refuses */
        for (size_t i = 0; i < sizeof raw; i++)
                used += (size_t)snprintf(text + used, sizeof text - used, "%02x", raw[i]);
        (void)snprintf(text + used, sizeof text - used, "%s", suffix);
        return json_string(text);
}

/** audience() - The client and what stands before the last dot of each scope */
static json_t *audience(const char *client, const json_t *scopes)
{
        json_t *aud = json_pack("[s]", client), *scope;
        size_t i;

        json_array_foreach(scopes, i, scope) {
                const char *text = json_string_value(scope), *dot = strrchr(text, '.');
                OWN(str) struct str part = { 0 };

                str_add_mem(&part, text, dot ? (size_t)(dot - text) : strlen(text));
                if (!list_holds(aud, str_text(&part)))
                        (void)json_array_append_new(aud, json_string(str_text(&part)));
        }
        return aud;
}

/** seconds() - A lifetime: the user's own, the world's, or @otherwise */
static json_int_t seconds(const struct grant *g, const char *key, json_int_t otherwise)
{
        json_t *own = json_object_get(g->user ? g->user : g->client, key);
        json_t *all = json_object_get(g->world, key);

        return own ? json_integer_value(own) : all ? json_integer_value(all) : otherwise;
}

static json_t *claims_of(const struct uaa *u, const struct grant *g, bool refresh)
{
        const char *client = text_of(g->client, "id");
        json_t *scopes = json_object_get(g->user ? g->user : g->client, "scopes");
        json_int_t life = refresh ? seconds(g, "refresh_token_seconds", REFRESH_S)
                                  : seconds(g, "access_token_seconds", ACCESS_S);
        time_t now = time(NULL);
        json_t *claims;

        claims = json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:O, s:o, s:I, s:I, s:s+}", "jti",
                           random_id(refresh ? "-r" : ""), "client_id", client, "cid", client,
                           "azp", client, "grant_type", g->type, "zid", "uaa", "scope", scopes,
                           "aud", audience(client, scopes), "iat", (json_int_t)now, "exp",
                           (json_int_t)now + life, "iss", u->standin.public_url, "/oauth/token");
        if (g->user)
                (void)json_object_update_new(
                        claims, json_pack("{s:s, s:s, s:s, s:s, s:s}", "sub",
                                          text_of(g->user, "id"), "user_id", text_of(g->user, "id"),
                                          "user_name", text_of(g->user, "name"), "email",
                                          text_of(g->user, "name"), "origin", "uaa"));
        else
                (void)json_object_set_new(claims, "sub", json_string(client));
        return claims;
}

static void give_tokens(struct http_request *rq, struct uaa *u, const struct grant *g)
{
        OWN(json) json_t *claims = claims_of(u, g, false);
        OWN(str) struct str access = { 0 };
        OWN(str) struct str scopes = { 0 };
        json_t *answer, *scope;
        size_t i;

        json_array_foreach(json_object_get(claims, "scope"), i, scope) {
                str_addf(&scopes, "%s%s", i ? " " : "", json_string_value(scope));
        }
        jwt_sign(u->key, NULL, claims, &access);
        answer = json_pack("{s:s, s:s, s:I, s:s, s:O}", "access_token", str_text(&access),
                           "token_type", "bearer", "expires_in",
                           seconds(g, "access_token_seconds", ACCESS_S), "scope", str_text(&scopes),
                           "jti", json_object_get(claims, "jti"));
        if (g->user) {
                OWN(json) json_t *longer = claims_of(u, g, true);
                OWN(str) struct str refresh = { 0 };

                jwt_sign(u->key, NULL, longer, &refresh);
                (void)json_object_set_new(answer, "refresh_token", json_string(str_text(&refresh)));
        }
        answer_json(rq, 200, answer);
}

/** user_by_password() - NULL unless name and password are right */
static const json_t *user_by_password(const char *form, const json_t *world)
{
        OWN(str) struct str name = { 0 };
        OWN(str) struct str password = { 0 };
        const json_t *user;

        if (!form_get(form, "username", &name) || !form_get(form, "password", &password))
                return NULL;
        user = find_by(world_list(world, "users"), "name", str_text(&name));
        return user && str_eq(text_of(user, "password"), str_text(&password)) ? user : NULL;
}

/** user_by_refresh() - NULL unless the refresh token is ours, valid, and its user still there */
static const json_t *user_by_refresh(const struct uaa *u, const char *form, const json_t *world)
{
        OWN(str) struct str token = { 0 };
        OWN(json) json_t *claims = NULL;
        const char *jti;

        if (!form_get(form, "refresh_token", &token))
                return NULL;
        claims = jwt_verify(u->key, str_text(&token));
        jti = text_of(claims, "jti");
        if (strlen(jti) < 2 || strcmp(jti + strlen(jti) - 2, "-r") != 0)
                return NULL;
        return find_by(world_list(world, "users"), "id", text_of(claims, "user_id"));
}

void token_grant(struct http_request *rq)
{
        struct uaa *u = http_request_app(rq);
        OWN(json) json_t *world = standin_world(&u->standin);
        OWN(str) struct str type = { 0 };
        const char *form = http_request_body(rq, NULL);
        struct grant g = { .client = client_of(rq, world), .world = world };

        if (standin_fails(rq, world))
                return;
        if (!g.client) {
                deny(rq, 401, "unauthorized", "Bad credentials");
                return;
        }
        (void)form_get(form, "grant_type", &type);
        g.type = str_text(&type);
        if (str_eq(g.type, "client_credentials")) {
                give_tokens(rq, u, &g);
                return;
        }
        if (str_eq(g.type, "password"))
                g.user = user_by_password(form, world);
        else if (str_eq(g.type, "refresh_token"))
                g.user = user_by_refresh(u, form, world);
        if (g.user)
                give_tokens(rq, u, &g);
        else
                deny(rq, 401, "invalid_grant", "Bad credentials");
}

void token_check(struct http_request *rq)
{
        struct uaa *u = http_request_app(rq);
        OWN(json) json_t *world = standin_world(&u->standin);
        const json_t *client = client_of(rq, world);
        OWN(str) struct str token = { 0 };
        OWN(json) json_t *claims = NULL;
        const char *user;

        if (standin_fails(rq, world))
                return;
        if (!client || !list_holds(json_object_get(client, "scopes"), "uaa.resource")) {
                deny(rq, 401, "unauthorized", "Bad credentials");
                return;
        }
        if (form_get(http_request_body(rq, NULL), "token", &token))
                claims = jwt_verify(u->key, str_text(&token));
        user = json_string_value(json_object_get(claims, "user_id"));
        if (!claims || (user && !find_by(world_list(world, "users"), "id", user)))
                deny(rq, 400, "invalid_token", "Token is unknown, malformed or has expired");
        else
                answer_json(rq, 200, GIVE(claims));
}

/*
 * POST /standin/sign {"header":{…},"claims":{…}}: a token with just these, for
 * tests of tokens that the real UAA would never give out.
 */
void token_sign(struct http_request *rq)
{
        struct uaa *u = http_request_app(rq);
        OWN(json) json_t *wish = NULL;
        OWN(str) struct str token = { 0 };
        size_t len;
        const char *body = http_request_body(rq, &len);

        if (jsonx_parse(body, len, &wish, NULL) < 0 ||
            !json_is_object(json_object_get(wish, "claims"))) {
                deny(rq, 400, "invalid", "need claims");
                return;
        }
        jwt_sign(u->key, json_object_get(wish, "header"), json_object_get(wish, "claims"), &token);
        answer_json(rq, 200, json_pack("{s:s}", "token", str_text(&token)));
}
