/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/auth/token_cache.h"

#include <assert.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <string.h>

/* A token has its place in one set, by its hash; a full set loses the one that
 * ends first. So the size is bounded, and no list is kept. */
#define SETS 256
#define WAYS 4

struct entry {
        unsigned char hash[SHA256_DIGEST_LENGTH];
        json_t *claims; /* NULL: unused */
        int64_t until_ms;
};

struct token_cache {
        pthread_mutex_t lock;
        int64_t seconds;
        struct entry entries[SETS][WAYS];
};

int token_cache_new(int64_t seconds, struct token_cache **ret, struct err *e)
{
        struct token_cache *c = calloc(1, sizeof *c);

        if (!c)
                return err_oom(e);
        (void)pthread_mutex_init(&c->lock, NULL);
        c->seconds = seconds;
        *ret = c;
        return 0;
}

void token_cache_free(struct token_cache *c)
{
        if (!c)
                return;
        for (size_t i = 0; i < SETS; i++) {
                for (size_t k = 0; k < WAYS; k++)
                        json_decref(c->entries[i][k].claims);
        }
        (void)pthread_mutex_destroy(&c->lock);
        free(c);
}

static struct entry *set_of(struct token_cache *c, const char *text,
                            unsigned char hash[SHA256_DIGEST_LENGTH])
{
        (void)SHA256((const unsigned char *)text, strlen(text), hash);
        return c->entries[hash[0]];
}
static_assert(SETS == 1U << 8, "a set for each value of the hash's first byte");

/** recall() - Under the lock: a copy of the claims, NULL if they are not known */
static json_t *recall(const struct entry *set, const unsigned char *hash, int64_t now_ms)
{
        for (size_t i = 0; i < WAYS; i++) {
                if (set[i].claims && now_ms < set[i].until_ms &&
                    memcmp(set[i].hash, hash, SHA256_DIGEST_LENGTH) == 0)
                        return json_deep_copy(set[i].claims);
        }
        return NULL;
}

bool token_cache_get(struct token_cache *c, const char *text, struct token_cache_time now,
                     struct token *ret)
{
        unsigned char hash[SHA256_DIGEST_LENGTH];
        const struct entry *set = set_of(c, text, hash);
        json_t *claims;

        (void)pthread_mutex_lock(&c->lock);
        claims = recall(set, hash, now.ms);
        (void)pthread_mutex_unlock(&c->lock);
        return claims && token_from_claims(claims, ret, NULL) == 0;
}

/** place_for() - Under the lock: where this token is, or what makes room for it */
static struct entry *place_for(struct entry *set, const unsigned char *hash)
{
        struct entry *best = &set[0];

        for (size_t i = 0; i < WAYS; i++) {
                if (memcmp(set[i].hash, hash, SHA256_DIGEST_LENGTH) == 0)
                        return &set[i];
                if (set[i].until_ms < best->until_ms)
                        best = &set[i];
        }
        return best;
}

void token_cache_put(struct token_cache *c, const char *text, struct token_cache_time now,
                     const struct token *t)
{
        unsigned char hash[SHA256_DIGEST_LENGTH];
        struct entry *set = set_of(c, text, hash), *at;
        int64_t left_s = t->expires - now.epoch_s;
        json_t *claims;

        if (left_s <= 0) /* one that does not say when it ends is not remembered either */
                return;
        claims = json_deep_copy(t->claims);
        if (!claims)
                return;
        (void)pthread_mutex_lock(&c->lock);
        at = place_for(set, hash);
        json_decref(at->claims);
        memcpy(at->hash, hash, sizeof hash);
        at->claims = claims;
        at->until_ms = now.ms + (left_s < c->seconds ? left_s : c->seconds) * 1000;
        (void)pthread_mutex_unlock(&c->lock);
}
