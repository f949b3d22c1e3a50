/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/store.h"

#include "cmd/flanneld/store_ops.h"
#include "netman/log.h"

#include <stdlib.h>

struct store {
        const struct store_ops *ops;
        void *own; /* owned, the kind's state */
};

int store_open(const struct store_conf *conf, struct store **ret, struct err *e)
{
        static const struct store_ops *const kinds[] = {
                [STORE_ETCD_V3] = &store_etcd_v3,
                [STORE_ETCD_V2] = &store_etcd_v2,
                [STORE_FILE] = &store_file,
        };
        OWN(store) struct store *s = calloc(1, sizeof *s);

        if (!s)
                return err_oom(e);
        s->ops = kinds[conf->api];
        if (s->ops->open(conf, &s->own, e) < 0)
                return -1;
        *ret = GIVE(s);
        return 0;
}

void store_close(struct store *s)
{
        if (s && s->own)
                s->ops->close(s->own);
        free(s);
}

int store_config(struct store *s, struct str *ret, struct err *e)
{
        return s->ops->config(s->own, ret, e);
}

int store_list(struct store *s, struct leases *ret, int64_t *ret_rev, struct err *e)
{
        ret->count = 0;
        return s->ops->list(s->own, ret, ret_rev, e);
}

int store_create(struct store *s, struct lease *l, int64_t ttl_s, struct err *e)
{
        return s->ops->create(s->own, l, ttl_s, e);
}

int store_update(struct store *s, struct lease *l, int64_t ttl_s, struct err *e)
{
        return s->ops->update(s->own, l, ttl_s, e);
}

int store_renew(struct store *s, struct lease *l, int64_t ttl_s, int64_t *ret_ttl_s, struct err *e)
{
        return s->ops->renew(s->own, l, ttl_s, ret_ttl_s, e);
}

int store_watch(struct store *s, int64_t *rev, const struct store_news *news, int wake_fd,
                struct err *e)
{
        return s->ops->watch(s->own, rev, news, wake_fd, e);
}

bool store_read_lease(const char *key, const char *value, size_t len, struct lease *ret)
{
        struct lease l = { 0 };
        struct err e;

        if (!lease_key_parse(key, &l.subnet)) {
                log_info("unknown-key-ignored", LOG_STR("key", key));
                return false;
        }
        if (lease_value_parse(value, len, &l, &e) < 0)
                log_error("unreadable-lease", LOG_STR("key", key), LOG_WHY(&e));
        *ret = l;
        return true;
}
