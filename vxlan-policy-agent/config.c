/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/config.h"

#include "netman/dropsonde.h"
#include "netman/log.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_STATE "/var/lib/vxlan-policy-agent"
#define AT(field)     offsetof(struct agent_config, field)
#define DAY           86400

static const struct conf_key keys[] = {
        { "poll_interval", CONF_INT, AT(poll_interval), true, NULL, 0, 1, DAY },
        { "cni_datastore_path", CONF_STR, AT(datastore), true, NULL, 0, 0, 0 },
        { "policy_server_url", CONF_STR, AT(policy_server_url), true, NULL, 0, 0, 0 },
        { "vni", CONF_INT, AT(vni), true, NULL, 0, 1, 0xffffff },
        { "flannel_subnet_file", CONF_STR, AT(subnet_file), true, NULL, 0, 0, 0 },
        { "overlay_network", CONF_STR, AT(overlay_network), true, NULL, 0, 0, 0 },
        { "ca_cert_file", CONF_STR, AT(ca_cert_file), true, NULL, 0, 0, 0 },
        { "client_cert_file", CONF_STR, AT(client_cert_file), true, NULL, 0, 0, 0 },
        { "client_key_file", CONF_STR, AT(client_key_file), true, NULL, 0, 0, 0 },
        { "client_timeout_seconds", CONF_INT, AT(client_timeout), false, NULL, 5, 1, 3600 },
        { "iptables_lock_file", CONF_STR, AT(iptables_lock_file), true, NULL, 0, 0, 0 },
        { "debug_server_host", CONF_STR, AT(debug_server_host), false, "127.0.0.1", 0, 0, 0 },
        { "debug_server_port", CONF_INT, AT(debug_server_port), false, NULL, 0, 0, 65535 },
        { "force_policy_poll_cycle_host", CONF_STR, AT(force_host), false, "127.0.0.1", 0, 0, 0 },
        { "force_policy_poll_cycle_port", CONF_INT, AT(force_port), false, NULL, 0, 0, 65535 },
        { "metron_address", CONF_STR, AT(metron_address), false, NULL, 0, 0, 0 },
        { "log_level", CONF_STR, AT(log_level), false, "info", 0, 0, 0 },
        { "log_prefix", CONF_STR, AT(log_prefix), false, "cfnetworking", 0, 0, 0 },
        { "iptables_c2c_logging", CONF_BOOL, AT(c2c_logging), false, NULL, 0, 0, 0 },
        { "iptables_accepted_udp_logs_per_sec", CONF_INT, AT(accepted_udp_per_second), false, NULL,
          100, 1, 10000 },
        { "iptables_denied_logs_per_sec", CONF_INT, AT(denied_per_second), false, NULL, 1, 1,
          10000 },
        { "cut_established", CONF_BOOL, AT(cut_established), false, NULL, 0, 0, 0 },
        { "watch", CONF_BOOL, AT(watch), false, NULL, 1, 0, 0 },
        { "tag_length", CONF_INT, AT(tag_length), false, NULL, 2, 1, 3 },
        { "state_directory", CONF_STR, AT(state_directory), false, NULL, 0, 0, 0 },
        { 0 },
};

static void check(const void *conf, struct str *problems)
{
        const struct agent_config *c = conf;
        enum log_level level;
        struct fw_net net;
        struct err e = { 0 };

        if (c->overlay_network && fw_net_parse(c->overlay_network, &net, &e) < 0)
                conf_problem(problems, "overlay_network", "%s", e.msg);
        if (c->log_level && log_level_parse(c->log_level, &level, &e) < 0)
                conf_problem(problems, "log_level", "%s", e.msg);
        if (c->metron_address && *c->metron_address && dropsonde_check(c->metron_address, &e) < 0)
                conf_problem(problems, "metron_address", "%s", e.msg);
        if (c->policy_server_url && !str_starts(c->policy_server_url, "https://"))
                conf_problem(problems, "policy_server_url", "must start with https://");
}

static const struct conf_spec spec = { .keys = keys, .check = check };

static int default_state(struct agent_config *c, struct err *e)
{
        const char *given = getenv("STATE_DIRECTORY");

        if (c->state_directory)
                return 0;
        c->state_directory = strdup(given && given[0] ? given : DEFAULT_STATE);
        return c->state_directory ? 0 : err_oom(e);
}

int agent_config_load(const char *path, struct agent_config *ret, struct str *problems,
                      struct err *e)
{
        if (conf_load(path, &spec, ret, problems, e) < 0)
                return -1;
        if (default_state(ret, e) < 0 || fw_net_parse(ret->overlay_network, &ret->overlay, e) < 0) {
                agent_config_done(ret);
                return -1;
        }
        return 0;
}

void agent_config_done(struct agent_config *c)
{
        conf_done(&spec, c);
}
