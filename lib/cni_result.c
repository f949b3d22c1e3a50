/* SPDX-License-Identifier: Apache-2.0 */
/* CNI results: the old form with "ip4", the newer ones with "ips". */
#include "netman/cni.h"

#include "netman/str.h"

#include <arpa/inet.h>
#include <string.h>

/**
 * read_cidr() - "10.255.30.2/24" or a bare address
 */
static int read_cidr(const char *text, struct cni_ip4 *ret, struct err *e)
{
        char addr[INET_ADDRSTRLEN];
        size_t len = strcspn(text, "/");
        int64_t prefix = 32;

        if (len >= sizeof addr)
                return err_set(e, FAULT_BAD_INPUT, 0, "'%.40s' is no IPv4 address", text);
        memcpy(addr, text, len);
        addr[len] = '\0';
        if (inet_pton(AF_INET, addr, &ret->addr) != 1)
                return err_set(e, FAULT_BAD_INPUT, 0, "'%.40s' is no IPv4 address", text);
        if (text[len] == '/' && str_to_int(text + len + 1, 0, 32, &prefix, NULL) < 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "'%.40s' is no IPv4 address", text);
        ret->prefix_len = (int)prefix;
        return 0;
}

static int read_entry(const json_t *entry, const char *key, struct cni_ip4 *ret, struct err *e)
{
        const char *text, *gateway = NULL;
        struct cni_ip4 ip = { 0 };

        if (jsonx_str(entry, key, &text, e) < 0 || read_cidr(text, &ip, e) < 0)
                return -1;
        (void)jsonx_opt_str(entry, "gateway", &gateway, NULL); /* only ever shown */
        if (gateway)
                (void)inet_pton(AF_INET, gateway, &ip.gateway);
        *ret = ip;
        return 0;
}

int cni_result_ip4(const json_t *result, struct cni_ip4 *ret, struct err *e)
{
        const json_t *ip4 = json_object_get(result, "ip4");
        const json_t *ips = json_object_get(result, "ips");
        const json_t *entry;
        size_t i;

        if (json_is_object(ip4))
                return read_entry(ip4, "ip", ret, e);
        json_array_foreach(ips, i, entry) {
                const char *address = json_string_value(json_object_get(entry, "address"));

                if (address && !strchr(address, ':'))
                        return read_entry(entry, "address", ret, e);
        }
        return err_set(e, FAULT_BAD_INPUT, 0, "expected an IPv4 address in the CNI result");
}
