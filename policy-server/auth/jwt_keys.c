/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/auth/jwt_keys.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <string.h>

#define KEYS_MAX 64

OWN_DROP(mdctx, EVP_MD_CTX *, EVP_MD_CTX_free)
OWN_DROP(ecdsa_sig, ECDSA_SIG *, ECDSA_SIG_free)

static int add_key(struct jwt_keys *keys, const json_t *jwk, struct err *e)
{
        const char *kid = json_string_value(json_object_get(jwk, "kid"));
        struct jwt_key *k = &keys->items[keys->count];

        k->key = jwk_read(jwk, &k->alg);
        if (!k->key)
                return 0;
        k->id = strdup(kid ? kid : "");
        if (!k->id) {
                EVP_PKEY_free(k->key);
                return err_oom(e);
        }
        keys->count++;
        return 0;
}

int jwt_keys_parse(const json_t *answer, struct jwt_keys **ret, struct err *e)
{
        const json_t *list = json_object_get(answer, "keys");
        OWN(jwt_keys) struct jwt_keys *keys = calloc(1, sizeof *keys);
        size_t i;
        json_t *obj;

        if (!json_is_array(list) || json_array_size(list) > KEYS_MAX)
                return err_set(e, FAULT_UPSTREAM, 0, "token keys: no list of at most %d 'keys'",
                               KEYS_MAX);
        if (!keys || !(keys->items = calloc(json_array_size(list) + 1, sizeof *keys->items)))
                return err_oom(e);
        json_array_foreach(list, i, obj) {
                if (add_key(keys, obj, e) < 0)
                        return -1;
        }
        *ret = GIVE(keys);
        return 0;
}

void jwt_keys_free(struct jwt_keys *keys)
{
        if (!keys)
                return;
        for (size_t i = 0; i < keys->count; i++) {
                EVP_PKEY_free(keys->items[i].key);
                free(keys->items[i].id);
        }
        free(keys->items);
        free(keys);
}

static bool verify_der(EVP_PKEY *key, const char *data, size_t len, const unsigned char *sig,
                       size_t sig_len)
{
        OWN(mdctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();

        return ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
               EVP_DigestVerify(ctx, sig, sig_len, (const unsigned char *)data, len) == 1;
}

/** verify_es256() - JWS writes r and s side by side, OpenSSL wants them in DER */
static bool verify_es256(EVP_PKEY *key, const char *data, size_t len, const unsigned char *sig,
                         size_t sig_len)
{
        OWN(ecdsa_sig) ECDSA_SIG *pair = ECDSA_SIG_new();
        unsigned char *der = NULL;
        BIGNUM *r, *s;
        int der_len;
        bool good;

        if (!pair || sig_len != 2 * ES256_HALF)
                return false;
        r = BN_bin2bn(sig, ES256_HALF, NULL);
        s = BN_bin2bn(sig + ES256_HALF, ES256_HALF, NULL);
        if (!r || !s || !ECDSA_SIG_set0(pair, r, s)) {
                BN_free(r);
                BN_free(s);
                return false;
        }
        der_len = i2d_ECDSA_SIG(pair, &der);
        good = der_len > 0 && verify_der(key, data, len, der, (size_t)der_len);
        OPENSSL_free(der);
        return good;
}

bool jwt_key_verify(const struct jwt_key *k, const char *data, size_t len, const unsigned char *sig,
                    size_t sig_len)
{
        return k->alg == JWT_ES256 ? verify_es256(k->key, data, len, sig, sig_len)
                                   : verify_der(k->key, data, len, sig, sig_len);
}
