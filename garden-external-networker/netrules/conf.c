/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/netrules/conf.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST_DEFAULT 1000
#define RATE_DEFAULT  100
#define RATE_MAX      1000000

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
                          struct rules_conf *c, struct str *problems)
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
static void read_denies(const json_t *list, const char *workload, struct rules_conf *c,
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

static void read_all_denies(struct rules_conf *c, struct str *problems)
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
static void read_dns(struct rules_conf *c, struct str *problems)
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

/**
 * opt_bool() - A switch of outbound_connections that may be missing
 */
static bool opt_bool(const json_t *obj, const char *key, struct str *problems)
{
        const json_t *v = json_object_get(obj, key);

        if (v && !json_is_boolean(v) && !json_is_null(v))
                conf_problem(problems, "outbound_connections", "'%s' must be true or false", key);
        return json_is_true(v);
}

static uint32_t opt_count(const json_t *obj, const char *key, uint32_t def, struct str *problems)
{
        const json_t *v = json_object_get(obj, key);
        json_int_t n = json_integer_value(v);

        if (!v || json_is_null(v))
                return def;
        if (!json_is_integer(v) || n < 1 || n > RATE_MAX)
                conf_problem(problems, "outbound_connections",
                             "'%s' must be an integer from 1 to %d", key, RATE_MAX);
        return (uint32_t)n;
}

static void read_outbound(struct rules_conf *c, struct str *problems)
{
        const json_t *obj = c->outbound_connections;

        if (obj && !json_is_object(obj))
                conf_problem(problems, "outbound_connections", "must be an object");
        c->outbound = (struct outbound){
                .limit = opt_bool(obj, "limit", problems),
                .dry_run = opt_bool(obj, "dry_run", problems),
                .logging = opt_bool(obj, "logging", problems),
                .burst = opt_count(obj, "burst", BURST_DEFAULT, problems),
                .per_second = opt_count(obj, "rate_per_sec", RATE_DEFAULT, problems),
        };
}

/**
 * read_lists() - Fill in what is read out of lists and objects
 */
static void read_lists(struct rules_conf *c, struct str *problems)
{
        c->services = calloc(c->host_tcp_services.count + c->host_udp_services.count + 1,
                             sizeof *c->services);
        if (!c->services) {
                problems->bad = true;
                return;
        }
        read_services(&c->host_tcp_services, "host_tcp_services", FW_TCP, c, problems);
        read_services(&c->host_udp_services, "host_udp_services", FW_UDP, c, problems);
        read_dns(c, problems);
        read_all_denies(c, problems);
        read_outbound(c, problems);
}

void rules_conf_check(const struct rules_conf *c, struct str *problems)
{
        struct rules_conf trial = *c;
        struct fw_net net;
        uint32_t addr;
        struct err e;

        if (c->overlay_network && fw_net_parse(c->overlay_network, &net, &e) < 0)
                conf_problem(problems, "overlay_network", "%.150s", e.msg);
        if (c->instance_address && fw_addr_parse(c->instance_address, &addr, &e) < 0)
                conf_problem(problems, "instance_address", "%.150s", e.msg);
        read_lists(&trial, problems);
        rules_conf_done(&trial);
}

int rules_conf_finish(struct rules_conf *c, struct err *e)
{
        OWN(str) struct str problems = { 0 };

        c->wait_ms = (int)c->lock_timeout * 1000;
        if (c->overlay_network)
                (void)fw_net_parse(c->overlay_network, &c->overlay, NULL); /* checked before */
        if (c->instance_address)
                (void)fw_addr_parse(c->instance_address, &c->instance_addr, NULL);
        read_lists(c, &problems); /* checked before, too: only memory can be short */
        return str_ok(&problems, e);
}

void rules_conf_done(struct rules_conf *c)
{
        free(c->services);
        free(c->denies);
        free(c->dns);
        c->services = NULL;
        c->denies = NULL;
        c->dns = NULL;
}
