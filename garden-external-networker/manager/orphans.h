/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that are remembered somewhere and live nowhere: no process is in the
 * namespace that is kept for them, or none is kept.
 */
#ifndef NETWORKER_ORPHANS_H
#define NETWORKER_ORPHANS_H

#include "garden-external-networker/manager/manager.h"
#include "netman/err.h"
#include "netman/jsonx.h"

#include <stdbool.h>

/**
 * orphans_find() - Look through records, kept namespaces, ports and chains
 * @ret: New array of handles
 */
int orphans_find(const struct manager *m, json_t **ret, struct err *e);

/**
 * orphans_remove() - Clear up after one, unless it has come to life meanwhile
 * @ret_removed: Was it?
 */
int orphans_remove(const struct manager *m, const char *handle, bool *ret_removed, struct err *e);

#endif
