/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/auth/jwt.h"

#include "netman/base64url.h"
#include "policy-server/auth/jwt_keys.h"

#include <string.h>

/* Clocks of different machines agree within this. */
#define LEEWAY_S 5

/** struct jwt_parts - A token cut at its dots, decoded */
struct jwt_parts {
        json_t *header, *claims;
        struct str signature;
        size_t signed_len; /* bytes of the text that the signature covers */
};

static void jwt_parts_drop(struct jwt_parts *p)
{
        json_decref(p->header);
        json_decref(p->claims);
        str_done(&p->signature);
}

static int denied(struct err *e, const char *why)
{
        return err_set(e, FAULT_DENIED, 0, "token: %s", why);
}

static int decode_object(const char *text, size_t len, json_t **ret, struct err *e)
{
        OWN(str) struct str raw = { 0 };
        OWN(json) json_t *obj = NULL;

        if (!base64url_decode(text, len, &raw))
                return denied(e, "not base64url");
        obj = json_loadb(raw.data, raw.len, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_object(obj))
                return denied(e, "a part is no JSON object");
        *ret = GIVE(obj);
        return 0;
}

static int cut(const char *text, struct jwt_parts *p, struct err *e)
{
        const char *claims = strchr(text, '.');
        const char *sig = claims ? strchr(claims + 1, '.') : NULL;

        if (!sig || strchr(sig + 1, '.'))
                return denied(e, "not three parts");
        p->signed_len = (size_t)(sig - text);
        if (decode_object(text, (size_t)(claims - text), &p->header, e) < 0 ||
            decode_object(claims + 1, (size_t)(sig - claims - 1), &p->claims, e) < 0)
                return -1;
        if (!base64url_decode(sig + 1, strlen(sig + 1), &p->signature))
                return denied(e, "signature unreadable");
        return 0;
}

/** find_key() - By its id; the token's algorithm must be the key's */
static int find_key(const struct jwt_keys *keys, const json_t *header, const struct jwt_key **ret,
                    struct err *e)
{
        const char *alg = "", *kid = "";

        if (json_object_get(header, "crit"))
                return denied(e, "has critical extensions");
        if (jsonx_str(header, "alg", &alg, NULL) < 0 ||
            jsonx_opt_str(header, "kid", &kid, NULL) < 0)
                return denied(e, "header without algorithm");
        if (!str_eq(alg, "RS256") && !str_eq(alg, "ES256"))
                return denied(e, "algorithm is neither RS256 nor ES256");
        for (size_t i = 0; i < keys->count; i++) {
                const struct jwt_key *k = &keys->items[i];

                if (!str_eq(k->id, kid))
                        continue;
                if (str_eq(alg, "ES256") != (k->alg == JWT_ES256))
                        return denied(e, "algorithm is not the key's");
                *ret = k;
                return 0;
        }
        return err_set(e, FAULT_ABSENT, 0, "token: signed with an unknown key");
}

static int check_times(const json_t *claims, int64_t now, struct err *e)
{
        int64_t exp = 0, nbf = 0, iat = 0;

        if (jsonx_int(claims, "exp", 1, INT64_MAX, &exp, NULL) < 0)
                return denied(e, "does not say when it expires");
        if (exp <= now)
                return denied(e, "has expired");
        if (jsonx_opt_int(claims, "nbf", 0, INT64_MAX, &nbf, NULL) < 0 ||
            jsonx_opt_int(claims, "iat", 0, INT64_MAX, &iat, NULL) < 0)
                return denied(e, "nbf or iat is no time");
        return nbf > now + LEEWAY_S || iat > now + LEEWAY_S ? denied(e, "is not valid yet") : 0;
}

static bool is_one_of(const char *text, const char *const *list)
{
        for (; text && *list; list++) {
                if (str_eq(text, *list))
                        return true;
        }
        return false;
}

static bool for_us(const json_t *aud, const char *const *ours)
{
        size_t i;
        json_t *item;

        if (json_is_string(aud))
                return is_one_of(json_string_value(aud), ours);
        json_array_foreach(aud, i, item) {
                if (is_one_of(json_string_value(item), ours))
                        return true;
        }
        return false;
}

static int check_claims(const json_t *claims, const struct jwt_rules *rules, struct err *e)
{
        const char *iss = "", *jti = "";
        size_t len;

        if (check_times(claims, rules->now, e) < 0)
                return -1;
        if (jsonx_str(claims, "iss", &iss, NULL) < 0 || !str_eq(iss, rules->issuer))
                return denied(e, "is from another issuer");
        if (!for_us(json_object_get(claims, "aud"), rules->audiences))
                return denied(e, "is for another audience");
        if (!json_is_array(json_object_get(claims, "scope")))
                return denied(e, "has no list of scopes");
        /* UAA signs refresh tokens with the same key; their ids end so. */
        (void)jsonx_opt_str(claims, "jti", &jti, NULL);
        len = strlen(jti);
        if (len >= 2 && str_eq(jti + len - 2, "-r"))
                return denied(e, "is a refresh token");
        return 0;
}

int jwt_verify(const struct jwt_keys *keys, const struct jwt_rules *rules, const char *text,
               struct token *ret, struct err *e)
{
        OWN(jwt_parts) struct jwt_parts p = { 0 };
        const struct jwt_key *key = NULL;

        if (cut(text, &p, e) < 0 || find_key(keys, p.header, &key, e) < 0)
                return -1;
        if (!jwt_key_verify(key, text, p.signed_len, (const unsigned char *)p.signature.data,
                            p.signature.len))
                return denied(e, "the signature is wrong");
        if (check_claims(p.claims, rules, e) < 0)
                return -1;
        return token_from_claims(json_incref(p.claims), ret, e);
}
