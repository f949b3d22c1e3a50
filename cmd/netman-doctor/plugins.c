/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/netman-doctor/checks.h"

#include "netman/own.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX 8 /* delegates of delegates */

static void check_type(const char *type, const char *path, struct report *r)
{
        OWN(mem) char *file = NULL;
        char what[80];
        struct err e;

        (void)snprintf(what, sizeof what, "CNI plugin %.60s", type);
        if (cni_find(type, path, &file, &e) == 0)
                report_pass(r, what);
        else
                report_fail(r, what,
                            "%s; install containernetworking-plugins, or name its "
                            "folder in cni_plugin_dir",
                            e.msg);
}

/**
 * instance_of() - The cell's address: where the networker sets up rules it has it, else
 *                 the wrapper
 */
static uint32_t instance_of(const struct config *c, const json_t *wrapper)
{
        const char *text = json_string_value(json_object_get(wrapper, "instance_address"));
        uint32_t addr = c->rules.instance_addr;

        if (!addr && text)
                (void)fw_addr_parse(text, &addr, NULL); /* the wrapper tells what is wrong */
        return addr;
}

static void check_flannel(const json_t *conf, const json_t *outer, const struct config *c,
                          struct report *r)
{
        const char *file = json_string_value(json_object_get(conf, "subnetFile"));

        if (!file)
                file = "/run/flannel/subnet.env";
        if (access(file, R_OK) < 0)
                report_fail(r, "subnet file", "%s cannot be read; is flanneld running?", file);
        else
                check_mtu(instance_of(c, outer), file, r);
        /* What it runs where nothing else is said. */
        check_type("host-local", c->cni_plugin_dir, r);
        if (!json_object_get(json_object_get(conf, "delegate"), "type"))
                check_type("bridge", c->cni_plugin_dir, r);
}

/**
 * check_conf() - A plugin's configuration, its address manager and its delegates
 * @outer: That of the plugin whose delegate it is, or NULL
 */
static void check_conf(const json_t *conf, const json_t *outer, const struct config *c, int depth,
                       struct report *r)
{
        const char *type = json_string_value(json_object_get(conf, "type"));
        const json_t *ipam = json_object_get(conf, "ipam");
        const json_t *delegate = json_object_get(conf, "delegate");

        if (depth > DEPTH_MAX)
                return;
        if (type)
                check_type(type, c->cni_plugin_dir, r);
        if (type && strcmp(type, "flannel") == 0)
                check_flannel(conf, outer, c, r);
        if (json_is_object(ipam))
                check_conf(ipam, conf, c, depth + 1, r);
        if (json_is_object(delegate))
                check_conf(delegate, conf, c, depth + 1, r);
}

void check_plugins(const struct manager *m, struct report *r)
{
        for (size_t i = 0; i < m->nets.count; i++) {
                const json_t *conf;
                size_t j;

                json_array_foreach(m->nets.items[i].plugins, j, conf) {
                        check_conf(conf, NULL, m->c, 0, r);
                }
        }
}
