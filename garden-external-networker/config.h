/* SPDX-License-Identifier: Apache-2.0 */
/* The networker's configuration file. */
#ifndef NETWORKER_CONFIG_H
#define NETWORKER_CONFIG_H

#include "garden-external-networker/netrules/conf.h"
#include "netman/conf.h"
#include "netman/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_PREFIX_DEFAULT "cfnetworking"

/**
 * struct config - As in the file
 * @plugin_timeout: Seconds that each CNI plugin may take
 * @proxy_uid:      Whose connections are not redirected; -1: everybody's are
 * @proxy_ingress:  Redirect what comes to a container, too
 * @rules:          Without overlay_network: the CNI wrapper owns the rules, we touch
 *                  no table
 */
struct config {
        char *cni_plugin_dir, *cni_config_dir, *bind_mount_dir, *state_file, *log_prefix;
        char *proxy_redirect_cidr;
        struct conf_strs search_domains;
        int64_t start_port, total_ports, proxy_port, proxy_uid;
        int64_t plugin_timeout;
        bool proxy_ingress;
        struct rules_conf rules;
};

/**
 * config_load() - Read and check the file
 * @ret:      Zeroed by the caller; config_done() frees it
 * @problems: Gets a line for each problem
 * @e:        The first of them
 */
int config_load(const char *path, struct config *ret, struct str *problems, struct err *e);
void config_done(struct config *c);

static inline void config_drop(struct config *c)
{
        config_done(c);
}

/** config_owns_rules() - Do we set up chains, or does the CNI wrapper? */
static inline bool config_owns_rules(const struct config *c)
{
        return c->rules.overlay_network != NULL;
}

#endif
