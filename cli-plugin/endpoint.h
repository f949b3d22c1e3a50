/* SPDX-License-Identifier: Apache-2.0 */
/* Servers of the platform, reached as the user's environment says. */
#ifndef NETMAN_PLUGIN_ENDPOINT_H
#define NETMAN_PLUGIN_ENDPOINT_H

#include "netman/http_client.h"

/**
 * endpoint_open() - A client for one of them; SSL_CERT_FILE, CF_DIAL_TIMEOUT, https_proxy
 *                   and no_proxy are heeded, an empty one is none
 * @url:      May end with slashes
 * @insecure: Believe any certificate
 */
int endpoint_open(const char *url, bool insecure, struct http_client **ret, struct err *e);

/**
 * endpoint_dial_ms() - How long a connection may take to come about
 * @seconds: CF_DIAL_TIMEOUT, or NULL; 0 is for ever, which is what the kernel makes of
 *           it; what is no number of seconds counts for nothing, as it always has
 */
int endpoint_dial_ms(const char *seconds);

#endif
