/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A great list inside a JSON object, item by item: as one tree, 10,000 policies or
 * net-out rules take 20 MB, and ten megabytes of "{},{},…" eight hundred. The values
 * are still jansson's; only what is between them is read here.
 */
#ifndef NETMAN_JSON_STREAM_H
#define NETMAN_JSON_STREAM_H

#include "netman/jsonx.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * typedef json_stream_fn - Takes one item
 * @item: Borrowed for the call
 *
 * Return: 0 to go on; -1 with @e set ends it all
 */
typedef int (*json_stream_fn)(const json_t *item, size_t i, void *ctx, struct err *e);

/**
 * struct json_stream - What to read
 * @key:       The member that is the list
 * @value_max: Bytes of any one item or other member; a longer one is an error.
 *             0: no limit
 * @item:      Called for each item, in their order
 * @rest:      Gets the other members, if it is not NULL; borrowed
 */
struct json_stream {
        const char *key;
        size_t value_max;
        json_stream_fn item;
        void *ctx;
        json_t *rest;
};

/**
 * json_stream() - Read an object whose member @s->key is a list
 * @ret_seen: Is there such a list? null, for it or for the whole text, is none
 * @e:        FAULT_BAD_INPUT with the offset and the reason, or what @s->item said
 *
 * The list may stand in the object once only. When this fails, some items may
 * have been handed over.
 */
int json_stream(const struct json_stream *s, const char *text, size_t len, bool *ret_seen,
                struct err *e);

#endif
