/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flannel: turns the cell's subnet, as flanneld wrote it, into the configuration
 * of a plugin that makes interfaces, and runs that. What it ran is kept in
 * dataDir/CONTAINERID: on DEL the subnet may be another one.
 *
 * A container's further interfaces, of more networks, are kept in
 * dataDir/CONTAINERID:INTERFACE. A member of the configuration, which its plugin does
 * not look at, says whose dataDir/CONTAINERID is; flannel's own plugin writes none.
 */
#include "cni/plugin.h"

#include "cni/subnet_env.h"
#include "netman/file.h"
#include "netman/str.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUBNET_FILE_DEFAULT "/run/flannel/subnet.env"
#define DATA_DIR_DEFAULT    "/var/lib/cni/flannel"
#define SCRATCH_MAX         (1U << 20)
#define OWNER_KEY           "netmanInterface"

/** struct settings - The plugin's own configuration; borrowed */
struct settings {
        const char *name, *subnet_file, *data_dir;
        json_t *delegate, *ipam;
};

const char *flannel_data_dir(const json_t *conf)
{
        const char *dir = json_string_value(json_object_get(conf, "dataDir"));

        return dir ? dir : DATA_DIR_DEFAULT;
}

static int opt_object(const json_t *conf, const char *key, json_t **ret, struct err *e)
{
        *ret = json_object_get(conf, key);
        if (json_is_null(*ret))
                *ret = NULL;
        if (*ret && !json_is_object(*ret))
                return err_set(e, FAULT_BAD_INPUT, 0, "'%s' must be an object", key);
        return 0;
}

static int read_settings(const json_t *conf, struct settings *ret, struct err *e)
{
        struct settings s = { "", SUBNET_FILE_DEFAULT, DATA_DIR_DEFAULT, NULL, NULL };

        if (jsonx_opt_str(conf, "name", &s.name, e) < 0 ||
            jsonx_opt_str(conf, "subnetFile", &s.subnet_file, e) < 0 ||
            jsonx_opt_str(conf, "dataDir", &s.data_dir, e) < 0 ||
            opt_object(conf, "delegate", &s.delegate, e) < 0 ||
            opt_object(conf, "ipam", &s.ipam, e) < 0)
                return err_add(e, "failed to load netconf");
        if (json_object_get(s.delegate, "type") &&
            !json_is_string(json_object_get(s.delegate, "type")))
                return err_set(
                        e, FAULT_BAD_INPUT, 0,
                        "'delegate' dictionary, if present, must have (string) 'type' field");
        if (json_object_get(s.delegate, "name") || json_object_get(s.delegate, "ipam"))
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "'delegate' dictionary must not have '%s' field, it'll be set by "
                               "flannel",
                               json_object_get(s.delegate, "name") ? "name" : "ipam");
        *ret = s;
        return 0;
}

/**
 * make_ipam() - The address manager's part: our subnet, and a route to the overlay
 */
static int make_ipam(const struct settings *s, const struct subnet_env *env, json_t **ret,
                     struct err *e)
{
        OWN(json) json_t *ipam = s->ipam ? json_deep_copy(s->ipam) : json_object();
        OWN(json) json_t *routes = json_array(), *ranges = json_array();
        json_t *given = json_object_get(ipam, "routes");

        if (!ipam || !routes || !ranges)
                return err_oom(e);
        if (json_is_array(given) && json_array_extend(routes, given) < 0)
                return err_oom(e);
        for (size_t i = 0; i < SUBNET_FAMILIES; i++) {
                if (*env->subnet[i] && json_array_append_new(ranges, json_pack("[{s:s}]", "subnet",
                                                                               env->subnet[i])) < 0)
                        return err_oom(e);
                if (*env->network[i] &&
                    json_array_append_new(routes, json_pack("{s:s}", "dst", env->network[i])) < 0)
                        return err_oom(e);
        }
        if (!json_object_get(ipam, "type") &&
            json_object_set_new(ipam, "type", json_string("host-local")) < 0)
                return err_oom(e);
        if (json_object_set(ipam, "ranges", ranges) < 0 ||
            json_object_set(ipam, "routes", routes) < 0)
                return err_oom(e);
        *ret = GIVE(ipam);
        return 0;
}

/**
 * set_default() - Set a member unless it is there; takes @value over
 */
static int set_default(json_t *obj, const char *key, json_t *value, struct err *e)
{
        if (json_object_get(obj, key)) {
                json_decref(value);
                return 0;
        }
        return json_object_set_new(obj, key, value) < 0 ? err_oom(e) : 0;
}

static int make_delegate(const struct plugin_args *args, const struct settings *s,
                         const struct subnet_env *env, json_t **ret, struct err *e)
{
        OWN(json) json_t *conf = s->delegate ? json_deep_copy(s->delegate) : json_object();
        json_t *runtime = json_object_get(args->conf, "runtimeConfig");
        json_t *version = json_object_get(args->conf, "cniVersion");
        json_t *ipam = NULL;

        if (!conf)
                return err_oom(e);
        if (set_default(conf, "type", json_string("bridge"), e) < 0 ||
            set_default(conf, "ipMasq", json_boolean(!env->ipmasq), e) < 0 ||
            set_default(conf, "mtu", json_integer(env->mtu), e) < 0)
                return -1;
        if (str_eq(json_string_value(json_object_get(conf, "type")), "bridge") &&
            set_default(conf, "isGateway", json_true(), e) < 0)
                return -1;
        if (make_ipam(s, env, &ipam, e) < 0)
                return -1;
        if (json_object_set_new(conf, "ipam", ipam) < 0 ||
            json_object_set_new(conf, "name", json_string(s->name)) < 0 ||
            (version && json_object_set(conf, "cniVersion", version) < 0) ||
            (json_is_object(runtime) && json_object_set(conf, "runtimeConfig", runtime) < 0))
                return err_oom(e);
        *ret = GIVE(conf);
        return 0;
}

/** struct scratch - Where what was run is kept: of the first interface, of another one */
struct scratch {
        char first[PATH_MAX], other[PATH_MAX];
};

static int scratch_paths(const struct plugin_args *args, const struct settings *s,
                         struct scratch *ret, struct err *e)
{
        const struct cni_call *c = &args->call;
        int a = snprintf(ret->first, PATH_MAX, "%s/%s", s->data_dir, c->container_id);
        int b = snprintf(ret->other, PATH_MAX, "%s/%s:%s", s->data_dir, c->container_id, c->ifname);

        if (a < 0 || b < 0 || a >= PATH_MAX || b >= PATH_MAX)
                return err_set(e, FAULT_BAD_INPUT, ENAMETOOLONG, "dataDir");
        return 0;
}

/**
 * load_scratch() - What was run on ADD; FAULT_ABSENT if nothing was
 */
static int load_scratch(const char *path, json_t **ret, struct err *e)
{
        OWN(str) struct str text = { 0 };

        if (file_read(path, SCRATCH_MAX, &text, e) < 0)
                return -1;
        return jsonx_parse(str_text(&text), text.len, ret, e) < 0
                       ? err_add(e, "failed to parse netconf %s", path)
                       : 0;
}

/**
 * is_others() - Was it run for another interface of the container?
 */
static bool is_others(const json_t *scratch, const struct plugin_args *args)
{
        const char *owner = json_string_value(json_object_get(scratch, OWNER_KEY));

        return owner && strcmp(owner, args->call.ifname) != 0;
}

/**
 * choose_scratch() - Where an ADD keeps what it runs
 */
static const char *choose_scratch(const struct scratch *paths, const struct plugin_args *args)
{
        OWN(json) json_t *first = NULL;

        if (load_scratch(paths->first, &first, &(struct err){ 0 }) < 0)
                return paths->first; /* none, or a damaged one: an ADD starts afresh */
        return is_others(first, args) ? paths->other : paths->first;
}

static int save_scratch(const struct plugin_args *args, const struct settings *s, json_t *conf,
                        struct err *e)
{
        OWN(mem) char *text = NULL;
        struct scratch paths;

        if (json_object_set_new(conf, OWNER_KEY, json_string(args->call.ifname)) < 0)
                return err_oom(e);
        text = json_dumps(conf, JSON_COMPACT | JSON_SORT_KEYS);
        if (!text)
                return err_oom(e);
        if (scratch_paths(args, s, &paths, e) < 0 || file_make_dirs(s->data_dir, e) < 0)
                return -1;
        return file_replace(choose_scratch(&paths, args), text, strlen(text), 0600, (uid_t)-1,
                            (gid_t)-1, e);
}

static int add(const struct plugin_args *args, json_t **ret, struct err *e)
{
        OWN(json) json_t *conf = NULL;
        struct subnet_env env = { 0 };
        struct settings s;

        if (read_settings(args->conf, &s, e) < 0 || subnet_env_read(s.subnet_file, &env, e) < 0 ||
            make_delegate(args, &s, &env, &conf, e) < 0 || save_scratch(args, &s, conf, e) < 0)
                return -1;
        if (plugin_delegate(args, "ADD", conf, ret, e) < 0)
                return -1;
        if (!*ret)
                return err_set(e, FAULT_UPSTREAM, 0, "the delegate gave no result");
        return 0;
}

/**
 * remove_scratch() - And what a killed writer of it has left
 */
static int remove_scratch(const char *path, struct err *e)
{
        char aside[PATH_MAX + 8];

        (void)snprintf(aside, sizeof aside, "%s.new", path);
        if ((unlink(path) < 0 && errno != ENOENT) || (unlink(aside) < 0 && errno != ENOENT))
                return err_set(e, FAULT_SYSTEM, errno, "remove %s", path);
        return 0;
}

/**
 * undo() - Undo what a file says was run for this interface; none is no error
 */
static int undo(const struct plugin_args *args, const char *path, struct err *e)
{
        OWN(json) json_t *conf = NULL;
        struct err why = { 0 };

        if (load_scratch(path, &conf, &why) < 0 && why.fault != FAULT_ABSENT) {
                *e = why;
                return -1;
        }
        if (is_others(conf, args))
                return 0;
        if (conf && plugin_delegate(args, "DEL", conf, NULL, e) < 0)
                return -1;
        return remove_scratch(path, e);
}

static int del(const struct plugin_args *args, struct err *e)
{
        struct scratch paths;
        struct settings s;

        if (read_settings(args->conf, &s, e) < 0 || scratch_paths(args, &s, &paths, e) < 0)
                return -1;
        return undo(args, paths.other, e) < 0 ? -1 : undo(args, paths.first, e);
}

/**
 * check() - Was this container connected, and is that still known?
 *
 * The delegate is not asked: bridge fails its own check over a route without a
 * gateway, which is how the overlay's route is given to it.
 */
static int check(const struct plugin_args *args, struct err *e)
{
        OWN(json) json_t *conf = NULL, *first = NULL;
        struct scratch paths;
        struct settings s;

        if (read_settings(args->conf, &s, e) < 0 || scratch_paths(args, &s, &paths, e) < 0)
                return -1;
        if (load_scratch(paths.other, &conf, e) == 0)
                return 0;
        if (load_scratch(paths.first, &first, e) < 0)
                return -1;
        return is_others(first, args)
                       ? err_set(e, FAULT_ABSENT, 0, "%s is not connected", args->call.ifname)
                       : 0;
}

const struct plugin flannel_plugin = {
        .name = "flannel",
        .add = add,
        .del = del,
        .check = check,
};
