/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered over HTTP: /healthz as flannel does, and a debug server. */
#ifndef FLANNELD_SERVE_H
#define FLANNELD_SERVE_H

#include "cmd/flanneld/options.h"
#include "netman/http_server.h"
#include "netman/metrics.h"

/** struct serve - The servers that were asked for; all zero is none */
struct serve {
        struct http_server *health, *debug; /* owned */
};

/** serve_start() - Start them. @m: Borrowed; must outlive them */
int serve_start(const struct options *o, struct metrics *m, struct serve *ret, struct err *e);
void serve_drop(struct serve *s);

#endif
