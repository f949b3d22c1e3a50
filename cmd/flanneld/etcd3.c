/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: leases in etcd's v3 API
 *
 * A cell's key hangs on a lease of etcd's own, granted for the occasion: when
 * it is not kept alive, etcd deletes the key. A subnet is taken in one
 * transaction, "if the key was never created, put it", so of two cells that
 * want the same one, one is told no. A change is "if the key is still at the
 * revision I saw, put it". Renewing keeps the lease alive and touches no key,
 * so that other cells hear nothing of it.
 */
#include "cmd/flanneld/etcd3_ask.h"
#include "cmd/flanneld/etcd3_json.h"
#include "cmd/flanneld/store_ops.h"
#include "cmd/flanneld/wait.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void v3_close(void *s)
{
        struct etcd3 *d = s;

        etcd_close(d->cluster);
        str_done(&d->token);
        free(d);
}

static int v3_open(const struct store_conf *conf, void **ret, struct err *e)
{
        struct etcd3 *d = calloc(1, sizeof *d);

        if (!d)
                return err_oom(e);
        d->prefix = conf->prefix;
        d->silence_ms = conf->silence_s * 1000;
        if (etcd_open(conf, &d->cluster, e) < 0) {
                free(d);
                return -1;
        }
        *ret = d;
        return 0;
}

/* Add "@name":"base64 of PREFIX/@key". */
static void add_key(struct str *s, const struct etcd3 *d, const char *name, const char *key)
{
        OWN(str) struct str whole = { 0 };

        str_addf(&whole, "%s/%s", d->prefix, key);
        s->bad |= whole.bad;
        str_addf(s, "\"%s\":\"", name);
        etcd3_base64(s, str_text(&whole), whole.len);
        str_add(s, "\"");
}

/* The configuration's key, by a read that needs a member in touch with the others. */
static int read_config(struct etcd3 *d, json_t **ret, struct err *e)
{
        OWN(str) struct str body = { 0 };

        str_add(&body, "{");
        add_key(&body, d, "key", "config");
        str_add(&body, "}");
        return etcd3_ask(d, "/v3/kv/range", &body, ret, e);
}

static int v3_config(void *s, struct str *ret, struct err *e)
{
        OWN(etcd3_kv) struct etcd3_kv kv = { 0 };
        OWN(json) json_t *root = NULL;
        struct etcd3 *d = s;
        json_t *kvs = NULL;

        if (read_config(d, &root, e) < 0 || jsonx_opt_array(root, "kvs", &kvs, e) < 0)
                return -1;
        if (json_array_size(kvs) == 0)
                return err_set(e, FAULT_ABSENT, 0, "etcd (v3 API) has no key %s/config", d->prefix);
        if (etcd3_kv_read(json_array_get(kvs, 0), &kv, e) < 0)
                return -1;
        str_add_mem(ret, str_text(&kv.value), kv.value.len);
        return str_ok(ret, e);
}

/* The range of keys that are leases: '0' is the character after '/'. */
static void add_range(struct str *body, const struct etcd3 *d)
{
        add_key(body, d, "key", "subnets/");
        str_add(body, ",");
        add_key(body, d, "range_end", "subnets0");
}

static int v3_list(void *s, struct leases *ret, int64_t *ret_rev, struct err *e)
{
        OWN(str) struct str body = { 0 };
        OWN(json) json_t *root = NULL;
        struct etcd3 *d = s;

        str_add(&body, "{");
        add_range(&body, d);
        str_add(&body, "}");
        if (etcd3_ask(d, "/v3/kv/range", &body, &root, e) < 0)
                return -1;
        return etcd3_leases(root, ret, e) < 0 ? -1 : etcd3_revision(root, ret_rev, e);
}

static int grant(struct etcd3 *d, int64_t ttl_s, int64_t *ret_id, struct err *e)
{
        OWN(str) struct str body = { 0 };
        OWN(json) json_t *root = NULL;

        str_addf(&body, "{\"TTL\":\"%" PRId64 "\"}", ttl_s);
        if (etcd3_ask(d, "/v3/lease/grant", &body, &root, e) < 0)
                return -1;
        if (etcd3_int(root, "ID", ret_id, e) < 0 || *ret_id == 0)
                return err_set(e, FAULT_UPSTREAM, 0, "etcd granted no lease");
        return 0;
}

/* A lease of etcd's that came to nothing would end by itself; this is only tidy. */
static void ungrant(struct etcd3 *d, int64_t id)
{
        OWN(str) struct str body = { 0 };
        OWN(json) json_t *root = NULL;

        str_addf(&body, "{\"ID\":\"%" PRId64 "\"}", id);
        (void)etcd3_ask(d, "/v3/lease/revoke", &body, &root, NULL);
}

/**
 * txn_body() - "if @target of the key is @expected, put it, else say what it is"
 * @target: "CREATE" or "MOD"
 */
static void txn_body(struct str *s, const struct etcd3 *d, const struct lease *l,
                     const char *target, int64_t expected)
{
        OWN(str) struct str key = { 0 };
        OWN(str) struct str value = { 0 };

        str_addf(&key, "subnets/%s", lease_key(l->subnet).s);
        lease_value_print(l, &value);
        s->bad |= key.bad | value.bad;
        str_add(s, "{\"compare\":[{");
        add_key(s, d, "key", str_text(&key));
        str_addf(s, ",\"target\":\"%s\",\"%s_revision\":\"%" PRId64 "\"}]", target,
                 strcmp(target, "MOD") == 0 ? "mod" : "create", expected);
        str_add(s, ",\"success\":[{\"requestPut\":{");
        add_key(s, d, "key", str_text(&key));
        str_add(s, ",\"value\":\"");
        etcd3_base64(s, str_text(&value), value.len);
        str_addf(s, "\",\"lease\":\"%" PRId64 "\"}}],\"failure\":[{\"requestRange\":{", l->id);
        add_key(s, d, "key", str_text(&key));
        str_add(s, "}}]}");
}

/**
 * already_ours() - Is what made the transaction fail our own doing?
 *
 * A request that was sent, carried out and never answered is sent again, to
 * another member perhaps; it then finds the key with the very lease it carries.
 */
static bool already_ours(const json_t *root, struct lease *l)
{
        const json_t *answer = json_array_get(json_object_get(root, "responses"), 0);
        const json_t *range = json_object_get(answer, "response_range");
        const json_t *kv = json_array_get(json_object_get(range, "kvs"), 0);
        int64_t id = 0;

        return l->id && etcd3_int(kv, "lease", &id, NULL) == 0 && id == l->id &&
               etcd3_int(kv, "mod_revision", &l->rev, NULL) == 0;
}

/* Put @l's key, on the lease @l->id, under a condition. */
static int put_if(struct etcd3 *d, struct lease *l, const char *target, int64_t expected,
                  struct err *e)
{
        OWN(str) struct str body = { 0 };
        OWN(json) json_t *root = NULL;

        txn_body(&body, d, l, target, expected);
        if (etcd3_ask(d, "/v3/kv/txn", &body, &root, e) < 0)
                return -1;
        if (json_is_true(json_object_get(root, "succeeded")))
                return etcd3_revision(root, &l->rev, e);
        if (already_ours(root, l))
                return 0;
        return err_set(e, FAULT_CONFLICT, 0, "subnet %s is held or was changed by another cell",
                       ip4_net_text(l->subnet).s);
}

static int v3_create(void *s, struct lease *l, int64_t ttl_s, struct err *e)
{
        struct lease ours = *l;
        struct etcd3 *d = s;

        if (grant(d, ttl_s, &ours.id, e) < 0)
                return -1;
        if (put_if(d, &ours, "CREATE", 0, e) < 0) {
                ungrant(d, ours.id);
                return -1;
        }
        *l = ours;
        return 0;
}

static int v3_update(void *s, struct lease *l, int64_t ttl_s, struct err *e)
{
        struct lease ours = *l;
        struct etcd3 *d = s;

        if (l->id && grant(d, ttl_s, &ours.id, e) < 0)
                return -1;
        /* What was granted is left alone on failure: if the answer was lost, our
         * key hangs on it. */
        if (put_if(d, &ours, "MOD", l->rev, e) < 0)
                return -1;
        *l = ours;
        return 0;
}

static int v3_renew(void *s, struct lease *l, int64_t ttl_s, int64_t *ret_ttl_s, struct err *e)
{
        OWN(str) struct str body = { 0 };
        OWN(json) json_t *root = NULL;
        struct etcd3 *d = s;

        (void)ttl_s; /* etcd remembers what was granted */
        *ret_ttl_s = 0;
        if (l->id == 0)
                return 0;
        str_addf(&body, "{\"ID\":\"%" PRId64 "\"}", l->id);
        if (etcd3_ask(d, "/v3/lease/keepalive", &body, &root, e) < 0 ||
            etcd3_int(json_object_get(root, "result"), "TTL", ret_ttl_s, e) < 0)
                return -1;
        if (*ret_ttl_s <= 0)
                return err_set(e, FAULT_ABSENT, 0, "the lease has ended");
        return 0;
}

/** struct listening - A watch, whether it was heard of, and how it ended */
struct listening {
        const struct store_news *news;
        int64_t *rev;
        struct err *e;
        bool heard, failed;
};

static int on_line(void *arg, const char *line, size_t len)
{
        struct listening *w = arg;

        w->heard = true;
        if (etcd3_watch_line(line, len, w->news, w->rev, w->e) == 0)
                return 0;
        w->failed = true;
        return 1;
}

/**
 * watch_once() - One watch, from @w's revision on
 *
 * Return: 1: its time is over; else as store_watch()
 */
static int watch_once(struct etcd3 *d, struct listening *w, int wake_fd, struct err *e)
{
        /* A member that is cut off from the others must say so, not keep silent. */
        static const struct http_call_header leader = { "Grpc-Metadata-hasleader", "true" };
        OWN(str) struct str body = { 0 };
        struct http_call call = {
                .method = "POST",
                .path = "/v3/watch",
                .headers = &leader,
                .header_count = 1,
                .authorization = d->token.len ? str_text(&d->token) : NULL,
                .content_type = "application/json",
                .timeout_ms = (int)wait_jitter(d->silence_ms),
                .wake_fd = wake_fd,
        };

        str_add(&body, "{\"create_request\":{");
        add_range(&body, d);
        str_addf(&body, ",\"start_revision\":\"%" PRId64 "\"}}", *w->rev + 1);
        if (str_ok(&body, e) < 0)
                return -1;
        call.body = str_text(&body);
        call.body_len = body.len;
        if (etcd_stream(d->cluster, &call, on_line, w, e) < 0) {
                if (e->sys == ECANCELED)
                        return 0;
                return e->sys == ETIMEDOUT && w->heard ? 1 : -1;
        }
        return w->failed ? -1 : err_set(e, FAULT_UPSTREAM, 0, "etcd closed the watch");
}

/*
 * A member that hangs tells nothing, as one does that has nothing to tell. So each
 * watch has an end, and begins with a call that finds a member that answers.
 */
static int v3_watch(void *s, int64_t *rev, const struct store_news *news, int wake_fd,
                    struct err *e)
{
        int rc;

        do {
                struct listening w = { .news = news, .rev = rev, .e = e };
                OWN(json) json_t *root = NULL;

                if (read_config(s, &root, e) < 0)
                        return -1;
                rc = watch_once(s, &w, wake_fd, e);
        } while (rc > 0);
        return rc;
}

const struct store_ops store_etcd_v3 = {
        .open = v3_open,
        .close = v3_close,
        .config = v3_config,
        .list = v3_list,
        .create = v3_create,
        .update = v3_update,
        .renew = v3_renew,
        .watch = v3_watch,
};
