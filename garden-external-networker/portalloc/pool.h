/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool of host ports as a value: who holds which, and in which order free
 * ones were given back. No files, no locks: see portalloc.h.
 */
#ifndef NETWORKER_POOL_H
#define NETWORKER_POOL_H

#include "netman/err.h"
#include "netman/jsonx.h"

#include <stddef.h>
#include <stdint.h>

/** struct pool_range - The ports that are ours to give: @start, … @start + @count - 1 */
struct pool_range {
        uint16_t start;
        uint32_t count;
};

/**
 * struct pool - State of the pool
 * @acquired: {"HANDLE":[PORT,…]}
 * @freed:    [PORT,…]: given back, the oldest first; ports that are neither here
 *            nor acquired were never used, and so are the longest free
 */
struct pool {
        json_t *acquired, *freed;
};

/**
 * pool_read() - From the texts of the two files; "" is an empty one
 * @state: {"acquired_ports":{…}}
 * @freed: Only a hint about the order: what makes no sense in it is ignored
 * @e:     FAULT_BAD_INPUT if @state is no such thing
 */
int pool_read(const char *state, size_t state_len, const char *freed, size_t freed_len,
              struct pool *ret, struct err *e);

/** pool_print_state(), pool_print_freed() - Back to text, the caller's to free */
int pool_print_state(const struct pool *p, char **ret, struct err *e);
int pool_print_freed(const struct pool *p, char **ret, struct err *e);

/**
 * pool_acquire() - Give @handle the port that has been free the longest
 * @e: FAULT_CONFLICT "port pool exhausted"
 */
int pool_acquire(struct pool *p, struct pool_range range, const char *handle, uint16_t *ret,
                 struct err *e);

/**
 * pool_book() - Give @handle that very port; it may have it already
 * @e: FAULT_CONFLICT if it is another's
 */
int pool_book(struct pool *p, const char *handle, uint16_t port, struct err *e);

/**
 * pool_release() - Take back one port of @handle, or all where @port is 0
 * @ret_count: How many were taken back
 */
int pool_release(struct pool *p, const char *handle, uint16_t port, size_t *ret_count,
                 struct err *e);

void pool_done(struct pool *p);

static inline void pool_drop(struct pool *p)
{
        pool_done(p);
}

#endif
