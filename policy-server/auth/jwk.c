/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One key of /token_keys: UAA gives it as PEM ("value") and as the numbers that
 * RFC 7518 names ("n" and "e", "x" and "y"); others give the numbers only.
 */
#include "netman/base64url.h"
#include "policy-server/auth/jwt_keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <string.h>

#define RSA_BITS_MIN 2048
#define RSA_N_MAX    1024 /* bytes */
#define RSA_E_MAX    8

OWN_DROP(bio, BIO *, BIO_free_all)
OWN_DROP(bignum, BIGNUM *, BN_free)
OWN_DROP(pkey, EVP_PKEY *, EVP_PKEY_free)
OWN_DROP(pkey_ctx, EVP_PKEY_CTX *, EVP_PKEY_CTX_free)
OWN_DROP(param_bld, OSSL_PARAM_BLD *, OSSL_PARAM_BLD_free)
OWN_DROP(params, OSSL_PARAM *, OSSL_PARAM_free)

static EVP_PKEY *read_pem(const char *pem)
{
        OWN(bio) BIO *bio = BIO_new_mem_buf(pem, -1);

        return bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
}

/** read_bytes() - A member in base64url. Return: false if it is absent or none */
static bool read_bytes(const json_t *jwk, const char *name, struct str *out)
{
        const char *text = json_string_value(json_object_get(jwk, name));

        return text && base64url_decode(text, strlen(text), out);
}

static BIGNUM *read_number(const json_t *jwk, const char *name, size_t bytes_max)
{
        OWN(str) struct str raw = { 0 };

        if (!read_bytes(jwk, name, &raw) || raw.len > bytes_max)
                return NULL;
        return BN_bin2bn((const unsigned char *)raw.data, (int)raw.len, NULL);
}

/** build() - From what is in @bld, and only if it makes sense as a public key */
static EVP_PKEY *build(const char *type, OSSL_PARAM_BLD *bld)
{
        OWN(params) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
        OWN(pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
        OWN(pkey_ctx) EVP_PKEY_CTX *check = NULL;
        OWN(pkey) EVP_PKEY *key = NULL;

        if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
            EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
                return NULL;
        check = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
        return check && EVP_PKEY_public_check(check) == 1 ? GIVE(key) : NULL;
}

static EVP_PKEY *rsa_from_numbers(const json_t *jwk)
{
        OWN(param_bld) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
        OWN(bignum) BIGNUM *n = read_number(jwk, "n", RSA_N_MAX);
        OWN(bignum) BIGNUM *e = read_number(jwk, "e", RSA_E_MAX);

        if (!bld || !n || !e || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
            OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) != 1)
                return NULL;
        return build("RSA", bld);
}

static EVP_PKEY *ec_from_numbers(const json_t *jwk)
{
        OWN(param_bld) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
        OWN(str) struct str point = { 0 };

        str_add(&point, "\x04"); /* both coordinates follow, none is compressed */
        if (!bld || !str_eq(json_string_value(json_object_get(jwk, "crv")), "P-256") ||
            !read_bytes(jwk, "x", &point) || point.len != 1 + ES256_HALF ||
            !read_bytes(jwk, "y", &point) || point.len != 1 + 2 * ES256_HALF ||
            OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
                    1 ||
            OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.len) !=
                    1)
                return NULL;
        return build("EC", bld);
}

/** suits() - Is this key of the kind and strength its algorithm wants? */
static bool suits(EVP_PKEY *key, enum jwt_alg alg)
{
        char curve[32] = "";

        if (alg == JWT_RS256)
                return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN;
        return EVP_PKEY_is_a(key, "EC") &&
               EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof curve,
                                              NULL) == 1 &&
               str_eq(curve, "prime256v1");
}

/** read_alg() - What the key is for: said, or the only thing its type can do here */
static bool read_alg(const json_t *jwk, enum jwt_alg *ret)
{
        const char *alg = json_string_value(json_object_get(jwk, "alg"));
        const char *type = json_string_value(json_object_get(jwk, "kty"));
        const char *use = json_string_value(json_object_get(jwk, "use"));

        if (use && !str_eq(use, "sig"))
                return false;
        if (alg ? str_eq(alg, "ES256") : str_eq(type, "EC"))
                *ret = JWT_ES256;
        else if (alg ? str_eq(alg, "RS256") : str_eq(type, "RSA"))
                *ret = JWT_RS256;
        else
                return false;
        return true;
}

EVP_PKEY *jwk_read(const json_t *jwk, enum jwt_alg *ret_alg)
{
        const char *pem = json_string_value(json_object_get(jwk, "value"));
        OWN(pkey) EVP_PKEY *key = NULL;

        if (!read_alg(jwk, ret_alg))
                return NULL;
        if (pem)
                key = read_pem(pem);
        else
                key = *ret_alg == JWT_RS256 ? rsa_from_numbers(jwk) : ec_from_numbers(jwk);
        return key && suits(key, *ret_alg) ? GIVE(key) : NULL;
}
