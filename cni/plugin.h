/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge of a CNI plugin: environment and standard input in, result or error
 * object out. Standard output is the protocol; everything else is on standard error.
 */
#ifndef CNI_PLUGIN_H
#define CNI_PLUGIN_H

#include "netman/cni.h"
#include "netman/err.h"
#include "netman/jsonx.h"

#include <stdbool.h>
#include <stdint.h>

#define PLUGIN_WAIT_SECONDS 10 /* for a lock, unless lock_timeout_seconds says otherwise */

/**
 * struct plugin_rules - A container's port forwards and egress rules, as the runtime
 *                       hands them to a plugin
 * @set:  From runtimeConfig and metadata of @conf; all or nothing
 * @drop: Remove them, waiting for locks no longer than that; none is no error
 */
struct plugin_rules {
        int (*set)(const json_t *conf, const char *handle, uint32_t ip, struct err *e);
        int (*drop)(const json_t *conf, const char *handle, int wait_ms, struct err *e);
};

/**
 * struct plugin_args - What one run was asked for
 * @call:    From the environment; its command is unset, its strings never NULL
 * @conf:    Configuration from standard input, an object
 * @version: Its cniVersion, or the default
 * @rules:   The plugin's
 */
struct plugin_args {
        struct cni_call call;
        json_t *conf;
        const char *version;
        const struct plugin_rules *rules;
};

/**
 * struct plugin - A plugin's work
 * @name:     Program's name
 * @add:      @ret: the result, in the version the configuration names
 * @del:      Undo; what is not there is no error
 * @check:    Is all still there? NULL: always
 * @del_mute: A DEL that fails still exits 0; what went wrong is on standard error
 * @rules:    Who sets up rules, for a plugin that is told to; may be NULL
 */
struct plugin {
        const char *name;
        int (*add)(const struct plugin_args *args, json_t **ret, struct err *e);
        int (*del)(const struct plugin_args *args, struct err *e);
        int (*check)(const struct plugin_args *args, struct err *e);
        bool del_mute;
        const struct plugin_rules *rules;
};

/** plugin_main() - Do what the environment says. Return: exit status */
int plugin_main(const struct plugin *p);

/**
 * plugin_delegate() - Run another plugin in our place
 * @command: "ADD", "DEL" or "CHECK"
 * @ret:     Its result; NULL for DEL and CHECK
 */
int plugin_delegate(const struct plugin_args *args, const char *command, const json_t *conf,
                    json_t **ret, struct err *e);

extern const struct plugin wrapper_plugin, flannel_plugin;

/** flannel_data_dir() - Where flannel keeps what it ran. Borrowed */
const char *flannel_data_dir(const json_t *conf);

#endif
