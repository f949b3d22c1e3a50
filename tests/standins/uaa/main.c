/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for Cloud Foundry's UAA:
 *
 *   uaa --world FILE --signing-key FILE --url URL [--host H] [--port P] [--cert F --key F]
 *
 * Of the world it reads "clients" [{id, secret, scopes}], "users" [{id, name,
 * password, scopes}], and the lifetimes "access_token_seconds" and
 * "refresh_token_seconds", for all or in one user or client; "key_id", the name of
 * its key, and "jwk_only" to show it without its PEM. Tokens are signed, so they
 * survive a restart with the same key.
 */
#include "uaa.h"

#include <openssl/core_names.h>

static json_t *key_part(EVP_PKEY *key, const char *name)
{
        OWN(str) struct str text = { 0 };
        unsigned char raw[512];
        BIGNUM *n = NULL;
        int len;

        if (EVP_PKEY_get_bn_param(key, name, &n) != 1 || BN_num_bytes(n) > (int)sizeof raw)
                return NULL;
        len = BN_bn2bin(n, raw);
        BN_free(n);
        base64url(&text, raw, (size_t)len);
        return json_string(str_text(&text));
}

static void token_keys(struct http_request *rq)
{
        struct uaa *u = http_request_app(rq);
        OWN(json) json_t *world = standin_world(&u->standin);
        const char *id = json_string_value(json_object_get(world, "key_id"));
        OWN(bio) BIO *pem = BIO_new(BIO_s_mem());
        json_t *key;
        char *data;
        long len;

        if (standin_fails(rq, world))
                return;
        key = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "kty", "RSA", "alg", "RS256", "use",
                        "sig", "kid", id ? id : JWT_KEY_ID, "n",
                        key_part(u->key, OSSL_PKEY_PARAM_RSA_N), "e",
                        key_part(u->key, OSSL_PKEY_PARAM_RSA_E));
        (void)PEM_write_bio_PUBKEY(pem, u->key);
        len = BIO_get_mem_data(pem, &data);
        if (!json_is_true(json_object_get(world, "jwk_only")))
                (void)json_object_set_new(key, "value", json_stringn(data, (size_t)len));
        answer_json(rq, 200, json_pack("{s:[o]}", "keys", key));
}

static const struct http_route routes[] = {
        { .method = "POST", .pattern = "/oauth/token", .handler = token_grant },
        { .method = "POST", .pattern = "/check_token", .handler = token_check },
        { .method = "GET", .pattern = "/token_keys", .handler = token_keys },
        { .method = "POST", .pattern = "/standin/sign", .handler = token_sign },
        { 0 },
};

int main(int argc, char **argv)
{
        struct uaa u = { .standin.lock = PTHREAD_MUTEX_INITIALIZER };
        struct err e;
        int rc = 1;

        if (standin_options(argc, argv, &u.standin, &e) == 0) {
                u.key = jwt_key_make(u.standin.key_path);
                if (!u.key)
                        (void)err_set(&e, FAULT_SYSTEM, 0, "no key in %s", u.standin.key_path);
                else
                        rc = standin_run(&u.standin, routes, &e) < 0;
        }
        if (rc)
                (void)fprintf(stderr, "uaa: %s\n", e.msg);
        json_decref(u.standin.world);
        EVP_PKEY_free(u.key);
        return rc;
}
