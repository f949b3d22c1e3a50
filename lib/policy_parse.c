/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies read from JSON: a client's request, judged in the words of the API,
 * and the server's answer, of which nothing may be missing.
 */
#include "netman/jsonx.h"
#include "netman/policy.h"

#include <string.h>

#define PORT_MAX 65535

/**
 * struct raw_policy - A policy as sent, before anybody judged it; all borrowed
 */
struct raw_policy {
        const char *source, *destination, *protocol;
        const char *source_tag, *destination_tag;
        int64_t port, start, end;
        bool has_port, has_ports;
};

static const char *type_name(const json_t *v)
{
        switch (json_typeof(v)) {
        case JSON_OBJECT:
                return "object";
        case JSON_ARRAY:
                return "array";
        case JSON_STRING:
                return "string";
        case JSON_TRUE:
        case JSON_FALSE:
                return "bool";
        case JSON_NULL:
                return "null";
        case JSON_INTEGER:
        case JSON_REAL:
                break;
        }
        return "number";
}

static int wrong_type(const json_t *v, const char *path, const char *want, struct err *e)
{
        return err_set(e, FAULT_BAD_INPUT, 0, "json: cannot unmarshal %s into field %s of type %s",
                       type_name(v), path, want);
}

/** get_str() - A string member; absent or null counts as "" */
static int get_str(const json_t *obj, const char *key, const char *path, const char **ret,
                   struct err *e)
{
        const json_t *v = json_object_get(obj, key);

        *ret = "";
        if (!v || json_is_null(v))
                return 0;
        if (!json_is_string(v))
                return wrong_type(v, path, "string", e);
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
                return wrong_type(v, path, "int", e);
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
                return wrong_type(v, path, "object", e);
        *ret = v;
        return 0;
}

static int read_raw(const json_t *obj, struct raw_policy *raw, struct err *e)
{
        const json_t *src, *dst, *ports;

        *raw = (struct raw_policy){ 0 };
        if (!json_is_object(obj))
                return wrong_type(obj, "policies", "object", e);
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

/** policies_member() - The list inside the document; NULL where there is none */
static int policies_member(const json_t *root, json_t **ret, struct err *e)
{
        json_t *v = json_object_get(root, "policies");

        *ret = NULL;
        if (!json_is_object(root))
                return json_is_null(root) ? 0 : wrong_type(root, "(body)", "object", e);
        if (!v || json_is_null(v))
                return 0;
        if (!json_is_array(v))
                return wrong_type(v, "policies", "array", e);
        *ret = v;
        return 0;
}

/** check_types() - Wrong types anywhere are told before any wrong value is */
static int check_types(const json_t *policies, struct err *e)
{
        struct raw_policy raw;
        size_t i;
        json_t *item;

        json_array_foreach(policies, i, item) {
                if (read_raw(item, &raw, e) < 0)
                        return -1;
        }
        return 0;
}

static int judge_all(const json_t *policies, enum policy_version v, struct policy_list *list,
                     struct err *e)
{
        struct raw_policy raw;
        size_t i;
        json_t *item;

        if (!json_array_size(policies))
                return err_set(e, FAULT_BAD_INPUT, 0, "missing policies");
        json_array_foreach(policies, i, item) {
                struct policy p = { 0 };

                if (read_raw(item, &raw, e) < 0 || judge(&raw, v, &p, e) < 0 ||
                    policy_list_add(list, &p, e) < 0)
                        return -1;
        }
        return 0;
}

int policy_list_parse_request(const char *text, size_t len, enum policy_version v,
                              struct policy_list *list, struct err *e)
{
        OWN(policy_list) struct policy_list fresh = { 0 };
        OWN(json) json_t *root = NULL;
        json_t *policies;

        if (!len)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "unmarshal json: unexpected end of JSON input");
        if (jsonx_parse(text, len, &root, e) < 0 || policies_member(root, &policies, e) < 0 ||
            check_types(policies, e) < 0)
                return err_add(e, "unmarshal json");
        if (judge_all(policies, v, &fresh, e) < 0)
                return err_add(e, "validate policies");
        return policy_list_append(list, &fresh, e);
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

static int parse_answer(const char *text, size_t len, struct policy_list *list, struct err *e)
{
        OWN(policy_list) struct policy_list fresh = { 0 };
        OWN(json) json_t *root = NULL;
        json_t *policies, *item;
        size_t i;

        if (jsonx_parse(text, len, &root, e) < 0 || policies_member(root, &policies, e) < 0)
                return -1;
        if (!policies)
                return err_set(e, FAULT_UPSTREAM, 0, "missing 'policies'");
        json_array_foreach(policies, i, item) {
                struct policy p = { 0 };

                if (accept_answer(item, &p, e) < 0)
                        return err_add(e, "policy %zu", i);
                if (policy_list_add(&fresh, &p, e) < 0)
                        return -1;
        }
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
