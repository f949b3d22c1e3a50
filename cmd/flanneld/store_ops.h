/* SPDX-License-Identifier: Apache-2.0 */
/* What a kind of store implements; no business of those who use one. */
#ifndef FLANNELD_STORE_OPS_H
#define FLANNELD_STORE_OPS_H

#include "cmd/flanneld/store.h"

/** struct store_ops - The functions of store.h, each on the kind's own state */
struct store_ops {
        int (*open)(const struct store_conf *conf, void **ret, struct err *e);
        void (*close)(void *s);
        int (*config)(void *s, struct str *ret, struct err *e);
        int (*list)(void *s, struct leases *ret, int64_t *ret_rev, struct err *e);
        int (*create)(void *s, struct lease *l, int64_t ttl_s, struct err *e);
        int (*update)(void *s, struct lease *l, int64_t ttl_s, struct err *e);
        int (*renew)(void *s, struct lease *l, int64_t ttl_s, int64_t *ret_ttl_s, struct err *e);
        int (*watch)(void *s, int64_t *rev, const struct store_news *news, int wake_fd,
                     struct err *e);
};

extern const struct store_ops store_etcd_v2;
extern const struct store_ops store_etcd_v3;
extern const struct store_ops store_file;

/**
 * store_read_lease() - A lease from what a store holds
 * @ret: With an unreadable value, which is logged, a lease that only occupies
 *       its subnet
 *
 * Return: false if the key names no subnet (that is logged too)
 */
bool store_read_lease(const char *key, const char *value, size_t len, struct lease *ret);

#endif
