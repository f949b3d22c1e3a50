/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/netconf.h"

#include "netman/jsonx.h"
#include "netman/str.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A member by its name in any case; the exact one first. */
static const json_t *member(const json_t *obj, const char *name)
{
        const json_t *v = json_object_get(obj, name);
        const char *key;
        json_t *each;

        if (v)
                return v;
        json_object_foreach((json_t *)obj, key, each)
                if (strcasecmp(key, name) == 0)
                        return each;
        return NULL;
}

/* An integer that may be absent: then @ret stays as it is. */
static int number(const json_t *obj, const char *name, int64_t max, int64_t *ret, struct err *e)
{
        const json_t *v = member(obj, name);

        if (!v || json_is_null(v))
                return 0;
        if (!json_is_integer(v))
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: must be a number", name);
        if (json_integer_value(v) < 0 || json_integer_value(v) > max)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "%s: %" JSON_INTEGER_FORMAT " is out of range, at most %lld", name,
                               json_integer_value(v), (long long)max);
        *ret = json_integer_value(v);
        return 0;
}

/* The same for true and false. */
static int flag(const json_t *obj, const char *name, bool *ret, struct err *e)
{
        const json_t *v = member(obj, name);

        if (!v || json_is_null(v))
                return 0;
        if (!json_is_boolean(v))
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: must be true or false", name);
        *ret = json_is_true(v);
        return 0;
}

/* The same for an address. */
static int address(const json_t *obj, const char *name, uint32_t *ret, struct err *e)
{
        const json_t *v = member(obj, name);

        if (!v || json_is_null(v))
                return 0;
        if (!json_is_string(v) || !ip4_parse(json_string_value(v), ret))
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: must be an IPv4 address", name);
        return 0;
}

/**
 * subnet_len() - How long a cell's prefix is
 *
 * The first subnet is never used and a cell needs a gateway and a container, so
 * the network must hold at least four subnets of at least four addresses.
 */
static int subnet_len(const json_t *root, struct netconf *c, struct err *e)
{
        int64_t len = 0;

        if (number(root, "SubnetLen", 32, &len, e) < 0)
                return -1;
        if (len == 0 && c->network.len > 28)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "Network: %s is too small, a /28 is the smallest useful one",
                               ip4_net_text(c->network).s);
        if (len == 0)
                len = c->network.len <= 22 ? 24 : c->network.len + 2;
        if (len > 30)
                return err_set(e, FAULT_BAD_INPUT, 0, "SubnetLen: must be less than 31");
        if (len < c->network.len + 2)
                return err_set(
                        e, FAULT_BAD_INPUT, 0,
                        "SubnetLen: %s must hold at least four subnets, a /%lld is too great",
                        ip4_net_text(c->network).s, (long long)len);
        c->subnet_len = (uint8_t)len;
        return 0;
}

/* SubnetMin and SubnetMax: inside the network, at the begin of a subnet, in order. */
static int range(const json_t *root, struct netconf *c, struct err *e)
{
        uint32_t size = 1U << (32 - c->subnet_len);
        const struct {
                const char *name;
                uint32_t *at;
        } ends[] = { { "SubnetMin", &c->min }, { "SubnetMax", &c->max } };

        c->min = c->network.ip + size;
        c->max = ip4_last(c->network) - size + 1;
        for (size_t i = 0; i < 2; i++) {
                uint32_t ip = *ends[i].at;

                if (address(root, ends[i].name, &ip, e) < 0)
                        return -1;
                if (!ip4_net_has(c->network, ip))
                        return err_set(e, FAULT_BAD_INPUT, 0, "%s: %s is not in %s", ends[i].name,
                                       ip4_text(ip).s, ip4_net_text(c->network).s);
                if (ip & (size - 1))
                        return err_set(e, FAULT_BAD_INPUT, 0, "%s: %s does not begin a /%u",
                                       ends[i].name, ip4_text(ip).s, c->subnet_len);
                *ends[i].at = ip;
        }
        if (c->min > c->max)
                return err_set(e, FAULT_BAD_INPUT, 0, "SubnetMin: is greater than SubnetMax");
        return 0;
}

static int backend(const json_t *be, struct netconf *c, struct err *e)
{
        const json_t *type = be ? member(be, "Type") : NULL;
        const char *name = json_string_value(type);
        int64_t vni = VXLAN_DEFAULT_VNI, port = 0, mtu = 0;

        /* Without a backend flannel means udp. */
        if (!name)
                name = "udp";
        if (strcmp(name, "vxlan") != 0) {
                (void)snprintf(c->other, sizeof c->other, "%s", name);
                return 0;
        }
        if (number(be, "VNI", (1 << 24) - 1, &vni, e) < 0 ||
            number(be, "Port", UINT16_MAX, &port, e) < 0 ||
            number(be, "MTU", UINT16_MAX, &mtu, e) < 0 || flag(be, "GBP", &c->gbp, e) < 0 ||
            flag(be, "DirectRouting", &c->direct, e) < 0)
                return err_add(e, "Backend");
        c->vni = (uint32_t)vni;
        c->port = port ? (uint16_t)port : VXLAN_DEFAULT_PORT;
        c->mtu = (uint32_t)mtu;
        return 0;
}

int netconf_parse(const char *text, size_t len, struct netconf *ret, struct err *e)
{
        OWN(json) json_t *root = NULL;
        struct netconf c = { 0 };
        const json_t *be;
        const char *net;

        if (jsonx_parse(text, len, &root, e) < 0)
                return -1;
        if (!json_is_object(root))
                return err_set(e, FAULT_BAD_INPUT, 0, "must be a JSON object");
        net = json_string_value(member(root, "Network"));
        if (!net || !ip4_net_parse(net, '/', false, &c.network))
                return err_set(e, FAULT_BAD_INPUT, 0, "Network: must be like 10.255.0.0/16");
        be = member(root, "Backend");
        if (be && !json_is_object(be) && !json_is_null(be))
                return err_set(e, FAULT_BAD_INPUT, 0, "Backend: must be an object");
        if (subnet_len(root, &c, e) < 0 || range(root, &c, e) < 0 || backend(be, &c, e) < 0)
                return -1;
        *ret = c;
        return 0;
}

bool netconf_fits(const struct netconf *c, struct ip4_net subnet)
{
        return subnet.len == c->subnet_len && subnet.ip >= c->min && subnet.ip <= c->max;
}
