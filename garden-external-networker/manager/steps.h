/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that several actions share. */
#ifndef NETWORKER_STEPS_H
#define NETWORKER_STEPS_H

#include "garden-external-networker/cni/chain.h"
#include "garden-external-networker/manager/manager.h"
#include "garden-external-networker/manager/record.h"
#include "garden-external-networker/portalloc/portalloc.h"

#include <limits.h>
#include <stdbool.h>

/**
 * step_handle_ok() - It names files: it must stay inside its folder
 */
bool step_handle_ok(const char *handle);

/** step_mount_path() - Where a container's namespace is kept */
int step_mount_path(const struct config *c, const char *handle, char ret[PATH_MAX], struct err *e);

/** step_ports() - The pool of this cell */
struct portalloc step_ports(const struct config *c);

/**
 * step_teardown() - Undo everything that can have been done for a handle
 * @r: What is remembered of it; empty where nothing is
 * @e: The first step that failed
 *
 * The record and the kept namespace stay if the plugins failed: the next call
 * needs them.
 */
int step_teardown(const struct manager *m, const char *handle, const struct record *r,
                  struct err *e);

/**
 * step_shut() - Let nothing pass from or to a container any more, whatever rules say
 * @results: Of the plugins: they name the host's ends of its interfaces
 * @netns:   Where its own ends are
 *
 * Return: false where one of its networks has no end that is known, a veth, and could
 * be taken down
 */
bool step_shut(const json_t *results, const char *netns);

/** step_lock() - See record_lock() */
int step_lock(const struct config *c, const char *handle, int *ret_fd, struct err *e);

/**
 * step_find() - Lock a container that is up
 * @ret: What is remembered of it
 * @e:   FAULT_ABSENT if it is not up; otherwise what is remembered stays as it is
 */
int step_find(const struct config *c, const char *handle, int *ret_fd, struct record *ret,
              struct err *e);

/**
 * step_bridge_check() - Do packets of one bridge meet the tables?
 * @ip: The container's address
 *
 * Containers on one bridge reach each other without passing iptables unless the
 * bridge module is told otherwise. Where the way to the container is a bridge,
 * tell it, and fail if that cannot be had.
 */
int step_bridge_check(uint32_t ip_be, struct err *e);

#endif
