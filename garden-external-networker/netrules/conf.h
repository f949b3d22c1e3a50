/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's rules depend on beside the container: the part of a
 * configuration that the networker and the CNI wrapper have in common.
 */
#ifndef NETWORKER_RULES_CONF_H
#define NETWORKER_RULES_CONF_H

#include "netman/conf.h"
#include "netman/err.h"
#include "netman/fw_rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct host_service - A service of the cell that containers may use */
struct host_service {
        uint8_t proto; /* FW_TCP or FW_UDP */
        uint32_t addr;
        uint16_t port;
};

/**
 * struct deny_network - Where containers may not go, whatever their rules say
 * @workload: "running" or "staging"; NULL for every container; borrowed constant
 */
struct deny_network {
        struct fw_net net;
        const char *workload;
};

/**
 * struct outbound - How fast a container may open TCP connections to one port of
 *                   one address
 * @limit:   Refuse what is too fast
 * @dry_run: Refuse nothing, log it: outranks @limit
 * @logging: Log what is refused
 */
struct outbound {
        bool limit, dry_run, logging;
        uint32_t burst, per_second;
};

/**
 * struct rules_conf - As in the file; then what was read out of it
 * @wait_ms:       For each lock of a table
 * @instance_addr: 0: whatever net-in says
 * @dns:           Link-local name servers only: they are on the cell itself
 */
struct rules_conf {
        char *iptables_lock_file, *overlay_network, *instance_address;
        struct conf_strs dns_servers, host_tcp_services, host_udp_services;
        json_t *deny_networks, *outbound_connections;
        int64_t denied_logs_per_sec, accepted_udp_logs_per_sec, lock_timeout;
        bool asg_logging;

        int wait_ms;
        struct fw_net overlay;
        uint32_t instance_addr;
        struct host_service *services;
        size_t service_count;
        struct deny_network *denies;
        size_t deny_count;
        uint32_t *dns;
        size_t dns_count;
        struct outbound outbound;
};

/* clang-format off */
#define RULES_CONF_KEY_(at, name, type, field, needed, def, min, max) \
        { name, type, (at) + offsetof(struct rules_conf, field), needed, NULL, def, min, max }

/* Lines of a program's table, see netman/conf.h; a struct rules_conf is at offset @at. */
#define RULES_CONF_KEYS(at, lock_seconds)                                                                                             \
        RULES_CONF_KEY_(at, "iptables_lock_file", CONF_STR, iptables_lock_file, true, 0, 0, 0),                                       \
        RULES_CONF_KEY_(at, "overlay_network", CONF_STR, overlay_network, false, 0, 0, 0),                                            \
        RULES_CONF_KEY_(at, "instance_address", CONF_STR, instance_address, false, 0, 0, 0),                                          \
        RULES_CONF_KEY_(at, "dns_servers", CONF_STRS, dns_servers, false, 0, 0, 0),                                                   \
        RULES_CONF_KEY_(at, "host_tcp_services", CONF_STRS, host_tcp_services, false, 0, 0, 0),                                       \
        RULES_CONF_KEY_(at, "host_udp_services", CONF_STRS, host_udp_services, false, 0, 0, 0),                                       \
        RULES_CONF_KEY_(at, "deny_networks", CONF_JSON, deny_networks, false, 0, 0, 0),                                               \
        RULES_CONF_KEY_(at, "outbound_connections", CONF_JSON, outbound_connections, false, 0, 0, 0),                                 \
        RULES_CONF_KEY_(at, "iptables_asg_logging", CONF_BOOL, asg_logging, false, 0, 0, 0),                                          \
        RULES_CONF_KEY_(at, "iptables_denied_logs_per_sec", CONF_INT, denied_logs_per_sec, false, 1, 1, 10000),                       \
        RULES_CONF_KEY_(at, "iptables_accepted_udp_logs_per_sec", CONF_INT, accepted_udp_logs_per_sec, false, 100, 1, 10000),         \
        RULES_CONF_KEY_(at, "lock_timeout_seconds", CONF_INT, lock_timeout, false, lock_seconds, 1, 3600)
/* clang-format on */

/** rules_conf_check() - To be called by a program's conf_spec.check */
void rules_conf_check(const struct rules_conf *c, struct str *problems);

/**
 * rules_conf_finish() - Fill in what is read out of the file's values
 * @c: Checked, as conf_load() left it; rules_conf_done() frees what this adds
 * @e: Out of memory
 */
int rules_conf_finish(struct rules_conf *c, struct err *e);
void rules_conf_done(struct rules_conf *c);

#endif
