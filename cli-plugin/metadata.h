/* SPDX-License-Identifier: Apache-2.0 */
/* What the cf CLI wants to know of a plugin when it installs it. */
#ifndef NETMAN_PLUGIN_METADATA_H
#define NETMAN_PLUGIN_METADATA_H

#include "cli-plugin/rpc.h"

#define METADATA_MIN_CLI "6.15.0"

/** metadata_encode() - Definitions, with ids from @first_id on, and the value */
#define METADATA_IDS 6
void metadata_encode(int first_id, struct str *out);

/** metadata_send() - SetPluginMetadata; @e: also if the CLI does not say true */
int metadata_send(struct rpc *r, struct err *e);

#endif
