/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's life: join the overlay, then follow it until told to end. */
#ifndef FLANNELD_DAEMON_H
#define FLANNELD_DAEMON_H

#include "cmd/flanneld/options.h"

/**
 * daemon_run() - Join and follow
 *
 * Nothing in the kernel and nothing in the store is undone at the end: packets
 * go on, and a successor takes over what is there.
 *
 * Return: 0 when a signal asked for the end
 */
int daemon_run(const struct options *o, struct err *e);

#endif
