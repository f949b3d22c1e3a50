/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/ip4.h"

#include "netman/str.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct ip4_text ip4_text(uint32_t ip)
{
        struct in_addr a = { .s_addr = htonl(ip) };
        struct ip4_text t;

        (void)inet_ntop(AF_INET, &a, t.s, sizeof t.s);
        return t;
}

struct ip4_text ip4_net_text(struct ip4_net net)
{
        struct ip4_text t = ip4_text(net.ip);
        size_t used = strlen(t.s);

        (void)snprintf(t.s + used, sizeof t.s - used, "/%u", net.len);
        return t;
}

bool ip4_parse(const char *text, uint32_t *ret)
{
        struct in_addr a;

        if (inet_pton(AF_INET, text, &a) != 1)
                return false;
        *ret = ntohl(a.s_addr);
        return true;
}

bool ip4_net_parse(const char *text, char sep, bool strict, struct ip4_net *ret)
{
        const char *at = strchr(text, sep);
        char address[INET_ADDRSTRLEN];
        int64_t len;
        uint32_t ip;

        if (!at || (size_t)(at - text) >= sizeof address)
                return false;
        memcpy(address, text, (size_t)(at - text));
        address[at - text] = '\0';
        if (!ip4_parse(address, &ip) || str_to_int(at + 1, 0, 32, &len, NULL) < 0)
                return false;
        if (strict && (ip & ~ip4_mask((uint8_t)len)))
                return false;
        ret->len = (uint8_t)len;
        ret->ip = ip & ip4_mask(ret->len);
        return true;
}
