/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network namespaces: work inside one, and keep one by a name in the file system.
 */
#ifndef NETMAN_NETNS_H
#define NETMAN_NETNS_H

#include "netman/err.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * netns_open() - Open a network namespace by its file
 * @path:   "/proc/PID/ns/net", "/run/netns/NAME", a bind mount
 * @ret_fd: The caller's to close
 * @e:      FAULT_ABSENT: no such file; FAULT_BAD_INPUT: no network namespace
 */
int netns_open(const char *path, int *ret_fd, struct err *e);

/** netns_is_ours() - Is it the one that this process is in? */
bool netns_is_ours(int fd);

/**
 * netns_or_gone() - What a CNI plugin is told on DEL
 *
 * After a restart of the machine the file that a namespace was mounted over is still
 * there. Plugins take a file that is no namespace for a mistake, and stop; that the
 * namespace is gone, which is what it means, they are told by an empty name.
 *
 * Return: @path, or ""
 */
const char *netns_or_gone(const char *path);

/**
 * typedef netns_fn - Work done inside the namespace, in a child process
 * @arg:    As given to netns_run(); changes to it stay in the child
 * @result: Zeroed; what is written here comes back
 * @e:      Comes back too
 */
typedef int (*netns_fn)(void *arg, void *result, struct err *e);

/**
 * netns_run() - Run a function inside a network namespace
 * @fd:         Namespace, from netns_open()
 * @fn:         Runs in a child made by fork(): this process never changes its
 *              namespace, so threads are no danger to each other
 * @result:     Gets the child's result on success; a plain value, without
 *              pointers; may be NULL
 * @result_len: Its size, at most 64 KiB
 * @timeout_ms: After it the child is killed; 0: 30 s
 *
 * Return: what @fn returned, with its @e
 */
int netns_run(int fd, netns_fn fn, void *arg, void *result, size_t result_len, int timeout_ms,
              struct err *e);

/**
 * netns_visit() - The same without a child, which costs half a millisecond
 * @result: As the function leaves it
 *
 * For programs of one thread. One that cannot come back ends at once: it must do nothing
 * more where it is.
 */
int netns_visit(int fd, netns_fn fn, void *arg, void *result, struct err *e);

/**
 * netns_mount() - Keep a namespace under a name, after its processes have ended
 * @fd:     Namespace, from netns_open() or inherited
 * @target: File to make, whose folder exists; mounted over again if it was
 *          left behind by a run that died
 *
 * On failure no file is left behind.
 */
int netns_mount(int fd, const char *target, struct err *e);

/** netns_unmount() - Take the name away; nothing there, or only a file, is no error */
int netns_unmount(const char *target, struct err *e);

#endif
