/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/datastore.h"

#include "netman/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define STORE_MAX   (64U << 20) /* bytes; some 100,000 containers */
#define VERSION_MAX 64U         /* bytes of the version file */
#define STORE_MODE  0640        /* the agent runs as a user of its own, in the group */

const char *ds_container_meta(const struct ds_container *c, const char *key)
{
        const char *text = json_string_value(json_object_get(c->metadata, key));

        return text && *text ? text : NULL;
}

static int beside(const char *path, const char *suffix, char ret[PATH_MAX], struct err *e)
{
        int n = snprintf(ret, PATH_MAX, "%s%s", path, suffix);

        if (n < 0 || n >= PATH_MAX)
                return err_set(e, FAULT_BAD_INPUT, ENAMETOOLONG, "%s", path);
        return 0;
}

/**
 * read_version() - The number in PATH_version
 *
 * A file that is missing or holds no number counts as 0: the stamp has the data
 * file's inode as well, so no change goes unseen when counting starts again.
 */
static int read_version(const char *path, uint64_t *ret, struct err *e)
{
        OWN(str) struct str text = { 0 };
        char version_path[PATH_MAX];
        struct err why = { 0 };
        int64_t n = 0;

        if (beside(path, "_version", version_path, e) < 0)
                return -1;
        *ret = 0;
        if (file_read(version_path, VERSION_MAX, &text, &why) < 0) {
                if (why.fault == FAULT_ABSENT || why.fault == FAULT_BAD_INPUT)
                        return 0;
                *e = why;
                return -1;
        }
        if (text.len && text.data[text.len - 1] == '\n')
                text.data[text.len - 1] = '\0';
        if (str_to_int(str_text(&text), 0, INT64_MAX - 1, &n, NULL) == 0)
                *ret = (uint64_t)n;
        return 0;
}

int datastore_stamp(const char *path, struct ds_stamp *ret, struct err *e)
{
        struct ds_stamp stamp = { 0 };
        struct stat st;

        if (stat(path, &st) == 0) {
                stamp.inode = st.st_ino;
                stamp.mtime_ns = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
        } else if (errno != ENOENT) {
                return err_set(e, FAULT_SYSTEM, errno, "%s", path);
        }
        if (read_version(path, &stamp.version, e) < 0)
                return -1;
        *ret = stamp;
        return 0;
}

bool ds_stamp_eq(const struct ds_stamp *a, const struct ds_stamp *b)
{
        return a->version == b->version && a->inode == b->inode && a->mtime_ns == b->mtime_ns;
}

/**
 * load() - The data file as a JSON object; a missing or empty file is an empty object
 */
static int load(const char *path, json_t **ret, struct err *e)
{
        OWN(str) struct str text = { 0 };
        OWN(json) json_t *root = NULL;
        struct err why = { 0 };

        if (file_read(path, STORE_MAX, &text, &why) < 0 && why.fault != FAULT_ABSENT) {
                *e = why;
                return err_add(e, "container store");
        }
        if (text.len == 0)
                root = json_object();
        else if (jsonx_parse(text.data, text.len, &root, e) < 0)
                return err_add(e, "container store %s is damaged; move it away to start afresh",
                               path);
        if (!root)
                return err_oom(e);
        if (!json_is_object(root))
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "container store %s is damaged: must be a JSON object", path);
        *ret = GIVE(root);
        return 0;
}

static void container_done(struct ds_container *c)
{
        free(c->handle);
        free(c->ip);
        json_decref(c->metadata);
}

/**
 * read_record() - One member of the store's object
 *
 * Return: 0, or -1 with the reason in @e; @ret then holds nothing
 */
static int read_record(const char *handle, const json_t *record, struct ds_container *ret,
                       struct err *e)
{
        json_t *metadata = json_object_get(record, "metadata");
        struct in_addr addr;
        const char *ip;

        if (jsonx_str(record, "ip", &ip, e) < 0)
                return err_add(e, "container %s", handle);
        if (inet_pton(AF_INET, ip, &addr) != 1)
                return err_set(e, FAULT_BAD_INPUT, 0, "container %s: '%s' is no IPv4 address",
                               handle, ip);
        if (metadata && !json_is_object(metadata) && !json_is_null(metadata))
                return err_set(e, FAULT_BAD_INPUT, 0, "container %s: 'metadata' must be an object",
                               handle);
        *ret = (struct ds_container){
                .handle = strdup(handle),
                .ip = strdup(ip),
                .ip_be = addr.s_addr,
                .metadata = json_is_object(metadata) ? json_incref(metadata) : json_object(),
        };
        if (ret->handle && ret->ip && ret->metadata)
                return 0;
        container_done(ret);
        return err_oom(e);
}

static int by_handle(const void *a, const void *b)
{
        return strcmp(((const struct ds_container *)a)->handle,
                      ((const struct ds_container *)b)->handle);
}

/**
 * fill() - Read every record; those that make no sense are counted, not fatal:
 *          one bad record must not take the policies of all others away
 */
static int fill(json_t *root, struct ds_list *list, struct err *e)
{
        const char *handle;
        json_t *record;

        list->items = calloc(json_object_size(root) + 1, sizeof *list->items);
        if (!list->items)
                return err_oom(e);
        json_object_foreach(root, handle, record) {
                struct err why = { 0 };

                if (read_record(handle, record, &list->items[list->count], &why) == 0) {
                        list->count++;
                        continue;
                }
                if (why.fault != FAULT_BAD_INPUT) {
                        *e = why;
                        return -1;
                }
                if (list->skipped++ == 0)
                        (void)snprintf(list->why, sizeof list->why, "%.159s", why.msg);
        }
        if (list->count)
                qsort(list->items, list->count, sizeof *list->items, by_handle);
        return 0;
}

int datastore_read(const char *path, struct ds_list *ret, struct err *e)
{
        OWN(ds_list) struct ds_list list = { 0 };
        OWN(json) json_t *root = NULL;

        /* The stamp first: a change between the two is then seen as news later. */
        if (datastore_stamp(path, &list.stamp, e) < 0 || load(path, &root, e) < 0)
                return -1;
        if (fill(root, &list, e) < 0)
                return -1;
        ds_list_done(ret);
        *ret = list;
        list = (struct ds_list){ 0 };
        return 0;
}

const struct ds_container *ds_list_find(const struct ds_list *list, const char *handle)
{
        /* bsearch() compares elements with elements; it does not write to the key. */
        struct ds_container key = { .handle = (char *)handle };

        return list->count ? bsearch(&key, list->items, list->count, sizeof key, by_handle) : NULL;
}

void ds_list_done(struct ds_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                container_done(&list->items[i]);
        free(list->items);
        *list = (struct ds_list){ 0 };
}

static int find_owner(const char *name, uid_t *ret, struct err *e)
{
        const struct passwd *pw;
        int64_t n;

        *ret = (uid_t)-1;
        if (!name || !*name)
                return 0;
        if (str_to_int(name, 0, INT32_MAX, &n, NULL) == 0) {
                *ret = (uid_t)n;
                return 0;
        }
        pw = getpwnam(name);
        if (!pw)
                return err_set(e, FAULT_BAD_INPUT, 0, "datastore_file_owner: no user '%s'", name);
        *ret = pw->pw_uid;
        return 0;
}

static int find_group(const char *name, gid_t *ret, struct err *e)
{
        const struct group *gr;
        int64_t n;

        *ret = (gid_t)-1;
        if (!name || !*name)
                return 0;
        if (str_to_int(name, 0, INT32_MAX, &n, NULL) == 0) {
                *ret = (gid_t)n;
                return 0;
        }
        gr = getgrnam(name);
        if (!gr)
                return err_set(e, FAULT_BAD_INPUT, 0, "datastore_file_group: no group '%s'", name);
        *ret = gr->gr_gid;
        return 0;
}

/**
 * save() - Write the data, then count the change
 *
 * In this order: a reader that sees the new number finds the new data.
 */
static int save(const struct datastore *ds, const json_t *root, struct err *e)
{
        OWN(mem) char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
        char version_path[PATH_MAX], number[32];
        uint64_t version;
        uid_t owner;
        gid_t group;
        int len;

        if (!text)
                return err_oom(e);
        if (find_owner(ds->owner, &owner, e) < 0 || find_group(ds->group, &group, e) < 0 ||
            beside(ds->path, "_version", version_path, e) < 0 ||
            read_version(ds->path, &version, e) < 0)
                return -1;
        len = snprintf(number, sizeof number, "%" PRIu64, version + 1);
        if (file_replace(ds->path, text, strlen(text), STORE_MODE, owner, group, e) < 0)
                return -1;
        return file_replace(version_path, number, (size_t)len, STORE_MODE, owner, group, e);
}

static int lock(const struct datastore *ds, int *ret_fd, struct err *e)
{
        char lock_path[PATH_MAX];

        if (beside(ds->path, "_lock", lock_path, e) < 0)
                return -1;
        return file_lock(lock_path, ds->wait_ms, ret_fd, e);
}

int datastore_add(const struct datastore *ds, const char *handle, const char *ip,
                  const json_t *metadata, struct err *e)
{
        OWN(fd) int lock_fd = -1;
        OWN(json) json_t *root = NULL, *record = NULL;
        struct in_addr addr;

        if (!*handle)
                return err_set(e, FAULT_BAD_INPUT, 0, "invalid handle");
        if (inet_pton(AF_INET, ip, &addr) != 1)
                return err_set(e, FAULT_BAD_INPUT, 0, "invalid ip: %s", ip);
        record = metadata ? json_pack("{s:s, s:s, s:o}", "handle", handle, "ip", ip, "metadata",
                                      json_deep_copy(metadata))
                          : json_pack("{s:s, s:s, s:{}}", "handle", handle, "ip", ip, "metadata");
        if (!record)
                return err_set(e, FAULT_BAD_INPUT, 0, "handle or metadata is not UTF-8");
        if (lock(ds, &lock_fd, e) < 0 || load(ds->path, &root, e) < 0)
                return -1;
        if (json_object_set(root, handle, record) < 0)
                return err_oom(e);
        return save(ds, root, e);
}

int datastore_remove(const struct datastore *ds, const char *handle, char **ret_ip, struct err *e)
{
        OWN(fd) int lock_fd = -1;
        OWN(json) json_t *root = NULL;
        OWN(mem) char *ip = NULL;
        const char *text = NULL;
        json_t *record;

        if (lock(ds, &lock_fd, e) < 0 || load(ds->path, &root, e) < 0)
                return -1;
        record = json_object_get(root, handle);
        if (record) {
                (void)jsonx_opt_str(record, "ip", &text, NULL); /* a bad one is just gone */
                if (text && !(ip = strdup(text)))
                        return err_oom(e);
                (void)json_object_del(root, handle);
                if (save(ds, root, e) < 0)
                        return -1;
        }
        if (ret_ip)
                *ret_ip = GIVE(ip);
        return 0;
}
