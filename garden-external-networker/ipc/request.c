/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/ipc/request.h"

#include "netman/json_stream.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NETIN_MAX 4096 /* port forwards of one container */

json_t *request_member(const json_t *obj, const char *key)
{
        json_t *exact = json_object_get(obj, key);
        const char *name;
        json_t *v;

        if (exact || !json_is_object(obj))
                return exact;
        /* The macro takes no const object; it does not change it. */
        json_object_foreach((json_t *)obj, name, v) {
                if (strcasecmp(name, key) == 0)
                        return v;
        }
        return NULL;
}

static int read_root(const char *text, size_t len, json_t **ret, struct err *e)
{
        OWN(json) json_t *root = NULL;

        if (jsonx_parse(text, len, &root, e) < 0)
                return err_add(e, "standard input");
        if (!json_is_object(root))
                return err_set(e, FAULT_BAD_INPUT, 0, "standard input: must be a JSON object");
        *ret = GIVE(root);
        return 0;
}

/**
 * read_port() - A port, 0 where it is missing
 */
static int read_port(const json_t *obj, const char *key, uint16_t *ret, struct err *e)
{
        const json_t *v = request_member(obj, key);

        *ret = 0;
        if (!v || json_is_null(v))
                return 0;
        if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > UINT16_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "'%s' must be a port, 0 to 65535", key);
        *ret = (uint16_t)json_integer_value(v);
        return 0;
}

static int read_netin(const json_t *list, struct up_request *r, struct err *e)
{
        const json_t *item;
        size_t i;

        if (!list || json_is_null(list))
                return 0;
        if (!json_is_array(list) || json_array_size(list) > NETIN_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "'netin' must be a list of at most %d",
                               NETIN_MAX);
        r->netin = calloc(json_array_size(list) + 1, sizeof *r->netin);
        if (!r->netin)
                return err_oom(e);
        json_array_foreach(list, i, item) {
                if (!json_is_object(item) && !json_is_null(item))
                        return err_set(e, FAULT_BAD_INPUT, 0, "netin[%zu]: must be an object", i);
                if (read_port(item, "host_port", &r->netin[i].host_port, e) < 0 ||
                    read_port(item, "container_port", &r->netin[i].container_port, e) < 0)
                        return err_add(e, "netin[%zu]", i);
                r->netin_count++;
        }
        return 0;
}

static int read_rule(const json_t *rule, size_t i, struct egress_list *ret, struct err *e)
{
        char where[48];

        (void)snprintf(where, sizeof where, "netout_rules[%zu]", i);
        return egress_parse(rule, where, ret, e);
}

static int read_rules(const json_t *list, struct egress_list *ret, struct err *e)
{
        const json_t *item;
        size_t i;

        if (!list || json_is_null(list))
                return 0;
        if (!json_is_array(list))
                return err_set(e, FAULT_BAD_INPUT, 0, "'netout_rules' must be a list");
        json_array_foreach(list, i, item) {
                if (read_rule(item, i, ret, e) < 0)
                        return -1;
        }
        return 0;
}

static int read_properties(json_t *props, struct up_request *r, struct err *e)
{
        if (!props || json_is_null(props))
                r->properties = json_object();
        else if (json_is_object(props))
                r->properties = json_incref(props);
        else
                return err_set(e, FAULT_BAD_INPUT, 0, "'Properties' must be an object");
        return r->properties ? 0 : err_oom(e);
}

int up_request_read(const json_t *root, struct up_request *ret, struct err *e)
{
        OWN(up_request) struct up_request r = { 0 };
        const json_t *pid;
        json_t *rules;

        pid = request_member(root, "Pid");
        rules = request_member(root, "netout_rules");
        if (pid && !json_is_null(pid) &&
            (!json_is_integer(pid) || json_integer_value(pid) < 0 ||
             json_integer_value(pid) > INT32_MAX))
                return err_set(e, FAULT_BAD_INPUT, 0, "'Pid' must be a process id");
        r.pid = json_integer_value(pid);
        if (read_properties(request_member(root, "Properties"), &r, e) < 0 ||
            read_netin(request_member(root, "netin"), &r, e) < 0 ||
            read_rules(rules, &r.rules, e) < 0)
                return -1;
        r.rules_json = json_is_array(rules) ? json_incref(rules) : NULL;
        *ret = r;
        r = (struct up_request){ 0 };
        return 0;
}

int up_request_parse(const char *text, size_t len, struct up_request *ret, struct err *e)
{
        OWN(json) json_t *root = NULL;

        return read_root(text, len, &root, e) < 0 ? -1 : up_request_read(root, ret, e);
}

void up_request_done(struct up_request *r)
{
        json_decref(r->properties);
        json_decref(r->rules_json);
        free(r->netin);
        egress_done(&r->rules);
        *r = (struct up_request){ 0 };
}

static int read_ip(const json_t *obj, const char *key, bool needed, uint32_t *ret, struct err *e)
{
        const json_t *v = request_member(obj, key);
        const char *text = json_string_value(v);

        *ret = 0;
        if (!needed && (!v || json_is_null(v) || (text && !*text)))
                return 0;
        if (!text)
                return err_set(e, FAULT_BAD_INPUT, 0, "'%s' must be an IPv4 address", key);
        return fw_addr_parse(text, ret, e) < 0 ? err_add(e, "'%s'", key) : 0;
}

int net_in_request_parse(const char *text, size_t len, struct net_in_request *ret, struct err *e)
{
        OWN(json) json_t *root = NULL;
        struct net_in_request r = { 0 };

        if (read_root(text, len, &root, e) < 0 ||
            read_ip(root, "HostIP", false, &r.host_ip, e) < 0 ||
            read_ip(root, "ContainerIP", true, &r.container_ip, e) < 0 ||
            read_port(root, "HostPort", &r.port.host_port, e) < 0 ||
            read_port(root, "ContainerPort", &r.port.container_port, e) < 0)
                return -1;
        *ret = r;
        return 0;
}

static int take_rule(const json_t *item, size_t i, void *ctx, struct err *e)
{
        return read_rule(item, i, ctx, e);
}

/**
 * read_bulk() - The request of "bulk-net-out"
 *
 * What cannot be read item by item is read as a whole, and mostly refused.
 */
static int read_bulk(const char *text, size_t len, struct net_out_request *r, struct err *e)
{
        OWN(json) json_t *rest = json_object(), *root = NULL;
        const struct json_stream stream = {
                .key = "netout_rules", .item = take_rule, .ctx = &r->rules, .rest = rest
        };
        bool seen = false;

        if (json_stream(&stream, text, len, &seen, &(struct err){ 0 }) == 0 && seen)
                return read_ip(rest, "container_ip", true, &r->container_ip, e);
        egress_done(&r->rules);
        if (read_root(text, len, &root, e) < 0 ||
            read_ip(root, "container_ip", true, &r->container_ip, e) < 0)
                return -1;
        return read_rules(request_member(root, "netout_rules"), &r->rules, e);
}

static int read_one(const char *text, size_t len, struct net_out_request *r, struct err *e)
{
        OWN(json) json_t *root = NULL;

        if (read_root(text, len, &root, e) < 0 ||
            read_ip(root, "container_ip", true, &r->container_ip, e) < 0)
                return -1;
        return egress_parse(request_member(root, "netout_rule"), "netout_rule", &r->rules, e);
}

int net_out_request_parse(const char *text, size_t len, bool bulk, struct net_out_request *ret,
                          struct err *e)
{
        OWN(net_out_request) struct net_out_request r = { 0 };

        if ((bulk ? read_bulk : read_one)(text, len, &r, e) < 0)
                return -1;
        *ret = r;
        r = (struct net_out_request){ 0 };
        return 0;
}
