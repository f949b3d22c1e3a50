/* SPDX-License-Identifier: Apache-2.0 */
/* A request to etcd's JSON gateway, as the user of the configuration. */
#ifndef FLANNELD_ETCD3_ASK_H
#define FLANNELD_ETCD3_ASK_H

#include "cmd/flanneld/etcd.h"
#include "netman/jsonx.h"

/**
 * struct etcd3 - The state
 * @silence_ms: How long a watch lasts before we ask whether its member still lives
 * @token:      That we are the user of the configuration; empty: not said yet
 */
struct etcd3 {
        struct etcd *cluster; /* owned */
        const char *prefix;
        int64_t silence_ms;
        struct str token; /* owned */
};

/**
 * etcd3_ask() - POST @body to @path, and the JSON object that comes back
 *
 * A token that etcd has forgotten, or that is older than its users, is refused:
 * then we log in and ask once more.
 */
int etcd3_ask(struct etcd3 *d, const char *path, const struct str *body, json_t **ret,
              struct err *e);

#endif
