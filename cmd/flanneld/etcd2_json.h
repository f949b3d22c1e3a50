/* SPDX-License-Identifier: Apache-2.0 */
/* What etcd's v2 key API says: keys and values as they are, failures by number. */
#ifndef FLANNELD_ETCD2_JSON_H
#define FLANNELD_ETCD2_JSON_H

#include "cmd/flanneld/store.h"
#include "netman/jsonx.h"

/**
 * etcd2_refusal() - The failure that an answer tells
 * @root: The answer; NULL: it was no JSON
 * @e:    FAULT_ABSENT: no such key; FAULT_CONFLICT: the key is there already, was
 *        changed since, or the history asked for is gone; FAULT_DENIED;
 *        FAULT_UPSTREAM: the members do not agree on a leader
 *
 * Return: -1; 0 if the answer tells none
 */
int etcd2_refusal(const json_t *root, struct err *e);

/** etcd2_lease() - The lease in an answer's "node". Return: false if that is none */
bool etcd2_lease(const json_t *root, struct lease *ret);

/** etcd2_ttl() - Seconds that an answer's "node" lives; 0: for ever */
int64_t etcd2_ttl(const json_t *root);

/** etcd2_leases() - The leases in the folder that an answer shows */
int etcd2_leases(const json_t *root, struct leases *ret, struct err *e);

/**
 * etcd2_event() - Tell what the answer to a watch says
 * @rev: Moves on to the event's index
 * @e:   FAULT_CONFLICT: what happened can only be learnt by a new list
 */
int etcd2_event(const json_t *root, const struct store_news *news, int64_t *rev, struct err *e);

#endif
