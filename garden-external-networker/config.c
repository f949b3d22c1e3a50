/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/config.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#define AT(field)   offsetof(struct config, field)
#define MAX_SECONDS 3600

static const struct conf_key keys[] = {
        { "cni_plugin_dir", CONF_STR, AT(cni_plugin_dir), true, NULL, 0, 0, 0 },
        { "cni_config_dir", CONF_STR, AT(cni_config_dir), true, NULL, 0, 0, 0 },
        { "bind_mount_dir", CONF_STR, AT(bind_mount_dir), true, NULL, 0, 0, 0 },
        { "state_file", CONF_STR, AT(state_file), true, NULL, 0, 0, 0 },
        { "start_port", CONF_INT, AT(start_port), true, NULL, 0, 1, 65535 },
        { "total_ports", CONF_INT, AT(total_ports), true, NULL, 0, 1, 65535 },
        { "iptables_lock_file", CONF_STR, AT(iptables_lock_file), true, NULL, 0, 0, 0 },
        { "overlay_network", CONF_STR, AT(overlay_network), false, NULL, 0, 0, 0 },
        { "instance_address", CONF_STR, AT(instance_address), false, NULL, 0, 0, 0 },
        { "log_prefix", CONF_STR, AT(log_prefix), false, CONFIG_PREFIX_DEFAULT, 0, 0, 0 },
        { "search_domains", CONF_STRS, AT(search_domains), false, NULL, 0, 0, 0 },
        { "dns_servers", CONF_STRS, AT(dns_servers), false, NULL, 0, 0, 0 },
        { "host_tcp_services", CONF_STRS, AT(host_tcp_services), false, NULL, 0, 0, 0 },
        { "host_udp_services", CONF_STRS, AT(host_udp_services), false, NULL, 0, 0, 0 },
        { "deny_networks", CONF_JSON, AT(deny_networks), false, NULL, 0, 0, 0 },
        { "outbound_connections", CONF_JSON, AT(outbound_connections), false, NULL, 0, 0, 0 },
        { "proxy_redirect_cidr", CONF_STR, AT(proxy_redirect_cidr), false, NULL, 0, 0, 0 },
        { "proxy_port", CONF_INT, AT(proxy_port), false, NULL, 0, 0, 65535 },
        { "proxy_uid", CONF_INT, AT(proxy_uid), false, NULL, -1, -1, INT32_MAX },
        { "iptables_asg_logging", CONF_BOOL, AT(asg_logging), false, NULL, 0, 0, 0 },
        { "iptables_denied_logs_per_sec", CONF_INT, AT(denied_logs_per_sec), false, NULL, 1, 1,
          10000 },
        { "iptables_accepted_udp_logs_per_sec", CONF_INT, AT(accepted_udp_logs_per_sec), false,
          NULL, 1, 1, 10000 },
        { "cni_timeout_seconds", CONF_INT, AT(plugin_timeout), false, NULL, 60, 1, MAX_SECONDS },
        { "lock_timeout_seconds", CONF_INT, AT(lock_timeout), false, NULL, 60, 1, MAX_SECONDS },
        { NULL, CONF_STR, 0, false, NULL, 0, 0, 0 },
};

static void check(const void *conf, struct str *problems)
{
        const struct config *c = conf;
        struct fw_net net;
        uint32_t addr;
        struct err e;

        if (c->start_port + c->total_ports - 1 > 65535)
                conf_problem(problems, "total_ports", "the range would end at port %d",
                             (int)(c->start_port + c->total_ports - 1));
        if (c->overlay_network && fw_net_parse(c->overlay_network, &net, &e) < 0)
                conf_problem(problems, "overlay_network", "%.150s", e.msg);
        if (c->instance_address && fw_addr_parse(c->instance_address, &addr, &e) < 0)
                conf_problem(problems, "instance_address", "%.150s", e.msg);
}

static const struct conf_spec spec = {
        .keys = keys,
        .missing_text = "missing required config '%s'",
        .check = check,
};

/**
 * read_service() - "10.0.0.1:53"
 */
static int read_service(const char *text, uint8_t proto, struct host_service *ret, struct err *e)
{
        char addr[INET_ADDRSTRLEN];
        const char *colon = strrchr(text, ':');
        int64_t port;

        if (!colon || (size_t)(colon - text) >= sizeof addr)
                return err_set(e, FAULT_BAD_INPUT, 0, "'%s' is no ADDRESS:PORT", text);
        (void)snprintf(addr, sizeof addr, "%.*s", (int)(colon - text), text);
        if (fw_addr_parse(addr, &ret->addr, e) < 0 || str_to_int(colon + 1, 1, 65535, &port, e) < 0)
                return err_add(e, "'%s'", text);
        ret->proto = proto;
        ret->port = (uint16_t)port;
        return 0;
}

static void read_services(const struct conf_strs *list, const char *key, uint8_t proto,
                          struct config *c, struct str *problems)
{
        for (size_t i = 0; i < list->count; i++) {
                struct err e;

                if (read_service(list->items[i], proto, &c->services[c->service_count], &e) < 0)
                        conf_problem(problems, key, "%.150s", e.msg);
                else
                        c->service_count++;
        }
}

/**
 * read_denies() - One list of deny_networks: CIDRs
 */
static void read_denies(const json_t *list, const char *workload, struct config *c,
                        struct str *problems)
{
        const json_t *item;
        size_t i;

        json_array_foreach(list, i, item) {
                struct deny_network deny = { .workload = workload };
                const char *text = json_string_value(item);
                struct err e = { .msg = "must be a list of networks" };

                if (!text || fw_net_parse(text, &deny.net, &e) < 0)
                        conf_problem(problems, "deny_networks", "%.150s", e.msg);
                else
                        c->denies[c->deny_count++] = deny;
        }
}

static void read_all_denies(struct config *c, struct str *problems)
{
        static const char *const workloads[] = { NULL, "running", "staging" };
        size_t total = 0;

        for (size_t i = 0; i < 3; i++)
                total += json_array_size(
                        json_object_get(c->deny_networks, workloads[i] ? workloads[i] : "always"));
        c->denies = calloc(total + 1, sizeof *c->denies);
        if (!c->denies) {
                problems->bad = true;
                return;
        }
        for (size_t i = 0; i < 3; i++) {
                const char *key = workloads[i] ? workloads[i] : "always";
                const json_t *list = json_object_get(c->deny_networks, key);

                if (list && !json_is_array(list) && !json_is_null(list))
                        conf_problem(problems, "deny_networks", "'%s' must be a list", key);
                read_denies(list, workloads[i], c, problems);
        }
}

/**
 * read_dns() - The name servers that containers find on the cell itself
 *
 * Only link-local ones need a hole in the input chain; others are reached by the
 * container's egress rules.
 */
static void read_dns(struct config *c, struct str *problems)
{
        const struct fw_net link_local = { .addr = 0xa9fe0000, .len = 16 };

        c->dns = calloc(c->dns_servers.count + 1, sizeof *c->dns);
        if (!c->dns) {
                problems->bad = true;
                return;
        }
        for (size_t i = 0; i < c->dns_servers.count; i++) {
                uint32_t addr;
                struct err e;

                if (fw_addr_parse(c->dns_servers.items[i], &addr, &e) < 0)
                        conf_problem(problems, "dns_servers", "%.150s", e.msg);
                else if (fw_net_has(link_local, addr))
                        c->dns[c->dns_count++] = addr;
        }
}

int config_load(const char *path, struct config *ret, struct str *problems, struct err *e)
{
        size_t before;

        if (conf_load(path, &spec, ret, problems, e) < 0)
                return -1;
        before = problems->len;
        if (ret->overlay_network)
                (void)fw_net_parse(ret->overlay_network, &ret->overlay, NULL); /* checked above */
        if (ret->instance_address)
                (void)fw_addr_parse(ret->instance_address, &ret->instance_addr, NULL);
        ret->services = calloc(ret->host_tcp_services.count + ret->host_udp_services.count + 1,
                               sizeof *ret->services);
        if (!ret->services)
                return err_oom(e);
        read_services(&ret->host_tcp_services, "host_tcp_services", FW_TCP, ret, problems);
        read_services(&ret->host_udp_services, "host_udp_services", FW_UDP, ret, problems);
        read_dns(ret, problems);
        read_all_denies(ret, problems);
        if (str_ok(problems, e) < 0)
                return -1;
        if (problems->len > before)
                return err_set(e, FAULT_BAD_INPUT, 0, "%.*s",
                               (int)strcspn(problems->data + before, "\n"),
                               problems->data + before);
        return 0;
}

void config_done(struct config *c)
{
        conf_done(&spec, c);
        free(c->services);
        free(c->denies);
        free(c->dns);
        *c = (struct config){ 0 };
}
