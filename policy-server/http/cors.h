/* SPDX-License-Identifier: Apache-2.0 */
/* Headers that browsers heed, on every answer of the external listener. */
#ifndef NETMAN_POLICY_SERVER_HTTP_CORS_H
#define NETMAN_POLICY_SERVER_HTTP_CORS_H

#include "policy-server/server.h"

/* Name and value, on every answer that went through TLS. */
#define HSTS_HEADER "Strict-Transport-Security", "max-age=31536000"

void cors_headers(const struct ps *ps, struct http_request *rq, struct http_reply *reply);

/** cors_options() - Handler of OPTIONS: which methods this path knows */
void cors_options(struct http_request *rq);

#endif
