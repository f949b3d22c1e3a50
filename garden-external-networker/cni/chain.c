/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/cni/chain.h"

#include "netman/str.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define IFNAME_MAX 24

/**
 * garden_config() - runtimeConfig as the CNI wrapper of Cloud Foundry reads it
 */
static json_t *garden_config(const struct chain *chain)
{
        json_t *ports = chain->port_count ? json_array() : json_null();

        for (size_t i = 0; i < chain->port_count; i++)
                (void)json_array_append_new(
                        ports, json_pack("{s:i, s:i}", "host_port", chain->ports[i].host_port,
                                         "container_port", chain->ports[i].container_port));
        return json_pack("{s:o, s:O?}", "portMappings", ports, "netOutRules", chain->rules_json);
}

/**
 * capable_config() - runtimeConfig by the capabilities that a plugin names
 */
static json_t *capable_config(const struct chain *chain, const json_t *capabilities)
{
        json_t *ports;

        if (!json_is_true(json_object_get(capabilities, "portMappings")) || !chain->port_count)
                return NULL;
        ports = json_array();
        for (size_t i = 0; i < chain->port_count; i++)
                (void)json_array_append_new(
                        ports, json_pack("{s:i, s:i, s:s}", "hostPort", chain->ports[i].host_port,
                                         "containerPort", chain->ports[i].container_port,
                                         "protocol", "tcp"));
        return json_pack("{s:o}", "portMappings", ports);
}

/**
 * set_runtime_config() - Tell a plugin of port forwards and net-out rules
 *
 * A plugin that names capabilities gets those, as the CNI conventions write
 * them, on ADD and on DEL; any other gets Garden's form, on ADD only.
 */
static int set_runtime_config(const struct chain *chain, bool adding, json_t *conf, struct err *e)
{
        const json_t *capabilities = json_object_get(conf, "capabilities");
        json_t *value = NULL;

        if (json_is_object(capabilities))
                value = capable_config(chain, capabilities);
        else if (adding)
                value = garden_config(chain);
        else
                return 0;
        if (value && json_object_set_new(conf, "runtimeConfig", value) < 0)
                return err_oom(e);
        return 0;
}

/**
 * make_conf() - What one plugin gets on its standard input
 * @prev: Result of the plugin before, or of the last ADD; NULL for none
 */
static int make_conf(const struct chain *chain, const struct cni_network *net, const json_t *plugin,
                     bool adding, json_t *prev, json_t **ret, struct err *e)
{
        OWN(json) json_t *conf = json_deep_copy(plugin);

        if (!conf)
                return err_oom(e);
        if (net->is_list &&
            (json_object_set_new(conf, "name", json_string(net->name)) < 0 ||
             json_object_set_new(conf, "cniVersion", json_string(net->version)) < 0))
                return err_oom(e);
        if (adding && json_object_size(chain->metadata) > 0 &&
            json_object_set(conf, "metadata", chain->metadata) < 0)
                return err_oom(e);
        if (prev && json_object_set(conf, "prevResult", prev) < 0)
                return err_oom(e);
        if (set_runtime_config(chain, adding, conf, e) < 0)
                return -1;
        *ret = GIVE(conf);
        return 0;
}

static int run_plugin(const struct chain *chain, const char *command, const char *ifname,
                      const json_t *conf, json_t **ret, struct err *e)
{
        const struct cni_call call = { .command = command,
                                       .container_id = chain->handle,
                                       .netns = chain->netns,
                                       .ifname = ifname,
                                       .path = chain->plugin_dir,
                                       .timeout_ms = chain->timeout_ms,
                                       .meanwhile = chain->meanwhile };
        const char *type = json_string_value(json_object_get(conf, "type"));

        return cni_exec(type, &call, conf, ret, e);
}

/**
 * add_network() - Run a network's plugins, each with the result of the one before
 */
static int add_network(const struct chain *chain, const struct cni_network *net, const char *ifname,
                       json_t **ret, struct err *e)
{
        OWN(json) json_t *result = NULL;
        const json_t *plugin;
        size_t i;

        json_array_foreach(net->plugins, i, plugin) {
                OWN(json) json_t *conf = NULL, *next = NULL;

                if (make_conf(chain, net, plugin, true, result, &conf, e) < 0 ||
                    run_plugin(chain, "ADD", ifname, conf, &next, e) < 0)
                        return -1;
                json_decref(result);
                result = GIVE(next);
        }
        *ret = GIVE(result);
        return 0;
}

static void name_interface(size_t i, char ret[IFNAME_MAX])
{
        (void)snprintf(ret, IFNAME_MAX, "eth%zu", i);
}

/**
 * note_result() - Remember a network's result, null where it gave none
 */
static int note_result(json_t *results, const struct cni_network *net, const char *ifname,
                       json_t *result, struct err *e)
{
        json_t *note = json_pack("{s:s, s:s, s:O?}", "name", net->name, "ifname", ifname, "result",
                                 result);

        return json_array_append_new(results, note) < 0 ? err_oom(e) : 0;
}

int chain_add(const struct chain *chain, json_t *results, struct err *e)
{
        for (size_t i = 0; i < chain->nets->count; i++) {
                const struct cni_network *net = &chain->nets->items[i];
                OWN(json) json_t *result = NULL;
                char ifname[IFNAME_MAX];

                name_interface(i, ifname);
                if (add_network(chain, net, ifname, &result, e) < 0)
                        return err_add(e, "add network list failed");
                if (note_result(results, net, ifname, result, e) < 0)
                        return -1;
        }
        return 0;
}

/**
 * remembered() - The result of an ADD, as plugins since 0.4.0 want it back on DEL
 */
static json_t *remembered(const json_t *results, const struct cni_network *net, const char *ifname)
{
        const json_t *note;
        size_t i;

        if (strcmp(net->version, "0.4.0") < 0)
                return NULL;
        json_array_foreach(results, i, note) {
                json_t *result = json_object_get(note, "result");

                if (str_eq(json_string_value(json_object_get(note, "name")), net->name) &&
                    str_eq(json_string_value(json_object_get(note, "ifname")), ifname) &&
                    json_is_object(result))
                        return result;
        }
        return NULL;
}

static int del_network(const struct chain *chain, const struct cni_network *net, const char *ifname,
                       json_t *prev, struct err *e)
{
        int rc = 0;

        for (size_t i = json_array_size(net->plugins); i > 0; i--) {
                const json_t *plugin = json_array_get(net->plugins, i - 1);
                OWN(json) json_t *conf = NULL;
                struct err why = { 0 };

                if (make_conf(chain, net, plugin, false, prev, &conf, &why) == 0 &&
                    run_plugin(chain, "DEL", ifname, conf, NULL, &why) == 0)
                        continue;
                if (rc == 0)
                        *e = why;
                rc = -1;
        }
        return rc;
}

int chain_del(const struct chain *chain, const json_t *results, struct err *e)
{
        int rc = 0;

        for (size_t i = chain->nets->count; i > 0; i--) {
                const struct cni_network *net = &chain->nets->items[i - 1];
                char ifname[IFNAME_MAX];
                struct err why = { 0 };

                name_interface(i - 1, ifname);
                if (del_network(chain, net, ifname, remembered(results, net, ifname), &why) == 0)
                        continue;
                if (rc == 0)
                        *e = why;
                rc = -1;
        }
        return rc < 0 ? err_add(e, "del network failed") : 0;
}

/**
 * interface_of() - Name of the interface that the first IPv4 address is on
 *
 * Results before 0.3.0 do not say; then it is the one we asked for.
 */
static const char *interface_of(const json_t *note)
{
        const json_t *result = json_object_get(note, "result");
        const json_t *ips = json_object_get(result, "ips"), *ip;
        size_t i;

        json_array_foreach(ips, i, ip) {
                const char *address = json_string_value(json_object_get(ip, "address"));
                const json_t *index = json_object_get(ip, "interface");
                const char *name;

                if (!address || strchr(address, ':') || !json_is_integer(index) ||
                    json_integer_value(index) < 0)
                        continue;
                name = json_string_value(
                        json_object_get(json_array_get(json_object_get(result, "interfaces"),
                                                       (size_t)json_integer_value(index)),
                                        "name"));
                if (name)
                        return name;
        }
        return json_string_value(json_object_get(note, "ifname"));
}

int chain_answer(const json_t *results, struct chain_answer *ret, struct err *e)
{
        const json_t *note = json_array_get(results, 0);
        const json_t *result = json_object_get(note, "result");
        struct chain_answer answer = { 0 };
        json_t *dns;

        if (!json_is_object(result))
                return err_set(e, FAULT_UPSTREAM, 0, "no ip allocated");
        if (cni_result_ip4(result, &answer.ip, e) < 0)
                return -1;
        answer.interface = interface_of(note);
        dns = json_object_get(json_object_get(result, "dns"), "nameservers");
        if (json_is_array(dns) && json_array_size(dns) > 0)
                answer.dns = dns;
        *ret = answer;
        return 0;
}

int chain_addresses(const json_t *results, uint32_t **ret, size_t *ret_count, struct err *e)
{
        uint32_t *list = calloc(json_array_size(results) + 1, sizeof *list);
        size_t count = 0;

        if (!list)
                return err_oom(e);
        for (size_t i = 1; i < json_array_size(results); i++) {
                struct cni_ip4 ip;

                /* A network may well give no address, or one of IPv6. */
                if (cni_result_ip4(json_object_get(json_array_get(results, i), "result"), &ip,
                                   &(struct err){ 0 }) == 0)
                        list[count++] = ntohl(ip.addr.s_addr);
        }
        *ret = list;
        *ret_count = count;
        return 0;
}
