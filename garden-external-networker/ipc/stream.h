/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A great list inside a request, item by item: as one tree, 10,000 net-out rules
 * take 20 MB and most of the time of their whole way into the kernel. The values
 * are still jansson's; only what is between them is read here.
 */
#ifndef NETWORKER_STREAM_H
#define NETWORKER_STREAM_H

#include "netman/jsonx.h"

#include <stdbool.h>
#include <stddef.h>

/** Takes one item, which it borrows; -1 ends it all */
typedef int (*stream_fn)(const json_t *item, size_t i, void *ctx);

/**
 * stream_list() - An object's member @key, a list, item by item
 * @ret_rest: The object without it, owned by the caller
 *
 * Return: false for everything out of the ordinary (no such member or two of them,
 *         no list, an item that @fn refuses, no JSON at all). The caller then reads
 *         the text as a whole, to say what is wrong with it.
 */
bool stream_list(const char *text, size_t len, const char *key, stream_fn fn, void *ctx,
                 json_t **ret_rest);

#endif
