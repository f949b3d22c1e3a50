/* SPDX-License-Identifier: Apache-2.0 */
/* What Garden writes to our standard input, as values. */
#ifndef NETWORKER_REQUEST_H
#define NETWORKER_REQUEST_H

#include "netman/err.h"
#include "netman/fw_rule.h"
#include "netman/jsonx.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct net_in - A port forward; 0 means "choose one" */
struct net_in {
        uint16_t host_port, container_port;
};

/**
 * struct egress - One network and one port range of a net-out rule
 * @proto: FW_ANY, FW_TCP, FW_UDP, FW_ICMP
 * @dst:   All of 0.0.0.0 to 255.255.255.255 is anywhere
 * @ports: 0 to 65535 is any port; TCP and UDP only
 * @icmp:  ICMP only
 * @log:   Log what it accepts
 */
struct egress {
        uint8_t proto;
        struct fw_addrs dst;
        struct fw_ports ports;
        struct fw_icmp icmp;
        bool log;
};

/** struct egress_list - Rules in the order in which they are looked at */
struct egress_list {
        struct egress *items;
        size_t count, cap;
};

/**
 * egress_is_void() - Networks and ports that no packet has, and that a rule would read
 *                    as "any": address 0.0.0.0 alone, port 0 alone
 */
bool egress_is_void(const struct egress *r);

int egress_add(struct egress_list *list, const struct egress *r, struct err *e);
void egress_done(struct egress_list *list);

static inline void egress_drop(struct egress_list *list)
{
        egress_done(list);
}

/**
 * struct up_request - Stdin of "up"
 * @pid:        Of the container's first process; 0: its namespace is file descriptor 3
 * @properties: Object; never NULL
 * @rules_json: The net-out rules as they came, for the plugins; NULL where absent
 */
struct up_request {
        int64_t pid;
        json_t *properties, *rules_json;
        struct net_in *netin;
        size_t netin_count;
        struct egress_list rules;
};

/** up_request_read() - From the object */
int up_request_read(const json_t *root, struct up_request *ret, struct err *e);
int up_request_parse(const char *text, size_t len, struct up_request *ret, struct err *e);
void up_request_done(struct up_request *r);

static inline void up_request_drop(struct up_request *r)
{
        up_request_done(r);
}

/**
 * struct net_in_request - Stdin of "net-in"
 * @host_ip: 0 where the text was empty
 */
struct net_in_request {
        uint32_t host_ip, container_ip;
        struct net_in port;
};

int net_in_request_parse(const char *text, size_t len, struct net_in_request *ret, struct err *e);

/** struct net_out_request - Stdin of "net-out" and "bulk-net-out" */
struct net_out_request {
        uint32_t container_ip;
        struct egress_list rules;
};

/**
 * net_out_request_parse() - Read one rule, or a list where @bulk
 */
int net_out_request_parse(const char *text, size_t len, bool bulk, struct net_out_request *ret,
                          struct err *e);

static inline void net_out_request_drop(struct net_out_request *r)
{
        egress_done(&r->rules);
}

/** request_member() - Like json_object_get(), but any case will do, as in Garden's own decoder */
json_t *request_member(const json_t *obj, const char *key);

/**
 * egress_parse() - A Garden net-out rule: its networks times its port ranges
 * @where: Its name in errors, e.g. "netout_rules[3]"
 * @ret:   Gets them appended
 *
 * IPv6 networks are left out: nothing of IPv6 passes a container here. A rule of
 * IPv6 networks only gives nothing.
 */
int egress_parse(const json_t *rule, const char *where, struct egress_list *ret, struct err *e);

#endif
