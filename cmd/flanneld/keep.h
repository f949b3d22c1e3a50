/* SPDX-License-Identifier: Apache-2.0 */
/* Keep this cell's lease alive, in a thread of its own, for as long as we run. */
#ifndef FLANNELD_KEEP_H
#define FLANNELD_KEEP_H

#include "cmd/flanneld/mailbox.h"
#include "cmd/flanneld/store.h"
#include "netman/metrics.h"

/**
 * struct keep_conf - What to keep
 * @lease:    Ours
 * @left_s:   Seconds it has left; 0: it stays for ever
 * @ttl_s:    Seconds that a new one gets
 * @margin_s: Seconds before its end at which it is renewed
 * @metrics:  Borrowed; see stats.h
 */
struct keep_conf {
        struct lease lease;
        int64_t left_s;
        int64_t ttl_s;
        int64_t margin_s;
        struct metrics *metrics;
};

struct keep;

/**
 * keep_start() - Begin
 * @box: Gets MAIL_LOST when another cell holds our subnet
 */
int keep_start(const struct store_conf *store, const struct keep_conf *conf, struct mailbox *box,
               struct keep **ret, struct err *e);

/** keep_check() - The lease has gone from the store, or reads otherwise: look after it now */
void keep_check(struct keep *k);

/** keep_stop() - End the thread and wait for it; the lease stays. NULL is allowed */
void keep_stop(struct keep *k);
OWN_DROP(keep, struct keep *, keep_stop)

/** keep_due_ms() - When to renew a lease with @left_s to go, from now */
int64_t keep_due_ms(int64_t left_s, int64_t margin_s);

/** keep_retry_ms() - When to try again after a failure with @left_ms to go */
int64_t keep_retry_ms(int64_t left_ms);

#endif
