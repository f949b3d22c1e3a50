/* SPDX-License-Identifier: Apache-2.0 */
/* Inside token verification: jwt*.c, jwk.c only. */
#ifndef NETMAN_POLICY_SERVER_AUTH_JWT_KEYS_H
#define NETMAN_POLICY_SERVER_AUTH_JWT_KEYS_H

#include "policy-server/auth/jwt.h"

#include <openssl/evp.h>

#define ES256_HALF 32 /* bytes in each of the two numbers of a signature or a point */

enum jwt_alg { JWT_RS256, JWT_ES256 };

struct jwt_key {
        char *id;
        enum jwt_alg alg;
        EVP_PKEY *key;
};

struct jwt_keys {
        struct jwt_key *items;
        size_t count;
};

/** jwk_read() - Return: the key, owned by the caller, or NULL if it is none that we use */
EVP_PKEY *jwk_read(const json_t *jwk, enum jwt_alg *ret_alg);

/** jwt_key_verify() - Is @sig the key's signature of @data? */
bool jwt_key_verify(const struct jwt_key *k, const char *data, size_t len, const unsigned char *sig,
                    size_t sig_len);

#endif
