/* SPDX-License-Identifier: Apache-2.0 */
/* The networker's configuration file. */
#ifndef NETWORKER_CONFIG_H
#define NETWORKER_CONFIG_H

#include "netman/conf.h"
#include "netman/err.h"
#include "netman/fw_rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_PREFIX_DEFAULT "cfnetworking"

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
 * struct config - As in the file; then what was read out of it
 * @overlay_network: "" means: the CNI wrapper owns the rules, we touch no table
 * @plugin_timeout:  Seconds that each CNI plugin may take
 */
struct config {
        char *cni_plugin_dir, *cni_config_dir, *bind_mount_dir, *state_file, *iptables_lock_file;
        char *overlay_network, *instance_address, *log_prefix;
        char *proxy_redirect_cidr;
        struct conf_strs search_domains, dns_servers, host_tcp_services, host_udp_services;
        json_t *deny_networks, *outbound_connections;
        int64_t start_port, total_ports, proxy_port, proxy_uid;
        int64_t plugin_timeout, lock_timeout;
        int64_t denied_logs_per_sec, accepted_udp_logs_per_sec;
        bool asg_logging;

        struct fw_net overlay;
        uint32_t instance_addr; /* 0: whatever net-in says */
        struct host_service *services;
        size_t service_count;
        struct deny_network *denies;
        size_t deny_count;
        uint32_t *dns;
        size_t dns_count;
};

/**
 * config_load() - Read and check the file
 * @ret:      Zeroed by the caller; config_done() frees it
 * @problems: Gets a line for each problem
 * @e:        The first of them
 */
int config_load(const char *path, struct config *ret, struct str *problems, struct err *e);
void config_done(struct config *c);

static inline void config_drop(struct config *c)
{
        config_done(c);
}

/** config_owns_rules() - Do we set up chains, or does the CNI wrapper? */
static inline bool config_owns_rules(const struct config *c)
{
        return c->overlay_network != NULL;
}

#endif
