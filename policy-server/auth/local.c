/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/auth/local.h"

#include "netman/clock.h"
#include "policy-server/auth/jwt.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define KEYS_FOR_MS  600000 /* a key that UAA has withdrawn is believed no longer than this */
#define ASK_AGAIN_MS 5000   /* tokens with made-up key ids must not make us pester UAA */

struct local {
        struct upstream *uaa;
        const struct ps_config *config;
        char *issuer;
        const char *audiences[4];
        pthread_rwlock_t lock; /* keys, fetched_ms */
        struct jwt_keys *keys;
        int64_t fetched_ms;
        pthread_mutex_t asking; /* asked_ms; held while UAA is asked, so that one does */
        int64_t asked_ms;
};

int local_new(const struct ps_config *c, struct upstream *uaa, struct local **ret, struct err *e)
{
        OWN(local) struct local *l = calloc(1, sizeof *l);
        OWN(mem) char *base = ps_config_uaa_base(c);
        OWN(str) struct str issuer = { 0 };

        if (!l || !base)
                return err_oom(e);
        (void)pthread_rwlock_init(&l->lock, NULL);
        (void)pthread_mutex_init(&l->asking, NULL);
        if (c->uaa_issuer)
                str_add(&issuer, c->uaa_issuer);
        else
                str_addf(&issuer, "%s/oauth/token", base);
        if (str_ok(&issuer, e) < 0)
                return -1;
        l->issuer = str_steal(&issuer);
        l->uaa = uaa;
        l->config = c;
        /* UAA names the first part of each scope as an audience: "network.write" is for
         * "network". Under self service a developer's token may have no such scope. */
        l->audiences[0] = "network";
        l->audiences[1] = c->uaa_client;
        l->audiences[2] = c->enable_space_developer_self_service ? "cloud_controller" : NULL;
        l->asked_ms = -ASK_AGAIN_MS;
        *ret = GIVE(l);
        return 0;
}

void local_free(struct local *l)
{
        if (!l)
                return;
        jwt_keys_free(l->keys);
        (void)pthread_rwlock_destroy(&l->lock);
        (void)pthread_mutex_destroy(&l->asking);
        free(l->issuer);
        free(l);
}

/** fetch() - UAA's keys of today */
static int fetch(struct local *l, struct err *e)
{
        const struct http_call call = { .path = "/token_keys",
                                        .user = l->config->uaa_client,
                                        .password = l->config->uaa_client_secret };
        OWN(json) json_t *answer = NULL;
        struct jwt_keys *keys = NULL;

        if (upstream_json(l->uaa, &call, &answer, e) < 0 || jwt_keys_parse(answer, &keys, e) < 0)
                return -1;
        (void)pthread_rwlock_wrlock(&l->lock);
        jwt_keys_free(l->keys);
        l->keys = keys;
        l->fetched_ms = clock_ms();
        (void)pthread_rwlock_unlock(&l->lock);
        return 0;
}

/**
 * refresh() - Fetch the keys, unless another thread has since @wanted_ms, or UAA
 *             was asked a moment ago
 */
static int refresh(struct local *l, int64_t wanted_ms, struct err *e)
{
        int rc = 0;

        (void)pthread_mutex_lock(&l->asking);
        if (l->fetched_ms <= wanted_ms && clock_ms() - l->asked_ms >= ASK_AGAIN_MS) {
                rc = fetch(l, e);
                l->asked_ms = clock_ms();
        }
        (void)pthread_mutex_unlock(&l->asking);
        return rc;
}

/** verify() - With the keys that are there; @e: FAULT_ABSENT: others are needed */
static int verify(struct local *l, const char *text, struct token *ret, struct err *e)
{
        const struct jwt_rules rules = { .issuer = l->issuer,
                                         .audiences = l->audiences,
                                         .now = (int64_t)time(NULL) };
        int rc;

        (void)pthread_rwlock_rdlock(&l->lock);
        if (!l->keys || clock_ms() - l->fetched_ms > KEYS_FOR_MS)
                rc = err_set(e, FAULT_ABSENT, 0, "token: UAA's keys are not known");
        else
                rc = jwt_verify(l->keys, &rules, text, ret, e);
        (void)pthread_rwlock_unlock(&l->lock);
        return rc;
}

int local_check(struct local *l, const char *text, struct token *ret, struct err *e)
{
        int64_t began_ms = clock_ms();
        struct err why = { 0 };

        if (verify(l, text, ret, &why) == 0)
                return 0;
        if (why.fault != FAULT_ABSENT)
                return err_set(e, why.fault, 0, "%s", why.msg);
        return refresh(l, began_ms, e) < 0 ? -1 : verify(l, text, ret, e);
}
