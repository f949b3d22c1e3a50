/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client may know of its own access token: whose it is and when it runs
 * out. The signature is the servers' business.
 */
#ifndef NETMAN_PLUGIN_TOKEN_H
#define NETMAN_PLUGIN_TOKEN_H

#include "netman/err.h"

#include <stdint.h>

/**
 * token_read() - Look into "bearer HEADER.CLAIMS.SIGNATURE"
 * @ret_user:    user_name, or client_id of a client's own token; the caller's to free
 * @ret_expires: Seconds since 1970; 0 where the token does not tell
 * @e:           Not such a token; never quotes it
 */
int token_read(const char *token, char **ret_user, int64_t *ret_expires, struct err *e);

#endif
