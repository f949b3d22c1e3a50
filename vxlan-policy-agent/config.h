/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's configuration. */
#ifndef VXLAN_POLICY_AGENT_CONFIG_H
#define VXLAN_POLICY_AGENT_CONFIG_H

#include "netman/conf.h"
#include "netman/err.h"
#include "netman/fw_rule.h"
#include "netman/str.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * struct agent_config - As in the file; times in seconds
 * @state_directory: Where the last policies are kept; our own key, the default is
 *                   systemd's STATE_DIRECTORY or /var/lib/vxlan-policy-agent
 */
struct agent_config {
        int64_t poll_interval, vni, client_timeout, tag_length;
        int64_t debug_server_port, force_port;
        int64_t accepted_udp_per_second, denied_per_second;
        char *datastore, *policy_server_url, *subnet_file, *overlay_network;
        char *ca_cert_file, *client_cert_file, *client_key_file;
        char *iptables_lock_file, *state_directory;
        char *debug_server_host, *force_host;
        char *metron_address, *log_level, *log_prefix;
        bool c2c_logging, cut_established, watch;
        struct fw_net overlay; /* @overlay_network, parsed */
};

/**
 * agent_config_load() - Read and check the whole file
 * @problems: One line per problem
 */
int agent_config_load(const char *path, struct agent_config *ret, struct str *problems,
                      struct err *e);
void agent_config_done(struct agent_config *c);

static inline void agent_config_drop(struct agent_config *c)
{
        agent_config_done(c);
}

#endif
