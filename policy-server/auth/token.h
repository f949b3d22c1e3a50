/* SPDX-License-Identifier: Apache-2.0 */
/* What a verified access token says. */
#ifndef NETMAN_POLICY_SERVER_AUTH_TOKEN_H
#define NETMAN_POLICY_SERVER_AUTH_TOKEN_H

#include "netman/jsonx.h"
#include "netman/str.h"

#include <stdbool.h>

#define SCOPE_ADMIN "network.admin"
#define SCOPE_WRITE "network.write"

/**
 * struct token - Of a person or a client; owned strings
 * @claims:  Where the borrowed texts below live
 * @scopes:  Array of strings, borrowed
 * @subject: "sub", else "user_id"; "" where there is neither
 * @user_name: "user_name", else the subject
 * @expires: Seconds since 1970; 0 where not said
 */
struct token {
        json_t *claims;
        const json_t *scopes;
        const char *subject, *user_name;
        int64_t expires;
};

/**
 * token_from_claims() - Take what we need from UAA's answer or a JWT's payload
 * @claims: Given away
 * @e: FAULT_UPSTREAM: not what a token says
 */
int token_from_claims(json_t *claims, struct token *ret, struct err *e);
void token_done(struct token *t);

static inline void token_drop(struct token *t)
{
        token_done(t);
}

bool token_has_scope(const struct token *t, const char *scope);

/** token_scopes_text() - "[a b]", as the API's clients know it from refusals */
void token_scopes_text(const struct token *t, struct str *out);

#endif
