/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container store: which containers are on this cell, written by the CNI
 * wrapper and read by the agent. One JSON file,
 *
 *   {"HANDLE":{"handle":"HANDLE","ip":"10.255.7.2",
 *              "metadata":{"policy_group_id":"…","app_id":"…",…}}}
 *
 * with PATH_version beside it, a number that grows by one with each change, and
 * PATH_lock, whose flock every writer holds. The file is replaced whole, so a
 * reader needs no lock: it sees the store before a change or after it.
 */
#ifndef NETMAN_DATASTORE_H
#define NETMAN_DATASTORE_H

#include "netman/err.h"
#include "netman/jsonx.h"
#include "netman/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct ds_container - One container as recorded
 * @handle:   Garden's name for it
 * @ip:       IPv4 address in dotted form, as the CNI plugins gave it; checked
 * @ip_be:    The same in network byte order
 * @metadata: JSON object (what came with the container); never NULL
 */
struct ds_container {
        char *handle;
        char *ip;
        uint32_t ip_be;
        json_t *metadata;
};

/**
 * ds_container_meta() - One metadata value
 *
 * Return: The string, borrowed; NULL where it is missing, empty or no string
 */
const char *ds_container_meta(const struct ds_container *c, const char *key);

/**
 * struct ds_stamp - Tells one state of the store from another
 * @version:  Number in PATH_version; 0 where there is no such file
 * @inode:    Of the data file; 0 where there is none
 * @mtime_ns: Of the data file
 *
 * The version alone would miss a change whose writer died between the two files.
 */
struct ds_stamp {
        uint64_t version, inode;
        int64_t mtime_ns;
};

/**
 * datastore_stamp() - The store's state now, without reading it
 * @path: The data file; neither it nor its version file need be there: then zeros
 */
int datastore_stamp(const char *path, struct ds_stamp *ret, struct err *e);

/** ds_stamp_eq() - Nothing changed between the two? */
bool ds_stamp_eq(const struct ds_stamp *a, const struct ds_stamp *b);

/**
 * struct ds_list - All containers, sorted by handle; all zero is a valid empty one
 * @stamp:   The store's state at the time of reading, or an older one: comparing
 *           it later with datastore_stamp() misses no change
 * @skipped: Records left out because they make no sense; the first is told in @why
 */
struct ds_list {
        struct ds_container *items;
        size_t count;
        struct ds_stamp stamp;
        size_t skipped;
        char why[160];
};

/**
 * datastore_read() - Every container on this cell
 * @path: The data file; where it is missing or empty there are no containers
 * @ret:  Emptied, then filled in; unchanged on failure
 * @e:    FAULT_BAD_INPUT naming the file, if it is no JSON object
 */
int datastore_read(const char *path, struct ds_list *ret, struct err *e);

/** ds_list_find() - By handle. Return: borrowed, or NULL */
const struct ds_container *ds_list_find(const struct ds_list *list, const char *handle);
void ds_list_done(struct ds_list *list);

/* OWN(ds_list) struct ds_list list = { 0 }; */
static inline void ds_list_drop(struct ds_list *list)
{
        ds_list_done(list);
}

/**
 * struct datastore - A store opened for writing
 * @path:    Of the data file; its directory must exist
 * @owner:   User name or number for data and version file; NULL or "": our own
 * @group:   Group name or number; NULL or "": our own
 * @wait_ms: Bound on waiting for another writer
 */
struct datastore {
        const char *path;
        const char *owner, *group;
        int wait_ms;
};

/**
 * datastore_add() - Record a container; a record of that handle is replaced
 * @metadata: JSON object, or NULL for an empty one; not taken over
 * @e:        FAULT_BAD_INPUT if @handle or @ip are no such thing, or if the file is
 *            torn (it is left as it is); FAULT_CONFLICT if the lock stays taken
 */
int datastore_add(const struct datastore *ds, const char *handle, const char *ip,
                  const json_t *metadata, struct err *e);

/**
 * datastore_remove() - Forget a container
 * @ret_ip: Gets its address, owned by the caller, or NULL; may be NULL itself
 *
 * One that is not recorded is no error and changes no file.
 */
int datastore_remove(const struct datastore *ds, const char *handle, char **ret_ip, struct err *e);

#endif
