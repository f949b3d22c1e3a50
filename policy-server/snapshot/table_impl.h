/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the table: table*.c only. */
#ifndef NETMAN_POLICY_SERVER_SNAPSHOT_TABLE_IMPL_H
#define NETMAN_POLICY_SERVER_SNAPSHOT_TABLE_IMPL_H

#include "policy-server/snapshot/table.h"

/**
 * struct table_policy - A policy and its JSON
 * @prev_next: Whatever points here in the table's list
 * @out_at, @in_at: Its places in the vectors of its apps
 * @json:      The internal v0 form; the v1 form is the same without the
 *             @port_len bytes after the first @head_len
 */
struct table_policy {
        struct table_policy *next, **prev_next;
        struct table_app *src, *dst;
        uint32_t out_at, in_at;
        struct fingerprint fp;
        uint32_t len, head_len, port_len;
        uint16_t start, end;
        uint8_t proto;
        char json[];
};

struct table_vec {
        struct table_policy **items;
        uint32_t count, cap;
};

/**
 * struct table_app - An app that policies touch
 * @out, @in: Those it is the source, the destination of
 * @fp:       Sum over both, each policy once
 */
struct table_app {
        struct table_app *next; /* in its bucket */
        char *id;
        size_t id_len;
        uint32_t tag;
        struct fingerprint fp;
        struct table_vec out, in;
};

struct table {
        unsigned int tag_length;
        struct table_app **buckets;
        size_t bucket_count, app_count;
        struct table_policy *first, **tail;
        size_t count;
        struct fingerprint fp;
};

/** table_find() - An app by id, or NULL */
struct table_app *table_find(const struct table *t, const char *id, size_t len);

#endif
