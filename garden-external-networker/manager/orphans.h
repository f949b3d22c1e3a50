/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that are remembered somewhere and live nowhere. What is kept of one is its
 * network namespace: it is gone if none is kept, or if nobody else has any hold of that
 * (holders.h). One that came without a process may be waiting for its first, and is
 * doubtful: only who knows may take it down.
 */
#ifndef NETWORKER_ORPHANS_H
#define NETWORKER_ORPHANS_H

#include "garden-external-networker/manager/manager.h"
#include "netman/err.h"
#include "netman/jsonx.h"

#include <stdbool.h>

/** struct orphans - Two arrays of handles */
struct orphans {
        json_t *gone, *doubtful;
};

/**
 * orphans_find() - Look through records, kept namespaces, ports and chains
 * @seen: An object whose keys are handles that others know of; gets those found here
 */
int orphans_find(const struct manager *m, json_t *seen, struct orphans *ret, struct err *e);

static inline void orphans_drop(struct orphans *o)
{
        json_decref(o->gone);
        json_decref(o->doubtful);
}

/**
 * orphans_remove() - Clear up after one, unless it has come to life meanwhile
 * @ret_removed: Was it?
 */
int orphans_remove(const struct manager *m, const char *handle, bool *ret_removed, struct err *e);

#endif
