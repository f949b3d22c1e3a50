/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CNI as its callers see it: network configurations read from files, one plugin
 * run once, its result or its error understood. Both the runtime (the networker)
 * and plugins that delegate (wrapper, flannel) stand on this.
 * Specification: https://github.com/containernetworking/cni/blob/main/SPEC.md
 */
#ifndef NETMAN_CNI_H
#define NETMAN_CNI_H

#include "netman/child.h"
#include "netman/err.h"
#include "netman/jsonx.h"
#include "netman/own.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CNI_VERSION_DEFAULT "0.1.0" /* what a configuration without cniVersion means */

/**
 * cni_version_known() - Is it one of 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0?
 */
bool cni_version_known(const char *version);

/** cni_versions() - The list above, oldest first, NULL at the end */
const char *const *cni_versions(void);

/**
 * struct cni_network - One network, from a .conf, .json or .conflist file
 * @file:    Path it came from
 * @name:    Network's name
 * @version: cniVersion, or the default
 * @plugins: Array of plugin configuration objects, as in the file; a single
 *           configuration is a list of one
 * @is_list: It came as a list
 */
struct cni_network {
        char *file, *name, *version;
        json_t *plugins;
        bool is_list;
};

struct cni_networks {
        struct cni_network *items;
        size_t count;
};

/**
 * cni_networks_load() - All networks of a directory, in lexical order of file names
 * @ret: Filled in; unchanged on failure
 * @e:   Names the file; FAULT_ABSENT if the directory holds no configuration
 */
int cni_networks_load(const char *dir, struct cni_networks *ret, struct err *e);

/** cni_network_parse() - One document; @file only names it in errors and picks the form */
int cni_network_parse(const char *file, const char *text, size_t len, struct cni_network *ret,
                      struct err *e);

void cni_network_done(struct cni_network *net);
void cni_networks_done(struct cni_networks *nets);

static inline void cni_networks_drop(struct cni_networks *nets)
{
        cni_networks_done(nets);
}

static inline void cni_network_drop(struct cni_network *net)
{
        cni_network_done(net);
}

/**
 * struct cni_call - The environment of one plugin run
 * @command:      "ADD", "DEL", "CHECK", "VERSION"
 * @container_id: Container's handle
 * @netns:        Path of its network namespace; "" where it is gone
 * @ifname:       Interface inside it
 * @args:         CNI_ARGS; NULL means empty
 * @path:         Directories holding plugins, separated by ':'
 * @timeout_ms:   Bound on the run; 0: for a plugin that is run by ours, what is left of
 *                its own time, else 60 s
 * @meanwhile:    See netman/child.h; may be NULL
 */
struct cni_call {
        const char *command, *container_id, *netns, *ifname, *args, *path;
        int timeout_ms;
        struct meanwhile *meanwhile;
};

/**
 * cni_find() - The executable of plugin @type in @path
 * @ret: Owned by the caller
 * @e:   FAULT_ABSENT naming plugin and path; FAULT_BAD_INPUT if @type holds a '/'
 */
int cni_find(const char *type, const char *path, char **ret, struct err *e);

/**
 * cni_exec() - Run plugin @type once
 * @conf:       Its configuration, sent to its standard input
 * @ret_result: The object it printed, new reference; NULL where it printed nothing
 *              (DEL and CHECK). May be NULL: then the output is ignored
 * @e:          FAULT_UPSTREAM with the plugin's name and its own words: its error
 *              object, else what it wrote to standard error or output, else its exit status;
 *              also when it takes too long or prints too much
 *
 * What a plugin that succeeded wrote to standard error, its first 4 KiB, goes on to ours.
 */
int cni_exec(const char *type, const struct cni_call *call, const json_t *conf, json_t **ret_result,
             struct err *e);

/**
 * struct cni_ip4 - The address a result gives to the container
 * @gateway: 0.0.0.0 where the result names none
 * @prefix_len: Of the address; 32 where the result names none
 */
struct cni_ip4 {
        struct in_addr addr, gateway;
        int prefix_len;
};

/**
 * cni_result_ip4() - First IPv4 address of a result, versions 0.1.0 to 1.0.0
 * @e: FAULT_BAD_INPUT: no result, or no IPv4 address in it
 */
int cni_result_ip4(const json_t *result, struct cni_ip4 *ret, struct err *e);

/**
 * cni_result_convert() - A result in another version of the specification
 * @version: One that cni_version_known()
 * @ret:     New reference
 *
 * What the older form cannot say (interfaces) is left out.
 */
int cni_result_convert(const json_t *result, const char *version, json_t **ret, struct err *e);

/**
 * cni_error_json() - A CNI error object in one line of JSON
 *
 * Return: Owned by the caller; NULL if memory ran out
 */
char *cni_error_json(const char *version, int code, const char *msg, const char *details);

#endif
