/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 addresses and networks as numbers in host byte order, and their texts. */
#ifndef FLANNELD_IP4_H
#define FLANNELD_IP4_H

#include <stdbool.h>
#include <stdint.h>

/** struct ip4_text - An address or network in letters, to be used within one expression */
struct ip4_text {
        char s[24];
};

/** struct ip4_net - A network: no bit set behind the first @len */
struct ip4_net {
        uint32_t ip;
        uint8_t len;
};

struct ip4_text ip4_text(uint32_t ip);
struct ip4_text ip4_net_text(struct ip4_net net); /* 10.255.7.0/24 */

/** ip4_parse() - "10.0.0.1". Return: false, and @ret untouched, for anything else */
bool ip4_parse(const char *text, uint32_t *ret);

/** ip4_net_parse() - ADDRESS @sep LENGTH; bits behind the length are cut off unless @strict */
bool ip4_net_parse(const char *text, char sep, bool strict, struct ip4_net *ret);

static inline uint32_t ip4_mask(uint8_t len)
{
        return len ? UINT32_MAX << (32 - len) : 0;
}

static inline uint32_t ip4_last(struct ip4_net n)
{
        return n.ip | ~ip4_mask(n.len);
}

static inline bool ip4_net_has(struct ip4_net n, uint32_t ip)
{
        return (ip & ip4_mask(n.len)) == n.ip;
}

static inline bool ip4_net_overlap(struct ip4_net a, struct ip4_net b)
{
        return ip4_net_has(a, b.ip) || ip4_net_has(b, a.ip);
}

static inline bool ip4_net_same(struct ip4_net a, struct ip4_net b)
{
        return a.ip == b.ip && a.len == b.len;
}

/** ip4_usable() - May a host have this address? Not 0/8, loopback, multicast, class E */
static inline bool ip4_usable(uint32_t ip)
{
        return ip >> 24 != 0 && ip >> 24 != 127 && ip < 0xe0000000U;
}

#endif
