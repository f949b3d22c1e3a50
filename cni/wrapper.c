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

#define WAIT_SECONDS_MAX 3600

/**
 * struct wrapper_conf - Borrowed from the configuration
 * @wait_ms:   For each lock
 * @owns_rules: Port forwards and egress rules are ours to set up, not the runtime's
 */
struct wrapper_conf {
        struct datastore store;
        const char *lock_file;
        int wait_ms;
        struct fw_net overlay, spare;
        json_t *delegate, *dns;
        bool owns_rules;
};

static int need(const char *value, const char *what, struct err *e)
{
        return *value ? 0 : err_set(e, FAULT_BAD_INPUT, 0, "missing %s", what);
}

static int read_conf(const json_t *conf, struct wrapper_conf *ret, struct err *e)
{
        struct wrapper_conf w = { .store = { .path = "" }, .lock_file = "" };
        const char *overlay = "", *spare = "", *instance = "";
        int64_t wait = PLUGIN_WAIT_SECONDS;

        if (jsonx_opt_str(conf, "datastore", &w.store.path, e) < 0 ||
            jsonx_opt_str(conf, "datastore_file_owner", &w.store.owner, e) < 0 ||
            jsonx_opt_str(conf, "datastore_file_group", &w.store.group, e) < 0 ||
            jsonx_opt_str(conf, "iptables_lock_file", &w.lock_file, e) < 0 ||
            jsonx_opt_str(conf, "overlay_network", &overlay, e) < 0 ||
            jsonx_opt_str(conf, "instance_address", &instance, e) < 0 ||
            jsonx_opt_int(conf, "lock_timeout_seconds", 1, WAIT_SECONDS_MAX, &wait, e) < 0 ||
            jsonx_opt_array(conf, "dns_servers", &w.dns, e) < 0 ||
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
        w.wait_ms = w.store.wait_ms = (int)wait * 1000;
        w.owns_rules = *instance;
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

static struct masq masq_of(const struct plugin_args *args, const struct wrapper_conf *w,
                           uint32_t ip)
{
        return (struct masq){ .lock_file = w->lock_file,
                              .handle = args->call.container_id,
                              .ifname = args->call.ifname,
                              .wait_ms = w->wait_ms,
                              .ip = ip,
                              .overlay = w->overlay,
                              .spare = w->spare };
}

static struct guard guard_of(const struct plugin_args *args, const struct wrapper_conf *w,
                             uint32_t ip)
{
        return (struct guard){ .lock_file = w->lock_file,
                               .handle = args->call.container_id,
                               .netns = args->call.netns,
                               .ifname = args->call.ifname,
                               .wait_ms = w->wait_ms,
                               .ip = ip };
}

/**
 * set_rules() - Everything a container needs before anybody hears of it
 */
static int set_rules(const struct plugin_args *args, const struct wrapper_conf *w, uint32_t ip,
                     struct masq_left *ret_left, struct err *e)
{
        const struct guard g = guard_of(args, w, ip);
        const struct masq m = masq_of(args, w, ip);

        if (guard_add(&g, e) < 0)
                return -1;
        if (w->owns_rules && args->rules->set(args->conf, m.handle, ip, e) < 0)
                return -1;
        return masq_add(&m, ret_left, e);
}

/**
 * is_others() - Is the container's record that of another of its interfaces?
 *
 * The store has room for one address, and Garden knows a container by its first.
 */
static bool is_others(const struct wrapper_conf *w, const char *handle,
                      const struct masq_left *left)
{
        OWN(ds_list) struct ds_list list = { 0 };
        const struct ds_container *c;

        if (!left->others || datastore_read(w->store.path, &list, &(struct err){ 0 }) < 0)
                return false;
        c = ds_list_find(&list, handle);
        return c && ntohl(c->ip_be) != left->ip;
}

/**
 * record() - The store comes last: the agent acts as soon as it changes
 */
static int record(const struct plugin_args *args, const struct wrapper_conf *w,
                  const json_t *result, struct err *e)
{
        const json_t *metadata = json_object_get(args->conf, "metadata");
        const char *handle = args->call.container_id;
        struct masq_left left = { 0 };
        struct cni_ip4 ip;
        char text[INET_ADDRSTRLEN];

        if (cni_result_ip4(result, &ip, e) < 0 || !inet_ntop(AF_INET, &ip.addr, text, sizeof text))
                return err_add(e, "delegate's result");
        if (set_rules(args, w, ntohl(ip.addr.s_addr), &left, e) < 0)
                return -1;
        left.ip = ntohl(ip.addr.s_addr);
        if (!is_others(w, handle, &left) &&
            datastore_add(&w->store, handle, text, json_is_object(metadata) ? metadata : NULL, e) <
                    0)
                return err_add(e, "store add");
        return 0;
}

/** struct undoing - What take_back() works with, and has met so far */
struct undoing {
        const struct plugin_args *args;
        struct wrapper_conf w; /* a copy: the waits may get shorter */
        struct err *e;
        int rc;
};

/**
 * note() - How a step ended
 * @wait_ms: For its lock: one that could not be had is not waited for again
 */
static void note(struct undoing *u, int rc, const char *what, const struct err *why, int *wait_ms)
{
        if (rc == 0)
                return;
        complain(what, why);
        if (why->fault == FAULT_CONFLICT)
                *wait_ms = 0;
        *u->e = *why;
        u->rc = -1;
}

static int unguard(const struct plugin_args *args, const struct wrapper_conf *w, struct err *e)
{
        const struct guard g = guard_of(args, w, 0);

        return guard_remove(&g, e);
}

/**
 * forget() - Take it out of the store, if its record is this interface's
 *
 * The rules of masquerading tell which address that had.
 */
static void forget(struct undoing *u)
{
        const char *handle = u->args->call.container_id;
        const struct masq m = masq_of(u->args, &u->w, 0);
        struct masq_left left = { 0 };
        struct err why = { 0 };

        note(u, masq_look(&m, &left, &why), "masquerading", &why, &u->w.wait_ms);
        if (!is_others(&u->w, handle, &left))
                note(u, datastore_remove(&u->w.store, handle, NULL, &why), "store delete", &why,
                     &u->w.store.wait_ms);
}

static void unmask(void *arg)
{
        struct undoing *u = arg;
        const struct masq m = masq_of(u->args, &u->w, 0);
        struct err why = { 0 };

        note(u, masq_remove(&m, &why), "masquerading", &why, &u->w.wait_ms);
}

/**
 * take_back() - Everything ADD does; a failure stops nothing
 *
 * The store comes first: an address may be another container's as soon as the delegate
 * has given it back. The delegate waits for the kernel more than it works, so
 * masquerading goes meanwhile. The guard goes last: it stands until the interface is gone.
 */
static int take_back(const struct plugin_args *args, const struct wrapper_conf *w, struct err *e)
{
        const char *handle = args->call.container_id;
        struct undoing u = { .args = args, .w = *w, .e = e };
        struct meanwhile meanwhile = { unmask, &u };
        struct plugin_args theirs = *args;
        struct err why = { 0 };
        int rc;

        theirs.call.meanwhile = &meanwhile;
        forget(&u);
        rc = plugin_delegate(&theirs, "DEL", w->delegate, NULL, &why);
        meanwhile_do(&meanwhile); /* it was not run */
        note(&u, rc, "delegate delete", &why, &u.w.wait_ms);
        if (w->owns_rules)
                note(&u, args->rules->drop(args->conf, handle, u.w.wait_ms, &why), "net rules",
                     &why, &u.w.wait_ms);
        note(&u, unguard(args, &u.w, &why), "guard", &why, &u.w.wait_ms);
        return u.rc;
}

/**
 * make_result() - The delegate's, with the configured name servers
 */
static int make_result(const struct plugin_args *args, const struct wrapper_conf *w,
                       const json_t *given, json_t **ret, struct err *e)
{
        OWN(json) json_t *result = NULL;
        json_t *dns;

        if (cni_result_convert(given, args->version, &result, e) < 0)
                return -1;
        if (json_array_size(w->dns) > 0) {
                dns = json_object_get(result, "dns");
                dns = json_is_object(dns) ? json_incref(dns) : json_object();
                if (json_object_set(dns, "nameservers", w->dns) < 0 ||
                    json_object_set_new(result, "dns", dns) < 0)
                        return err_oom(e);
        }
        *ret = GIVE(result);
        return 0;
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
        if (record(args, &w, result, e) == 0 && make_result(args, &w, result, ret, e) == 0)
                return 0;
        complain("cleaning up after", e);
        if (e->fault == FAULT_CONFLICT) /* a lock: it has been waited for */
                w.wait_ms = w.store.wait_ms = 0;
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
        struct masq m;

        if (read_conf(args->conf, &w, e) < 0 || datastore_read(w.store.path, &list, e) < 0)
                return -1;
        if (!ds_list_find(&list, args->call.container_id))
                return err_set(e, FAULT_ABSENT, 0, "container is not in the store %s",
                               w.store.path);
        m = masq_of(args, &w, 0);
        return masq_check(&m, e);
}

const struct plugin wrapper_plugin = {
        .name = "cni-wrapper-plugin",
        .add = add,
        .del = del,
        .check = check,
        .del_mute = true,
};
