/* SPDX-License-Identifier: Apache-2.0 */
/* Follow the leases of all cells, in a thread of its own, for as long as we run. */
#ifndef FLANNELD_FOLLOW_H
#define FLANNELD_FOLLOW_H

#include "cmd/flanneld/mailbox.h"
#include "cmd/flanneld/store.h"
#include "netman/metrics.h"

struct follow;

/**
 * follow_start() - Begin
 * @rev: Everything after this revision is told to @box, as MAIL_PUT and
 *       MAIL_GONE; as MAIL_ALL when the store has forgotten what came after
 * @metrics: Borrowed; see stats.h
 */
int follow_start(const struct store_conf *conf, int64_t rev, struct mailbox *box,
                 struct metrics *metrics, struct follow **ret, struct err *e);

/** follow_stop() - End the thread and wait for it; NULL is allowed */
void follow_stop(struct follow *f);
OWN_DROP(follow, struct follow *, follow_stop)

#endif
