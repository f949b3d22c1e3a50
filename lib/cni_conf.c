/* SPDX-License-Identifier: Apache-2.0 */
/* CNI network configurations: a directory of .conf, .conflist and .json files. */
#include "netman/cni.h"

#include "netman/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define CONF_MAX     (1U << 20) /* bytes of one file */
#define NETWORKS_MAX 64         /* files; each is an interface of every container */
#define PLUGINS_MAX  32         /* in one list */

void cni_network_done(struct cni_network *net)
{
        free(net->file);
        free(net->name);
        free(net->version);
        json_decref(net->plugins);
        *net = (struct cni_network){ 0 };
}

void cni_networks_done(struct cni_networks *nets)
{
        for (size_t i = 0; i < nets->count; i++)
                cni_network_done(&nets->items[i]);
        free(nets->items);
        *nets = (struct cni_networks){ 0 };
}

/**
 * check_plugins() - Every element an object that names its type
 */
static int check_plugins(const json_t *plugins, struct err *e)
{
        const json_t *plugin;
        const char *type;
        size_t i;

        if (json_array_size(plugins) == 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "no plugins in list");
        if (json_array_size(plugins) > PLUGINS_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "more than %d plugins", PLUGINS_MAX);
        json_array_foreach(plugins, i, plugin) {
                if (!json_is_object(plugin))
                        return err_set(e, FAULT_BAD_INPUT, 0, "plugin %zu must be an object", i);
                if (jsonx_str(plugin, "type", &type, e) < 0)
                        return err_add(e, "plugin %zu", i);
                if (!*type || strchr(type, '/'))
                        return err_set(e, FAULT_BAD_INPUT, 0, "plugin %zu: invalid type '%s'", i,
                                       type);
        }
        return 0;
}

/**
 * read_plugins() - The list of a list, or a list of the one
 */
static int read_plugins(json_t *root, struct cni_network *net, struct err *e)
{
        json_t *list = json_object_get(root, "plugins");

        net->is_list = list != NULL;
        if (list && !json_is_array(list))
                return err_set(e, FAULT_BAD_INPUT, 0, "'plugins' must be a list");
        net->plugins = list ? json_incref(list) : json_pack("[O]", root);
        if (!net->plugins)
                return err_oom(e);
        return check_plugins(net->plugins, e);
}

int cni_network_parse(const char *file, const char *text, size_t len, struct cni_network *ret,
                      struct err *e)
{
        OWN(cni_network) struct cni_network net = { 0 };
        OWN(json) json_t *root = NULL;
        const char *name = "", *version = CNI_VERSION_DEFAULT;

        if (jsonx_parse(text, len, &root, e) < 0)
                return err_add(e, "%s", file);
        if (!json_is_object(root))
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: must be a JSON object", file);
        if (jsonx_opt_str(root, "name", &name, e) < 0 ||
            jsonx_opt_str(root, "cniVersion", &version, e) < 0 || read_plugins(root, &net, e) < 0)
                return err_add(e, "%s", file);
        if (net.is_list && !*name)
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: missing 'name'", file);
        if (strchr(name, '/'))
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: invalid name '%s'", file, name);
        if (!cni_version_known(*version ? version : CNI_VERSION_DEFAULT))
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "%s: cniVersion '%s' is none of 0.1.0 to 1.0.0", file, version);
        net.file = strdup(file);
        net.name = strdup(name);
        net.version = strdup(*version ? version : CNI_VERSION_DEFAULT);
        if (!net.file || !net.name || !net.version)
                return err_oom(e);
        *ret = net;
        net = (struct cni_network){ 0 };
        return 0;
}

static int is_conf(const struct dirent *entry)
{
        const char *dot = strrchr(entry->d_name, '.');

        return entry->d_name[0] != '.' && dot &&
               (strcmp(dot, ".conf") == 0 || strcmp(dot, ".conflist") == 0 ||
                strcmp(dot, ".json") == 0);
}

/** struct listing - The directory entries scandir() gave */
struct listing {
        struct dirent **entries;
        int count;
};

static void listing_drop(struct listing *l)
{
        for (int i = 0; i < l->count; i++)
                free(l->entries[i]);
        free(l->entries);
}

/* By bytes, whatever the locale: the order gives eth0, eth1, … */
static int by_name(const struct dirent **a, const struct dirent **b)
{
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_one(const char *dir, const char *name, struct cni_network *ret, struct err *e)
{
        OWN(str) struct str text = { 0 };
        char path[PATH_MAX];
        int n = snprintf(path, sizeof path, "%s/%s", dir, name);

        if (n < 0 || (size_t)n >= sizeof path)
                return err_set(e, FAULT_BAD_INPUT, ENAMETOOLONG, "%s/%s", dir, name);
        if (file_read(path, CONF_MAX, &text, e) < 0)
                return -1;
        return cni_network_parse(path, str_text(&text), text.len, ret, e);
}

int cni_networks_load(const char *dir, struct cni_networks *ret, struct err *e)
{
        OWN(cni_networks) struct cni_networks nets = { 0 };
        OWN(listing) struct listing found = { 0 };

        found.count = scandir(dir, &found.entries, is_conf, by_name);
        if (found.count < 0) {
                found.count = 0;
                return err_set(e, errno == ENOENT ? FAULT_ABSENT : FAULT_SYSTEM, errno, "%s", dir);
        }
        if (found.count == 0)
                return err_set(e, FAULT_ABSENT, 0, "%s: no CNI configuration in it", dir);
        if (found.count > NETWORKS_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: more than %d networks", dir,
                               NETWORKS_MAX);
        nets.items = calloc((size_t)found.count, sizeof *nets.items);
        if (!nets.items)
                return err_oom(e);
        for (int i = 0; i < found.count; i++) {
                if (load_one(dir, found.entries[i]->d_name, &nets.items[i], e) < 0)
                        return -1;
                nets.count++;
        }
        *ret = nets;
        nets = (struct cni_networks){ 0 };
        return 0;
}
