/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/etcd2_json.h"

#include "cmd/flanneld/store_ops.h"

#include <string.h>

/* Numbers of failures, as the v2 API fixes them. */
enum {
        KEY_NOT_FOUND = 100,
        COMPARE_FAILED = 101,
        NODE_EXISTS = 105,
        UNAUTHORIZED = 110,
        RAFT_FIRST = 300, /* the members among themselves: no leader, … */
        RAFT_LAST = 399,
        INDEX_CLEARED = 401,
};

static enum fault fault_of(int64_t code)
{
        if (code >= RAFT_FIRST && code <= RAFT_LAST)
                return FAULT_UPSTREAM;
        switch (code) {
        case KEY_NOT_FOUND:
                return FAULT_ABSENT;
        case COMPARE_FAILED:
        case NODE_EXISTS:
        case INDEX_CLEARED:
                return FAULT_CONFLICT;
        case UNAUTHORIZED:
                return FAULT_DENIED;
        default:
                return FAULT_BAD_INPUT;
        }
}

int etcd2_refusal(const json_t *root, struct err *e)
{
        const char *words = "without words", *cause = "";
        int64_t code = 0;

        if (!json_is_object(root))
                return err_set(e, FAULT_UPSTREAM, 0,
                               "etcd does not speak the v2 API: start it with --enable-v2, or use "
                               "--etcd-api=v3 on all cells");
        if (jsonx_opt_int(root, "errorCode", 1, INT32_MAX, &code, e) < 0)
                return err_add(e, "etcd's answer");
        if (code == 0 && json_is_object(json_object_get(root, "node")))
                return 0;
        (void)jsonx_opt_str(root, "message", &words, NULL); /* none is as good */
        (void)jsonx_opt_str(root, "cause", &cause, NULL);
        if (code == 0)
                return err_set(e, FAULT_UPSTREAM, 0, "etcd answered: %s", words);
        return err_set(e, fault_of(code), 0, "etcd (v2 API) answered %d: %s: %s", (int)code, words,
                       cause);
}

static int64_t number(const json_t *node, const char *name)
{
        int64_t n = 0;

        (void)jsonx_opt_int(node, name, 0, INT64_MAX, &n, NULL); /* a wrong one is as none */
        return n;
}

static bool node_lease(const json_t *node, struct lease *ret)
{
        const char *key = NULL, *value = NULL;
        struct lease l;

        if (jsonx_str(node, "key", &key, NULL) < 0 || jsonx_str(node, "value", &value, NULL) < 0 ||
            !store_read_lease(key, value, strlen(value), &l))
                return false;
        /* There is no lease apart from the key: that it will end is all there is to know. */
        l.id = json_object_get(node, "ttl") || json_object_get(node, "expiration");
        l.rev = number(node, "modifiedIndex");
        *ret = l;
        return true;
}

bool etcd2_lease(const json_t *root, struct lease *ret)
{
        return node_lease(json_object_get(root, "node"), ret);
}

int64_t etcd2_ttl(const json_t *root)
{
        return number(json_object_get(root, "node"), "ttl");
}

int etcd2_leases(const json_t *root, struct leases *ret, struct err *e)
{
        json_t *nodes = NULL, *each;
        size_t i;

        if (jsonx_opt_array(json_object_get(root, "node"), "nodes", &nodes, e) < 0)
                return err_add(e, "etcd's answer");
        json_array_foreach(nodes, i, each) {
                struct lease l;

                if (node_lease(each, &l) && leases_put(ret, &l, e) < 0)
                        return -1;
        }
        return 0;
}

static bool is_end(const char *action)
{
        return strcmp(action, "delete") == 0 || strcmp(action, "expire") == 0 ||
               strcmp(action, "compareAndDelete") == 0;
}

int etcd2_event(const json_t *root, const struct store_news *news, int64_t *rev, struct err *e)
{
        const json_t *node = json_object_get(root, "node");
        const char *action = NULL, *key = NULL;
        struct ip4_net subnet;
        struct lease l;
        int64_t index;

        if (etcd2_refusal(root, e) < 0)
                return -1;
        index = number(node, "modifiedIndex");
        if (jsonx_str(root, "action", &action, e) < 0 || jsonx_str(node, "key", &key, e) < 0)
                return err_add(e, "etcd's watch");
        if (index <= *rev)
                return err_set(e, FAULT_CONFLICT, 0, "etcd went back from index %lld to %lld",
                               (long long)*rev, (long long)index);
        if (!is_end(action)) {
                if (node_lease(node, &l))
                        news->put(news->arg, &l);
        } else if (lease_key_parse(key, &subnet)) {
                news->gone(news->arg, subnet);
        } else {
                return err_set(e, FAULT_CONFLICT, 0, "%s was deleted as a whole", key);
        }
        *rev = index;
        return 0;
}
