/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is a container's by the plugins: its record in the store, what flannel keeps for
 * DEL, its addresses at host-local, its rules. For whoever looks for what was left behind.
 */
#ifndef CNI_OWNED_H
#define CNI_OWNED_H

#include "netman/err.h"
#include "netman/jsonx.h"

/**
 * owned_files() - Containers that files of a plugin, or of what it delegates to, name
 * @conf:    The plugin's configuration
 * @network: Its network's name
 * @seen:    An object; gets their handles as keys
 */
int owned_files(const json_t *conf, const char *network, json_t *seen, struct err *e);

/** owned_rules() - Containers that have rules of the wrapper's */
int owned_rules(json_t *seen, struct err *e);

/**
 * owned_release() - Give back the addresses of a container that is gone
 *
 * DEL does that. It cannot where what flannel ran is known no more.
 */
int owned_release(const json_t *conf, const char *network, const char *handle, struct err *e);

#endif
