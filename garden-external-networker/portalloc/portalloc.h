/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host ports, shared by all networkers of a cell: the pool kept in state_file,
 * under the flock of state_file_lock, beside state_file_freed, which only
 * remembers the order in which ports were given back.
 */
#ifndef NETWORKER_PORTALLOC_H
#define NETWORKER_PORTALLOC_H

#include "garden-external-networker/portalloc/pool.h"
#include "netman/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct portalloc - @wait_ms bounds the wait for the lock */
struct portalloc {
        const char *state_file;
        struct pool_range range;
        int wait_ms;
};

/**
 * portalloc_acquire() - @count ports for @handle, in one step: all or none
 * @ret: Array of @count
 * @e:   FAULT_BAD_INPUT naming the state file, if it is damaged: then it is left as it is
 */
int portalloc_acquire(const struct portalloc *pa, const char *handle, size_t count, uint16_t *ret,
                      struct err *e);

/**
 * portalloc_book() - Have @handle hold that very port, which it chose itself
 * @e: FAULT_CONFLICT if it is another's
 *
 * One outside the range is nobody's business here.
 */
int portalloc_book(const struct portalloc *pa, const char *handle, uint16_t port, struct err *e);

/** portalloc_release() - One port of @handle, or all where @port is 0; none is no error */
int portalloc_release(const struct portalloc *pa, const char *handle, uint16_t port, struct err *e);

/**
 * portalloc_count() - How many ports are held, by whomever
 *
 * Takes no lock: the state file is only ever replaced whole.
 */
int portalloc_count(const struct portalloc *pa, size_t *ret, struct err *e);

/**
 * portalloc_overlap() - Does the kernel give ports of the pool to outgoing connections?
 * @ret_lo, @ret_hi: net.ipv4.ip_local_port_range
 *
 * Return: false also where that cannot be read
 */
bool portalloc_overlap(const struct portalloc *pa, int64_t *ret_lo, int64_t *ret_hi);

/**
 * portalloc_apart() - A range for outgoing connections that leaves the pool alone
 * @lo, @hi: What it is today; then the greater part of it that is beside the pool
 *
 * Return: false if that would be too few
 */
bool portalloc_apart(const struct portalloc *pa, int64_t *lo, int64_t *hi);

/** portalloc_owns() - Is @port inside the pool's range? */
static inline bool portalloc_owns(const struct portalloc *pa, uint32_t port)
{
        return port >= pa->range.start && port < pa->range.start + pa->range.count;
}

#endif
