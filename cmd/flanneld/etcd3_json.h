/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What etcd's v3 JSON gateway says and wants to hear. Keys and values are
 * base64, 64-bit numbers are strings, members that are zero are left out.
 */
#ifndef FLANNELD_ETCD3_JSON_H
#define FLANNELD_ETCD3_JSON_H

#include "cmd/flanneld/store.h"
#include "netman/jsonx.h"

/** struct etcd3_kv - A key with its value */
struct etcd3_kv {
        struct str key, value;
        int64_t lease; /* 0: none */
        int64_t mod_rev;
};

void etcd3_kv_drop(struct etcd3_kv *kv);

/** etcd3_base64() - Add @text in base64 */
void etcd3_base64(struct str *s, const char *text, size_t len);

/** etcd3_kv_read() - One element of "kvs", or an event's "kv" */
int etcd3_kv_read(const json_t *obj, struct etcd3_kv *ret, struct err *e);

/** etcd3_int() - A 64-bit number, as a string or not; 0 where it is absent */
int etcd3_int(const json_t *obj, const char *name, int64_t *ret, struct err *e);

/** etcd3_revision() - The store's revision, from an answer's header */
int etcd3_revision(const json_t *root, int64_t *ret, struct err *e);

/** etcd3_leases() - The leases in a range answer's "kvs" */
int etcd3_leases(const json_t *root, struct leases *ret, struct err *e);

/**
 * etcd3_watch_line() - Tell what one line of a watch says
 * @rev: Moves on to the line's revision
 * @e:   FAULT_CONFLICT: the revision asked for is gone, or never was; FAULT_UPSTREAM: the
 *       watch has ended or the line makes no sense
 */
int etcd3_watch_line(const char *line, size_t len, const struct store_news *news, int64_t *rev,
                     struct err *e);

#endif
