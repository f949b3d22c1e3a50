/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays that grow by one item at a time:
 *
 *   if (grow(&list->items, list->count, &list->cap, sizeof *list->items, e) < 0)
 *           return -1;
 *   list->items[list->count++] = item;
 */
#ifndef NETMAN_GROW_H
#define NETMAN_GROW_H

#include "netman/err.h"

#include <stddef.h>

/**
 * grow() - Have room for one item more
 * @array: Address of the owner's pointer, NULL where there is nothing yet
 * @count: Items in use
 * @cap:   Items there is room for; doubled when all are in use
 * @size:  Of an item
 */
int grow(void *array, size_t count, size_t *cap, size_t size, struct err *e);

#endif
