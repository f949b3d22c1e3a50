/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entity tags of the internal API: "EPOCH-REVISION-FINGERPRINT". The fingerprint
 * alone decides whether an answer has changed; epoch and revision say how new
 * the answer was, hence how far its reader has come.
 */
#ifndef NETMAN_POLICY_SERVER_SNAPSHOT_ETAG_H
#define NETMAN_POLICY_SERVER_SNAPSHOT_ETAG_H

#include "policy-server/snapshot/feed.h"

#define ETAG_TEXT (FEED_EPOCH_MAX + 60)

struct etag {
        char epoch[FEED_EPOCH_MAX];
        int64_t revision;
        struct fingerprint fp;
};

void etag_print(const struct feed_view *v, const struct fingerprint *fp, char buf[ETAG_TEXT]);

/** etag_parse() - Return: false if it is none of ours */
bool etag_parse(const char *text, struct etag *ret);

static inline bool fingerprint_eq(const struct fingerprint *x, const struct fingerprint *y)
{
        return x->a == y->a && x->b == y->b;
}

#endif
