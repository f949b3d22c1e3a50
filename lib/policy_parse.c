/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies read from JSON: a client's request, judged in the words of the API,
 * and the server's answer, of which nothing may be missing.
 */
#include "netman/json_stream.h"
#include "netman/policy.h"

#include <string.h>

#define PORT_MAX  65535
#define VALUE_MAX 65536 /* bytes of one policy, and of any other member beside them */

/**
 * struct raw_policy - A policy as sent, before anybody judged it; all borrowed
 */
struct raw_policy {
        const char *source, *destination, *protocol;
        const char *source_tag, *destination_tag;
        int64_t port, start, end;
        bool has_port, has_ports;
};

/** get_str() - A string member; absent or null counts as "" */
static int get_str(const json_t *obj, const char *key, const char *path, const char **ret,
                   struct err *e)
{
        const json_t *v = json_object_get(obj, key);

        *ret = "";
        if (!v || json_is_null(v))
                return 0;
        if (!json_is_string(v))
                return jsonx_wrong_type(v, path, "string", e);
        /* jansson refuses \u0000 by itself, so the text has no NUL inside. */
        *ret = json_string_value(v);
        return 0;
}

static int get_int(const json_t *obj, const char *key, const char *path, int64_t *ret,
                   struct err *e)
{
        const json_t *v = json_object_get(obj, key);

        *ret = 0;
        if (!v || json_is_null(v))
                return 0;
        if (!json_is_integer(v))
                return jsonx_wrong_type(v, path, "int", e);
        *ret = json_integer_value(v);
        return 0;
}

/** get_object() - A member that is an object; NULL where absent or null */
static int get_object(const json_t *obj, const char *key, const char *path, const json_t **ret,
                      struct err *e)
{
        const json_t *v = json_object_get(obj, key);

        *ret = NULL;
        if (!v || json_is_null(v))
                return 0;
        if (!json_is_object(v))
                return jsonx_wrong_type(v, path, "object", e);
        *ret = v;
        return 0;
}

static int read_raw(const json_t *obj, struct raw_policy *raw, struct err *e)
{
        const json_t *src, *dst, *ports;

        *raw = (struct raw_policy){ 0 };
        if (!json_is_object(obj))
                return jsonx_wrong_type(obj, "policies", "object", e);
        if (get_object(obj, "source", "policies.source", &src, e) < 0 ||
            get_object(obj, "destination", "policies.destination", &dst, e) < 0 ||
            get_object(dst, "ports", "policies.destination.ports", &ports, e) < 0)
                return -1;
        raw->has_ports = ports;
        raw->has_port = json_object_get(dst, "port");
        if (get_str(src, "id", "policies.source.id", &raw->source, e) < 0 ||
            get_str(src, "tag", "policies.source.tag", &raw->source_tag, e) < 0 ||
            get_str(dst, "id", "policies.destination.id", &raw->destination, e) < 0 ||
            get_str(dst, "tag", "policies.destination.tag", &raw->destination_tag, e) < 0 ||
            get_str(dst, "protocol", "policies.destination.protocol", &raw->protocol, e) < 0 ||
            get_int(dst, "port", "policies.destination.port", &raw->port, e) < 0 ||
            get_int(ports, "start", "policies.destination.ports.start", &raw->start, e) < 0 ||
            get_int(ports, "end", "policies.destination.ports.end", &raw->end, e) < 0)
                return -1;
        return 0;
}

static int check_port_v0(const struct raw_policy *raw, struct err *e)
{
        if (raw->port < 1 || raw->port > PORT_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "invalid destination port value %lld, must be 1-65535",
                               (long long)raw->port);
        return 0;
}

static int check_ports_v1(const struct raw_policy *raw, struct err *e)
{
        if (raw->start > raw->end)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "invalid port range %lld-%lld, start must be less than or equal to "
                               "end",
                               (long long)raw->start, (long long)raw->end);
        if (raw->start < 0)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "invalid start port %lld, must be in range 1-65535",
                               (long long)raw->start);
        if (raw->start == 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "missing start port");
        if (raw->end > PORT_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "invalid end port %lld, must be in range 1-65535",
                               (long long)raw->end);
        return 0;
}

static int check_id(const char *id, const char *which, struct err *e)
{
        if (!*id)
                return err_set(e, FAULT_BAD_INPUT, 0, "missing %s id", which);
        if (!policy_id_ok(id))
                return err_set(e, FAULT_BAD_INPUT, 0, "invalid %s id", which);
        return 0;
}

/** judge() - Is this what a client may ask for? In the API's order and words */
static int judge(const struct raw_policy *raw, enum policy_version v, struct policy *ret,
                 struct err *e)
{
        if (check_id(raw->source, "source", e) < 0 ||
            check_id(raw->destination, "destination", e) < 0 ||
            policy_proto_parse(raw->protocol, &ret->proto, e) < 0)
                return -1;
        if ((v == POLICY_V0 ? check_port_v0(raw, e) : check_ports_v1(raw, e)) < 0)
                return -1;
        if (*raw->source_tag || *raw->destination_tag)
                return err_set(e, FAULT_BAD_INPUT, 0, "tags may not be specified");
        /* Borrowed for the moment: policy_list_add() copies. */
        ret->source = (char *)(uintptr_t)raw->source;
        ret->destination = (char *)(uintptr_t)raw->destination;
        ret->start = (uint16_t)(v == POLICY_V0 ? raw->port : raw->start);
        ret->end = (uint16_t)(v == POLICY_V0 ? raw->port : raw->end);
        return 0;
}

/**
 * struct request - What a client asks for, policy by policy
 * @why: What is wrong with the first that is not valid; wrong types come before it
 */
struct request {
        enum policy_version version;
        struct policy_list list;
        struct err why;
};

static int take_request(const json_t *item, size_t i, void *ctx, struct err *e)
{
        struct policy p = { 0 };
        struct request *r = ctx;
        struct raw_policy raw;

        (void)i; /* the API's words name no place */
        if (read_raw(item, &raw, e) < 0)
                return -1;
        if (r->why.fault || judge(&raw, r->version, &p, &r->why) < 0)
                return 0; /* not valid; types go on being looked at */
        return policy_list_add(&r->list, &p, e);
}

static void request_drop(struct request *r)
{
        policy_list_done(&r->list);
}

int policy_list_parse_request(const char *text, size_t len, enum policy_version v,
                              struct policy_list *list, struct err *e)
{
        OWN(request) struct request r = { .version = v };
        const struct json_stream stream = {
                .key = "policies", .value_max = VALUE_MAX, .item = take_request, .ctx = &r
        };
        bool seen;

        if (json_stream(&stream, text, len, &seen, e) < 0)
                return err_add(e, "unmarshal json");
        if (r.why.fault) {
                *e = r.why;
                return err_add(e, "validate policies");
        }
        if (!r.list.count)
                return err_set(e, FAULT_BAD_INPUT, 0, "validate policies: missing policies");
        return policy_list_append(list, &r.list, e);
}

/** accept_answer() - A policy from the server: complete, or an error */
static int accept_answer(const json_t *item, struct policy *ret, struct err *e)
{
        struct raw_policy raw;

        if (read_raw(item, &raw, e) < 0)
                return -1;
        if (!raw.has_ports) {
                raw.start = raw.port;
                raw.end = raw.port;
        }
        if (check_id(raw.source, "source", e) < 0 ||
            check_id(raw.destination, "destination", e) < 0 ||
            policy_proto_parse(raw.protocol, &ret->proto, e) < 0 || check_ports_v1(&raw, e) < 0)
                return -1;
        if ((*raw.source_tag && policy_tag_parse(raw.source_tag, &ret->source_tag, e) < 0) ||
            (*raw.destination_tag &&
             policy_tag_parse(raw.destination_tag, &ret->destination_tag, e) < 0))
                return -1;
        ret->source = (char *)(uintptr_t)raw.source;
        ret->destination = (char *)(uintptr_t)raw.destination;
        ret->start = (uint16_t)raw.start;
        ret->end = (uint16_t)raw.end;
        return 0;
}

static int take_answer(const json_t *item, size_t i, void *ctx, struct err *e)
{
        struct policy_list *list = ctx;
        struct policy p = { 0 };

        if (accept_answer(item, &p, e) < 0)
                return err_add(e, "policy %zu", i);
        return policy_list_add(list, &p, e);
}

static int parse_answer(const char *text, size_t len, struct policy_list *list, struct err *e)
{
        OWN(policy_list) struct policy_list fresh = { 0 };
        const struct json_stream stream = {
                .key = "policies", .value_max = VALUE_MAX, .item = take_answer, .ctx = &fresh
        };
        bool seen;

        if (json_stream(&stream, text, len, &seen, e) < 0)
                return -1;
        if (!seen)
                return err_set(e, FAULT_UPSTREAM, 0, "missing 'policies'");
        return policy_list_append(list, &fresh, e);
}

int policy_list_parse_answer(const char *text, size_t len, struct policy_list *list, struct err *e)
{
        struct err why = { 0 };

        if (parse_answer(text, len, list, &why) == 0)
                return 0;
        return err_set(e, why.fault == FAULT_SYSTEM ? FAULT_SYSTEM : FAULT_UPSTREAM, 0,
                       "policy server's answer: %s", why.msg);
}
