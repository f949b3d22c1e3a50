/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that several processes share: read with a bound, replaced whole, locked
 * with a deadline.
 */
#ifndef NETMAN_FILE_H
#define NETMAN_FILE_H

#include "netman/err.h"
#include "netman/own.h"
#include "netman/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/**
 * file_read() - A whole file
 * @max: Greater files are refused
 * @ret: The contents are added to it
 * @e:   FAULT_ABSENT where there is no such file
 */
int file_read(const char *path, size_t max, struct str *ret, struct err *e);

/**
 * file_replace() - Put a new file in the place of an old one, or leave the old
 * @data:  The whole new contents
 * @mode:  Permission bits of the new file
 * @owner: User id, or (uid_t)-1 for our own
 * @group: Group id, or (gid_t)-1 for our own
 *
 * Written beside the old file, flushed to disk, renamed over it: after a crash at any
 * point there is the old file or the new one. That it is the new one, file_flush() sees to:
 * another flush, of the directory, costs a disk as much again.
 * Callers who share the file hold a lock (below). A writer that is killed may
 * leave PATH.new, which the next one removes.
 */
int file_replace(const char *path, const char *data, size_t len, mode_t mode, uid_t owner,
                 gid_t group, struct err *e);

/**
 * file_swap() - As file_replace(), but not flushed to disk
 *
 * Other processes see the old file or the new one, and so does a writer's
 * successor; after a crash of the machine it may be empty or gone. For what is
 * worth nothing then: a flush takes milliseconds.
 */
int file_swap(const char *path, const char *data, size_t len, mode_t mode, struct err *e);

/**
 * file_each_name() - Every name in a folder but those that begin with a dot
 * @fn: Takes one; -1 with @e ends it all
 *
 * A folder that is not there has no names.
 */
int file_each_name(const char *folder, int (*fn)(const char *name, void *ctx, struct err *e),
                   void *ctx, struct err *e);

/** file_swap_parts() - The same for contents in several pieces */
int file_swap_parts(const char *path, const struct iovec *parts, size_t count, mode_t mode,
                    struct err *e);

/** file_flush() - Make a file that file_swap() wrote outlive a crash of the machine */
int file_flush(const char *path, struct err *e);

/** file_make_dirs() - mkdir -p for @path itself, mode 0755 */
int file_make_dirs(const char *path, struct err *e);

/**
 * file_lock() - Take the flock on @path, creating the file where it is missing
 * @wait_ms: How long to wait for another holder
 * @ret_fd:  Close it to release the lock; the lock dies with the process
 * @e:       FAULT_CONFLICT, naming the file and the time waited, at the deadline
 */
int file_lock(const char *path, int wait_ms, int *ret_fd, struct err *e);

/**
 * file_lock_unless() - The same for who may have to stop waiting
 * @give_up: Asked every few milliseconds of the wait; may be NULL
 * @e:       sys is ECANCELED after it said so
 */
int file_lock_unless(const char *path, int wait_ms, bool (*give_up)(void *arg), void *arg,
                     int *ret_fd, struct err *e);

#endif
