/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cni-wrapper-plugin: runs its delegate, then records the container in the store
 * that the policy agent reads, and masquerades what it sends outside.
 */
#include "cni/plugin.h"

#include "cni/guard.h"
#include "cni/masq.h"
#include "netman/datastore.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define STORE_WAIT_MS 10000

/** struct wrapper_conf - Borrowed from the configuration */
struct wrapper_conf {
        struct datastore store;
        const char *lock_file;
        struct fw_net overlay, spare;
        json_t *delegate;
};

static int need(const char *value, const char *what, struct err *e)
{
        return *value ? 0 : err_set(e, FAULT_BAD_INPUT, 0, "missing %s", what);
}

static int read_conf(const json_t *conf, struct wrapper_conf *ret, struct err *e)
{
        struct wrapper_conf w = { .store = { .path = "", .wait_ms = STORE_WAIT_MS },
                                  .lock_file = "" };
        const char *overlay = "", *spare = "";

        if (jsonx_opt_str(conf, "datastore", &w.store.path, e) < 0 ||
            jsonx_opt_str(conf, "datastore_file_owner", &w.store.owner, e) < 0 ||
            jsonx_opt_str(conf, "datastore_file_group", &w.store.group, e) < 0 ||
            jsonx_opt_str(conf, "iptables_lock_file", &w.lock_file, e) < 0 ||
            jsonx_opt_str(conf, "overlay_network", &overlay, e) < 0 ||
            jsonx_opt_str(conf, "no_masquerade_cidr_range", &spare, e) < 0)
                return err_add(e, "loading wrapper config");
        if (need(w.store.path, "datastore path", e) < 0 ||
            need(w.lock_file, "iptables lock file path", e) < 0 ||
            need(overlay, "overlay network", e) < 0)
                return -1;
        if (fw_net_parse(overlay, &w.overlay, e) < 0)
                return err_add(e, "overlay_network");
        if (*spare && fw_net_parse(spare, &w.spare, e) < 0)
                return err_add(e, "no_masquerade_cidr_range");
        w.delegate = json_object_get(conf, "delegate");
        if (!json_is_string(json_object_get(w.delegate, "type")))
                return err_set(e, FAULT_BAD_INPUT, 0, "delegate config is missing type");
        *ret = w;
        return 0;
}

/**
 * complain() - What went wrong without stopping us, for people
 */
static void complain(const char *what, const struct err *why)
{
        (void)fprintf(stderr, "%s: %s\n", what, why->msg);
}

/**
 * record() - Masquerading first: the agent acts as soon as the store changes
 */
static int record(const struct plugin_args *args, const struct wrapper_conf *w,
                  const json_t *result, struct err *e)
{
        const json_t *metadata = json_object_get(args->conf, "metadata");
        struct cni_ip4 ip;
        char text[INET_ADDRSTRLEN];

        if (cni_result_ip4(result, &ip, e) < 0 || !inet_ntop(AF_INET, &ip.addr, text, sizeof text))
                return err_add(e, "delegate's result");

        const struct masq m = { .lock_file = w->lock_file,
                                .handle = args->call.container_id,
                                .ip = ntohl(ip.addr.s_addr),
                                .overlay = w->overlay,
                                .spare = w->spare };

        const struct guard g = { .lock_file = w->lock_file,
                                 .handle = args->call.container_id,
                                 .netns = args->call.netns,
                                 .ifname = args->call.ifname,
                                 .ip = ntohl(ip.addr.s_addr) };

        if (guard_add(&g, e) < 0 || masq_add(&m, e) < 0)
                return -1;
        if (datastore_add(&w->store, args->call.container_id, text,
                          json_is_object(metadata) ? metadata : NULL, e) < 0)
                return err_add(e, "store add");
        return 0;
}

/**
 * take_back() - Everything ADD does, in reverse; a failure stops nothing
 */
static int take_back(const struct plugin_args *args, const struct wrapper_conf *w, struct err *e)
{
        struct err why = { 0 };
        int rc = 0;

        if (datastore_remove(&w->store, args->call.container_id, NULL, &why) < 0) {
                complain("store delete", &why);
                *e = why;
                rc = -1;
        }
        if (plugin_delegate(args, "DEL", w->delegate, NULL, &why) < 0) {
                complain("delegate delete", &why);
                *e = why;
                rc = -1;
        }
        if (masq_remove(w->lock_file, args->call.container_id, &why) < 0) {
                complain("masquerading", &why);
                *e = why;
                rc = -1;
        }
        if (guard_remove(w->lock_file, args->call.container_id, args->call.ifname, &why) < 0) {
                complain("guard", &why);
                *e = why;
                rc = -1;
        }
        return rc;
}

static int add(const struct plugin_args *args, json_t **ret, struct err *e)
{
        OWN(json) json_t *result = NULL;
        struct wrapper_conf w;
        struct err why = { 0 };

        if (read_conf(args->conf, &w, e) < 0)
                return -1;
        if (plugin_delegate(args, "ADD", w.delegate, &result, e) < 0)
                return err_add(e, "delegate call");
        if (record(args, &w, result, e) == 0 &&
            cni_result_convert(result, args->version, ret, e) == 0)
                return 0;
        complain("cleaning up after", e);
        (void)take_back(args, &w, &why); /* it has complained; @e is what matters */
        return -1;
}

static int del(const struct plugin_args *args, struct err *e)
{
        struct wrapper_conf w;

        if (read_conf(args->conf, &w, e) < 0)
                return -1;
        return take_back(args, &w, e);
}

static int check(const struct plugin_args *args, struct err *e)
{
        OWN(ds_list) struct ds_list list = { 0 };
        struct wrapper_conf w;

        if (read_conf(args->conf, &w, e) < 0 || datastore_read(w.store.path, &list, e) < 0)
                return -1;
        if (!ds_list_find(&list, args->call.container_id))
                return err_set(e, FAULT_ABSENT, 0, "container is not in the store %s",
                               w.store.path);
        return 0;
}

const struct plugin wrapper_plugin = {
        .name = "cni-wrapper-plugin",
        .add = add,
        .del = del,
        .check = check,
        .del_mute = true,
};
