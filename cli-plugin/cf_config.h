/* SPDX-License-Identifier: Apache-2.0 */
/* The cf CLI's own configuration file: $CF_HOME/.cf/config.json, else ~/.cf/config.json. */
#ifndef NETMAN_PLUGIN_CF_CONFIG_H
#define NETMAN_PLUGIN_CF_CONFIG_H

#include "netman/err.h"
#include "netman/jsonx.h"

#include <stdbool.h>

/**
 * struct cf_config - The file, and what we read of it
 * @path: Of the file itself, symbolic links resolved
 * @root: The whole document, so that saving keeps what we do not know
 *
 * Texts are borrowed from @root; "" where absent.
 */
struct cf_config {
        char *path;
        json_t *root;
        const char *target;       /* API address */
        const char *uaa;          /* where tokens are given out */
        const char *access_token; /* "bearer …" */
        const char *refresh_token;
        const char *client, *client_secret;
        const char *space, *space_name, *org, *org_name; /* ids and names */
        bool ssl_disabled;
};

/** cf_config_load() - @e: no file (as if nobody had logged in), or not readable */
int cf_config_load(struct cf_config *c, struct err *e);

/** cf_config_set_tokens() - New ones, in memory; @refresh_token: NULL: keep the old one */
int cf_config_set_tokens(struct cf_config *c, const char *access_token, const char *refresh_token,
                         struct err *e);

/**
 * cf_config_save() - Into the file, for us and for cf: replaced as a whole, its owner
 *                    stays, nobody else can read it
 */
int cf_config_save(const struct cf_config *c, struct err *e);

void cf_config_done(struct cf_config *c);

#endif
