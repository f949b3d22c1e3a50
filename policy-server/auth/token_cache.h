/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What UAA has said of a token, remembered for a few seconds, and never past the
 * token's end. A token that is revoked meanwhile is believed so much longer. Of
 * the tokens themselves only hashes are kept. Safe from any thread.
 */
#ifndef NETMAN_POLICY_SERVER_AUTH_TOKEN_CACHE_H
#define NETMAN_POLICY_SERVER_AUTH_TOKEN_CACHE_H

#include "policy-server/auth/token.h"

struct token_cache;

/** struct token_cache_time - Now: clock_ms(), and seconds since 1970 */
struct token_cache_time {
        int64_t ms, epoch_s;
};

/** token_cache_new() - @seconds: How long an answer is remembered */
int token_cache_new(int64_t seconds, struct token_cache **ret, struct err *e);
void token_cache_free(struct token_cache *c);
OWN_DROP(token_cache, struct token_cache *, token_cache_free)

/** token_cache_get() - Return: false if UAA must be asked, @ret untouched */
bool token_cache_get(struct token_cache *c, const char *text, struct token_cache_time now,
                     struct token *ret);

/** token_cache_put() - Remember; without memory it does not */
void token_cache_put(struct token_cache *c, const char *text, struct token_cache_time now,
                     const struct token *t);

#endif
