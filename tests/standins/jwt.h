/* SPDX-License-Identifier: Apache-2.0 */
/* JSON web tokens signed with RS256, as the UAA gives them out. */
#ifndef TESTS_STANDINS_JWT_H
#define TESTS_STANDINS_JWT_H

#include "netman/file.h"
#include "netman/jsonx.h"
#include "netman/str.h"
#include "tests/base64url.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>
#include <time.h>

#define JWT_KEY_ID "key-1"
#define JWT_MAX    16384

OWN_DROP(pkey, EVP_PKEY *, EVP_PKEY_free)
OWN_DROP(mdctx, EVP_MD_CTX *, EVP_MD_CTX_free)
OWN_DROP(bio, BIO *, BIO_free_all)

static inline int base64_digit(char c)
{
        return c >= 'A' && c <= 'Z'   ? c - 'A'
               : c >= 'a' && c <= 'z' ? c - 'a' + 26
               : c >= '0' && c <= '9' ? c - '0' + 52
               : c == '-' || c == '+' ? 62
               : c == '_' || c == '/' ? 63
                                      : -1;
}

/** base64_decode() - Either alphabet, padding optional; false for anything else */
static inline bool base64_decode(struct str *s, const char *text, size_t len)
{
        unsigned int bits = 0, have = 0;

        while (len && text[len - 1] == '=')
                len--;
        for (size_t i = 0; i < len; i++) {
                int digit = base64_digit(text[i]);
                unsigned char byte;

                if (digit < 0)
                        return false;
                bits = bits << 6 | (unsigned int)digit;
                have += 6;
                if (have < 8)
                        continue;
                have -= 8;
                byte = (unsigned char)(bits >> have);
                str_add_mem(s, &byte, 1);
        }
        return true;
}

/** jwt_key_load() - A PEM private key; NULL if it is not there yet */
static inline EVP_PKEY *jwt_key_load(const char *path)
{
        OWN(bio) BIO *in = BIO_new_file(path, "r");

        return in ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
}

/** jwt_key_make() - The key at @path, made if there is none */
static inline EVP_PKEY *jwt_key_make(const char *path)
{
        OWN(bio) BIO *pem = BIO_new(BIO_s_mem());
        OWN(pkey) EVP_PKEY *key = jwt_key_load(path);
        char *data;
        long len;

        if (key)
                return GIVE(key);
        key = EVP_RSA_gen(2048);
        if (!key || !pem || !PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL))
                return NULL;
        len = BIO_get_mem_data(pem, &data);
        if (file_replace(path, data, (size_t)len, 0600, (uid_t)-1, (gid_t)-1, NULL) < 0)
                return NULL;
        return GIVE(key);
}

/** jwt_sign() - header.claims.signature; @header NULL for the usual one */
static inline void jwt_sign(EVP_PKEY *key, const json_t *header, const json_t *claims,
                            struct str *out)
{
        static const char usual[] =
                "{\"alg\":\"RS256\",\"kid\":\"" JWT_KEY_ID "\",\"typ\":\"JWT\"}";
        OWN(mem) char *head = header ? json_dumps(header, JSON_COMPACT) : strdup(usual);
        OWN(mem) char *body = json_dumps(claims, JSON_COMPACT);
        OWN(mdctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        unsigned char sig[512];
        size_t len = sizeof sig;

        if (!head || !body || !ctx) {
                out->bad = true; /* NOLINT(clang-analyzer-unix.Malloc): OWN frees what there is */
                return;
        }
        base64url(out, (unsigned char *)head, strlen(head));
        str_add(out, ".");
        base64url(out, (unsigned char *)body, strlen(body));
        if (out->bad || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
            EVP_DigestSign(ctx, sig, &len, (unsigned char *)out->data, out->len) != 1) {
                out->bad = true;
                return;
        }
        str_add(out, ".");
        base64url(out, sig, len);
}

/** jwt_verify() - The claims of a token that we signed and that has not expired, or NULL */
static inline json_t *jwt_verify(EVP_PKEY *key, const char *token)
{
        OWN(mdctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        OWN(str) struct str body = { 0 };
        OWN(str) struct str sig = { 0 };
        OWN(json) json_t *claims = NULL;
        const char *first = strchr(token, '.'), *last = strrchr(token, '.');

        if (!first || first == last || strlen(token) > JWT_MAX ||
            !base64_decode(&body, first + 1, (size_t)(last - first - 1)) ||
            !base64_decode(&sig, last + 1, strlen(last + 1)) || body.bad || sig.bad)
                return NULL;
        if (!ctx || EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
            EVP_DigestVerify(ctx, (unsigned char *)str_text(&sig), sig.len,
                             (const unsigned char *)token, (size_t)(last - token)) != 1)
                return NULL;
        if (jsonx_parse(str_text(&body), body.len, &claims, NULL) < 0 ||
            json_integer_value(json_object_get(claims, "exp")) <= time(NULL))
                return NULL;
        return GIVE(claims);
}

#endif
