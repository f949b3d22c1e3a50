/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/etcd3_json.h"

#include "cmd/flanneld/store_ops.h"

#include <openssl/evp.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

void etcd3_kv_drop(struct etcd3_kv *kv)
{
        str_done(&kv->key);
        str_done(&kv->value);
}

void etcd3_base64(struct str *s, const char *text, size_t len)
{
        /* Whole groups of three bytes at a time need no padding in between. */
        for (size_t at = 0; at < len; at += 48) {
                unsigned char out[65];
                int part = len - at < 48 ? (int)(len - at) : 48;
                int n = EVP_EncodeBlock(out, (const unsigned char *)text + at, part);

                str_add_mem(s, out, (size_t)n);
        }
}

static int unbase64(const char *text, struct str *ret, struct err *e)
{
        size_t len = strlen(text);
        OWN(mem) unsigned char *out = NULL;
        int n;

        str_clear(ret);
        if (len == 0)
                return 0;
        if (len > TEXT_MAX || len % 4)
                return err_set(e, FAULT_BAD_INPUT, 0, "no base64");
        out = malloc(len / 4 * 3);
        if (!out)
                return err_oom(e);
        n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
        if (n < 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "no base64");
        /* It counts what the padding stands for too. */
        for (size_t i = len; i > len - 2 && text[i - 1] == '='; i--)
                n--;
        str_add_mem(ret, out, (size_t)n);
        return str_ok(ret, e);
}

int etcd3_int(const json_t *obj, const char *name, int64_t *ret, struct err *e)
{
        const json_t *v = json_object_get(obj, name);

        *ret = 0;
        if (!v || json_is_null(v))
                return 0;
        if (json_is_integer(v)) {
                *ret = json_integer_value(v);
                return 0;
        }
        if (!json_is_string(v) ||
            str_to_int(json_string_value(v), INT64_MIN, INT64_MAX, ret, NULL) < 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "'%s' is no number", name);
        return 0;
}

int etcd3_kv_read(const json_t *obj, struct etcd3_kv *ret, struct err *e)
{
        const char *key = "", *value = "";

        if (jsonx_opt_str(obj, "key", &key, e) < 0 || jsonx_opt_str(obj, "value", &value, e) < 0 ||
            etcd3_int(obj, "lease", &ret->lease, e) < 0 ||
            etcd3_int(obj, "mod_revision", &ret->mod_rev, e) < 0)
                return -1;
        if (unbase64(key, &ret->key, e) < 0)
                return err_add(e, "key");
        if (unbase64(value, &ret->value, e) < 0)
                return err_add(e, "value");
        return 0;
}

int etcd3_revision(const json_t *root, int64_t *ret, struct err *e)
{
        return etcd3_int(json_object_get(root, "header"), "revision", ret, e);
}

/* The lease that a key and its value make. */
static bool kv_lease(const struct etcd3_kv *kv, struct lease *l)
{
        if (!store_read_lease(str_text(&kv->key), str_text(&kv->value), kv->value.len, l))
                return false;
        l->id = kv->lease;
        l->rev = kv->mod_rev;
        return true;
}

int etcd3_leases(const json_t *root, struct leases *ret, struct err *e)
{
        OWN(etcd3_kv) struct etcd3_kv kv = { 0 };
        json_t *kvs = NULL, *each;
        size_t i;

        if (jsonx_opt_array(root, "kvs", &kvs, e) < 0)
                return -1;
        json_array_foreach(kvs, i, each) {
                struct lease l;

                if (etcd3_kv_read(each, &kv, e) < 0)
                        return err_add(e, "etcd's answer");
                if (kv_lease(&kv, &l) && leases_put(ret, &l, e) < 0)
                        return -1;
        }
        return 0;
}

static int tell(const json_t *event, const struct store_news *news, struct err *e)
{
        OWN(etcd3_kv) struct etcd3_kv kv = { 0 };
        const char *type = "PUT";
        struct ip4_net subnet;
        struct lease l;

        if (jsonx_opt_str(event, "type", &type, e) < 0 ||
            etcd3_kv_read(json_object_get(event, "kv"), &kv, e) < 0)
                return -1;
        if (strcmp(type, "DELETE") == 0) {
                if (lease_key_parse(str_text(&kv.key), &subnet))
                        news->gone(news->arg, subnet);
        } else if (kv_lease(&kv, &l)) {
                news->put(news->arg, &l);
        }
        return 0;
}

/* Does the line end the watch? The reason is then in @e. */
static int ended(const json_t *root, const json_t *result, struct err *e)
{
        const json_t *error = json_object_get(root, "error");
        int64_t compacted = 0;
        const char *words = "";

        if (!json_is_object(result)) {
                (void)jsonx_opt_str(error, "message", &words, NULL); /* none is as good */
                return err_set(e, FAULT_UPSTREAM, 0, "etcd ended the watch: %s", words);
        }
        if (etcd3_int(result, "compact_revision", &compacted, e) < 0)
                return -1;
        if (compacted > 0)
                return err_set(e, FAULT_CONFLICT, 0, "etcd has compacted up to revision %lld",
                               (long long)compacted);
        if (json_is_true(json_object_get(result, "canceled"))) {
                (void)jsonx_opt_str(result, "cancel_reason", &words, NULL);
                return err_set(e, FAULT_UPSTREAM, 0, "etcd ended the watch: %s", words);
        }
        return 0;
}

int etcd3_watch_line(const char *line, size_t len, const struct store_news *news, int64_t *rev,
                     struct err *e)
{
        OWN(json) json_t *root = NULL;
        const json_t *result;
        json_t *events = NULL, *each;
        int64_t now = 0;
        size_t i;

        if (len == 0)
                return 0;
        if (jsonx_parse(line, len, &root, e) < 0)
                return err_add(e, "etcd's watch");
        result = json_object_get(root, "result");
        if (ended(root, result, e) < 0)
                return -1;
        if (etcd3_revision(result, &now, e) < 0 ||
            jsonx_opt_array(result, "events", &events, e) < 0)
                return err_add(e, "etcd's watch");
        if (now > 0 && now < *rev)
                return err_set(e, FAULT_CONFLICT, 0,
                               "etcd went back from revision %lld to %lld: was it restored?",
                               (long long)*rev, (long long)now);
        json_array_foreach(events, i, each)
                if (tell(each, news, e) < 0)
                        return err_add(e, "etcd's watch");
        /* The line that says "created" may show a later revision than what it
         * is going to tell; only events move us on. */
        if (events && now > *rev)
                *rev = now;
        return 0;
}
