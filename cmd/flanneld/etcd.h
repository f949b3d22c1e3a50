/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to the members of an etcd cluster, of which one answers at a time. */
#ifndef FLANNELD_ETCD_H
#define FLANNELD_ETCD_H

#include "cmd/flanneld/store.h"
#include "netman/http_client.h"

struct etcd;

/** etcd_open() - Prepare; @e: FAULT_BAD_INPUT names the endpoint or file that is wrong */
int etcd_open(const struct store_conf *conf, struct etcd **ret, struct err *e);
void etcd_close(struct etcd *d);
OWN_DROP(etcd, struct etcd *, etcd_close)

/**
 * etcd_call() - Send a request to the member that answered last, else to the others
 * @a: An answer with status 2xx, or one below 500 where @take_4xx
 * @e: FAULT_UPSTREAM: no member answered; FAULT_DENIED, FAULT_ABSENT,
 *     FAULT_BAD_INPUT: one did, and refused, in its words
 */
int etcd_call(struct etcd *d, const struct http_call *call, bool take_4xx, struct http_answer *a,
              struct err *e);

/**
 * etcd_stream() - An answer without an end, from the member that answered last
 * @e: As for etcd_call(); sys ETIMEDOUT: it was not over when @call's time was
 *
 * One try: what is asked for depends on what was heard before. The next call asks the
 * next member, or after a time-out the same one.
 */
int etcd_stream(struct etcd *d, const struct http_call *call, http_line_fn *on_line, void *arg,
                struct err *e);

/** etcd_user(), etcd_password() - From the configuration; NULL for none */
const char *etcd_user(const struct etcd *d);
const char *etcd_password(const struct etcd *d);

#endif
