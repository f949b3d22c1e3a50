/* SPDX-License-Identifier: Apache-2.0 */
/* Garden's net-out rules, checked and taken apart. */
#include "garden-external-networker/ipc/request.h"

#include "netman/grow.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#define EGRESS_MAX 200000 /* networks times ports of one request */
#define ANY_CODE   255    /* how a code or type of -1 looks after a byte has held it */

static const struct fw_addrs anywhere = { 0, UINT32_MAX };
static const struct fw_ports any_port = { 0, UINT16_MAX };

int egress_add(struct egress_list *list, const struct egress *r, struct err *e)
{
        if (list->count >= EGRESS_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "more than %d network and port pairs",
                               EGRESS_MAX);
        if (grow(&list->items, list->count, &list->cap, sizeof *list->items, e) < 0)
                return -1;
        list->items[list->count++] = *r;
        return 0;
}

bool egress_is_void(const struct egress *r)
{
        return r->dst.hi == 0 || ((r->proto == FW_TCP || r->proto == FW_UDP) && r->ports.hi == 0);
}

void egress_done(struct egress_list *list)
{
        free(list->items);
        *list = (struct egress_list){ 0 };
}

/**
 * read_number() - An integer that may be missing
 */
static int read_number(const json_t *obj, const char *key, int64_t min, int64_t max, int64_t *ret,
                       struct err *e)
{
        const json_t *v = request_member(obj, key);
        json_int_t n;

        if (!v || json_is_null(v))
                return 0;
        n = json_integer_value(v);
        if (!json_is_integer(v) || n < min || n > max)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "'%s' must be an integer from %" PRId64 " to %" PRId64, key, min,
                               max);
        *ret = n;
        return 0;
}

static int read_bool(const json_t *obj, const char *key, bool *ret, struct err *e)
{
        const json_t *v = request_member(obj, key);

        if (v && !json_is_boolean(v) && !json_is_null(v))
                return err_set(e, FAULT_BAD_INPUT, 0, "'%s' must be true or false", key);
        *ret = json_is_true(v);
        return 0;
}

/**
 * read_addr() - One end of a range
 * @ret_v6: It is an IPv6 address
 */
static int read_addr(const json_t *v, const char *key, uint32_t *ret, bool *ret_v6, struct err *e)
{
        const char *text = json_string_value(v);
        struct in6_addr v6;
        struct in_addr v4;

        *ret_v6 = false;
        if (text && inet_pton(AF_INET, text, &v4) == 1) {
                *ret = ntohl(v4.s_addr);
                return 0;
        }
        if (text && inet_pton(AF_INET6, text, &v6) == 1) {
                *ret_v6 = !IN6_IS_ADDR_V4MAPPED(&v6);
                memcpy(&v4, &v6.s6_addr[12], sizeof v4);
                *ret = ntohl(v4.s_addr);
                return 0;
        }
        return err_set(e, FAULT_BAD_INPUT, 0, "'%s' is no address: '%.60s'", key, text ? text : "");
}

static bool is_blank(const json_t *v)
{
        return !v || json_is_null(v) || (json_is_string(v) && json_string_length(v) == 0);
}

/**
 * read_network() - {"start","end"}, either of which may be missing
 *
 * Return: 1 with @ret filled in; 0: none of IPv4's business; -1: @e
 */
static int read_network(const json_t *net, struct fw_addrs *ret, struct err *e)
{
        const json_t *start = request_member(net, "start"), *end = request_member(net, "end");
        bool v6_lo, v6_hi;

        if (!json_is_object(net) || (is_blank(start) && is_blank(end)))
                return err_set(e, FAULT_BAD_INPUT, 0, "needs 'start' or 'end'");
        if (is_blank(start))
                start = end;
        if (is_blank(end))
                end = start;
        if (read_addr(start, "start", &ret->lo, &v6_lo, e) < 0 ||
            read_addr(end, "end", &ret->hi, &v6_hi, e) < 0)
                return -1;
        if (v6_lo != v6_hi)
                return err_set(e, FAULT_BAD_INPUT, 0, "mixes IPv4 and IPv6");
        if (v6_lo)
                return 0;
        if (ret->lo > ret->hi)
                return err_set(e, FAULT_BAD_INPUT, 0, "ends before it starts");
        return 1;
}

static int read_ports(const json_t *item, struct fw_ports *ret, struct err *e)
{
        int64_t start = 0, end = 0;

        if (!json_is_object(item))
                return err_set(e, FAULT_BAD_INPUT, 0, "must be an object");
        if (read_number(item, "start", 0, UINT16_MAX, &start, e) < 0 ||
            read_number(item, "end", 0, UINT16_MAX, &end, e) < 0)
                return -1;
        if (end == 0)
                end = start;
        if (start > end)
                return err_set(e, FAULT_BAD_INPUT, 0, "ends before it starts");
        *ret = (struct fw_ports){ (uint16_t)start, (uint16_t)end };
        return 0;
}

static int read_icmp(const json_t *icmps, struct fw_icmp *ret, struct err *e)
{
        int64_t type = 0, code = ANY_CODE;

        *ret = (struct fw_icmp){ .on = true, .type = -1, .code = -1 };
        if (!icmps || json_is_null(icmps))
                return 0;
        if (!json_is_object(icmps))
                return err_set(e, FAULT_BAD_INPUT, 0, "'icmps' must be an object");
        if (read_number(icmps, "type", -1, 255, &type, e) < 0 ||
            read_number(icmps, "code", -1, 255, &code, e) < 0)
                return -1;
        if (type != ANY_CODE)
                ret->type = (int16_t)type;
        if (code != ANY_CODE && ret->type >= 0)
                ret->code = (int16_t)code;
        return 0;
}

/**
 * add_for_network() - The rule for one network: once for each of its port ranges
 */
static int add_for_network(const struct egress *base, const json_t *ports, struct egress_list *ret,
                           struct err *e)
{
        bool has_ports = base->proto == FW_TCP || base->proto == FW_UDP;
        const json_t *item;
        size_t i;

        if (!has_ports || json_array_size(ports) == 0)
                return egress_add(ret, base, e);
        json_array_foreach(ports, i, item) {
                struct egress r = *base;

                if (read_ports(item, &r.ports, e) < 0)
                        return err_add(e, "ports[%zu]", i);
                if (egress_add(ret, &r, e) < 0)
                        return -1;
        }
        return 0;
}

static int add_networks(const struct egress *base, const json_t *networks, const json_t *ports,
                        struct egress_list *ret, struct err *e)
{
        const json_t *item;
        size_t i;

        if (json_array_size(networks) == 0)
                return add_for_network(base, ports, ret, e);
        json_array_foreach(networks, i, item) {
                struct egress r = *base;
                int is_v4 = read_network(item, &r.dst, e);

                if (is_v4 < 0)
                        return err_add(e, "networks[%zu]", i);
                if (is_v4 && add_for_network(&r, ports, ret, e) < 0)
                        return -1;
        }
        return 0;
}

static int opt_array(const json_t *rule, const char *key, const json_t **ret, struct err *e)
{
        *ret = request_member(rule, key);
        if (*ret && !json_is_array(*ret) && !json_is_null(*ret))
                return err_set(e, FAULT_BAD_INPUT, 0, "'%s' must be a list", key);
        return 0;
}

int egress_parse(const json_t *rule, const char *where, struct egress_list *ret, struct err *e)
{
        static const uint8_t protos[] = { FW_ANY, FW_TCP, FW_UDP, FW_ICMP };
        struct egress base = { .dst = anywhere, .ports = any_port };
        const json_t *networks, *ports;
        struct fw_icmp icmp;
        int64_t proto = 0;

        if (!json_is_object(rule))
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: must be an object", where);
        if (read_number(rule, "protocol", 0, 3, &proto, e) < 0 ||
            opt_array(rule, "networks", &networks, e) < 0 ||
            opt_array(rule, "ports", &ports, e) < 0)
                return err_add(e, "%s", where);
        base.proto = protos[proto];
        if (read_bool(rule, "log", &base.log, e) < 0 ||
            read_icmp(request_member(rule, "icmps"), &icmp, e) < 0)
                return err_add(e, "%s", where);
        if (base.proto == FW_ICMP)
                base.icmp = icmp;
        return add_networks(&base, networks, ports, ret, e) < 0 ? err_add(e, "%s", where) : 0;
}
