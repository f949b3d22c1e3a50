/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/snapshot/etag.h"

#include <inttypes.h>
#include <string.h>

#define FP_DIGITS 32

void etag_print(const struct feed_view *v, const struct fingerprint *fp, char buf[ETAG_TEXT])
{
        (void)snprintf(buf, ETAG_TEXT, "\"%s-%" PRId64 "-%016" PRIx64 "%016" PRIx64 "\"", v->epoch,
                       v->revision, fp->a, fp->b);
}

/** part_until() - Copy up to @end into @buf. Return: what follows, or NULL */
static const char *part_until(const char *text, char end, char *buf, size_t size)
{
        const char *at = strchr(text, end);
        size_t len = at ? (size_t)(at - text) : 0;

        if (!len || len >= size)
                return NULL;
        memcpy(buf, text, len);
        buf[len] = '\0';
        return at + 1;
}

bool etag_parse(const char *text, struct etag *ret)
{
        char revision[24], fp[FP_DIGITS + 1], half[FP_DIGITS / 2 + 1];
        struct etag t = { 0 };

        if (str_starts(text, "W/"))
                text += 2;
        if (*text++ != '"')
                return false;
        text = part_until(text, '-', t.epoch, sizeof t.epoch);
        text = text ? part_until(text, '-', revision, sizeof revision) : NULL;
        text = text ? part_until(text, '"', fp, sizeof fp) : NULL;
        if (!text || strspn(fp, "0123456789abcdef") != FP_DIGITS ||
            str_to_int(revision, 0, INT64_MAX, &t.revision, NULL) < 0)
                return false;
        memcpy(half, fp, FP_DIGITS / 2);
        half[FP_DIGITS / 2] = '\0';
        t.fp.a = strtoull(half, NULL, 16);
        t.fp.b = strtoull(fp + FP_DIGITS / 2, NULL, 16);
        *ret = t;
        return true;
}
