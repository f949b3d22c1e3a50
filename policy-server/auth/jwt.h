/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access tokens verified here instead of by UAA ("uaa_verify": "local"): the
 * signature with UAA's published keys, and every claim that limits the token.
 * What only UAA knows, a revocation, is not seen; that is the price.
 */
#ifndef NETMAN_POLICY_SERVER_AUTH_JWT_H
#define NETMAN_POLICY_SERVER_AUTH_JWT_H

#include "policy-server/auth/token.h"

struct jwt_keys;

/**
 * jwt_keys_parse() - UAA's answer to GET /token_keys
 *
 * Keys of other kinds than RS256 and ES256 are left out: the algorithm is the
 * key's, never the token's choice.
 */
int jwt_keys_parse(const json_t *answer, struct jwt_keys **ret, struct err *e);
void jwt_keys_free(struct jwt_keys *keys);
OWN_DROP(jwt_keys, struct jwt_keys *, jwt_keys_free)

/**
 * struct jwt_rules - What a token must say
 * @issuer:    "iss"
 * @audiences: One of these must be in "aud"; NULL at the end
 * @now:       Seconds since 1970
 */
struct jwt_rules {
        const char *issuer;
        const char *const *audiences;
        int64_t now;
};

/**
 * jwt_verify() - Is this token good?
 * @e: FAULT_ABSENT: signed with a key that is not in @keys, which may be old;
 *     FAULT_DENIED: no
 */
int jwt_verify(const struct jwt_keys *keys, const struct jwt_rules *rules, const char *text,
               struct token *ret, struct err *e);

#endif
