/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/manager/record.h"

#include "netman/file.h"
#include "netman/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER     "_containers"
#define RECORD_MAX (4U << 20)

static int name_file(const char *state_file, const char *handle, const char *suffix,
                     char ret[PATH_MAX], struct err *e)
{
        int n = snprintf(ret, PATH_MAX, "%s" FOLDER "/%s%s", state_file, handle, suffix);

        if (n < 0 || n >= PATH_MAX)
                return err_set(e, FAULT_BAD_INPUT, ENAMETOOLONG, "%s", state_file);
        return 0;
}

static int make_folder(const char *state_file, struct err *e)
{
        char path[PATH_MAX];

        (void)snprintf(path, sizeof path, "%s" FOLDER, state_file);
        return file_make_dirs(path, e);
}

/**
 * read_ports() - [[HOST, CONTAINER],…]; what makes no sense is left out
 */
static int read_ports(const json_t *list, struct record *r, struct err *e)
{
        const json_t *pair;
        size_t i;

        r->ports = calloc(json_array_size(list) + 1, sizeof *r->ports);
        if (!r->ports)
                return err_oom(e);
        json_array_foreach(list, i, pair) {
                json_int_t host = json_integer_value(json_array_get(pair, 0));
                json_int_t container = json_integer_value(json_array_get(pair, 1));

                if (host < 1 || host > UINT16_MAX || container < 1 || container > UINT16_MAX)
                        continue;
                r->ports[r->port_count++] = (struct net_in){ (uint16_t)host, (uint16_t)container };
        }
        return 0;
}

int record_load(const char *state_file, const char *handle, struct record *ret, struct err *e)
{
        OWN(record) struct record r = { 0 };
        OWN(str) struct str text = { 0 };
        OWN(json) json_t *root = NULL;
        json_t *results;
        char path[PATH_MAX];

        if (name_file(state_file, handle, ".json", path, e) < 0 ||
            file_read(path, RECORD_MAX, &text, e) < 0)
                return -1;
        r.damaged = jsonx_parse(str_text(&text), text.len, &root, NULL) < 0 ||
                    !json_is_boolean(json_object_get(root, "hashed"));
        results = json_object_get(root, "results");
        r.hashed = json_is_true(json_object_get(root, "hashed"));
        r.handed = json_is_true(json_object_get(root, "handed"));
        r.results = json_is_array(results) ? json_incref(results) : json_array();
        if (!r.results)
                return err_oom(e);
        if (read_ports(json_object_get(root, "ports"), &r, e) < 0)
                return -1;
        *ret = r;
        r = (struct record){ 0 };
        return 0;
}

int record_save(const char *state_file, const char *handle, const struct record *r, struct err *e)
{
        OWN(json)
        json_t *root = json_pack("{s:b, s:b, s:O, s:[]}", "hashed", r->hashed, "handed", r->handed,
                                 "results", r->results, "ports");
        OWN(mem) char *text = NULL;
        char path[PATH_MAX];

        for (size_t i = 0; root && i < r->port_count; i++)
                (void)json_array_append_new(
                        json_object_get(root, "ports"),
                        json_pack("[i,i]", r->ports[i].host_port, r->ports[i].container_port));
        text = root ? json_dumps(root, JSON_COMPACT) : NULL;
        if (!text)
                return err_oom(e);
        if (make_folder(state_file, e) < 0 || name_file(state_file, handle, ".json", path, e) < 0)
                return -1;
        /* After a crash of the machine no container is left, and down knows enough without. */
        return file_swap(path, text, strlen(text), 0600, e);
}

static int remove_file(const char *state_file, const char *handle, const char *suffix,
                       struct err *e)
{
        char path[PATH_MAX];

        if (name_file(state_file, handle, suffix, path, e) < 0)
                return -1;
        if (unlink(path) < 0 && errno != ENOENT)
                return err_set(e, FAULT_SYSTEM, errno, "remove %s", path);
        return 0;
}

int record_remove(const char *state_file, const char *handle, struct err *e)
{
        if (remove_file(state_file, handle, ".json", e) < 0 ||
            remove_file(state_file, handle, ".json.new", e) < 0)
                return -1;
        return remove_file(state_file, handle, ".lock", e);
}

void record_done(struct record *r)
{
        json_decref(r->results);
        free(r->ports);
        *r = (struct record){ 0 };
}

/**
 * is_still() - Is the locked file the one that the path names?
 *
 * The holder before us may have removed it as its last act.
 */
static bool is_still(int fd, const char *path)
{
        struct stat held, named;

        return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino &&
               held.st_dev == named.st_dev;
}

int record_lock(const char *state_file, const char *handle, int wait_ms, int *ret_fd, struct err *e)
{
        char path[PATH_MAX];

        if (make_folder(state_file, e) < 0 || name_file(state_file, handle, ".lock", path, e) < 0)
                return -1;
        for (;;) {
                OWN(fd) int fd = -1;

                if (file_lock(path, wait_ms, &fd, e) < 0)
                        return err_add(e, "another call for this container");
                if (!is_still(fd, path))
                        continue;
                if (fcntl(fd, F_SETFD, 0) < 0) /* for the plugins: see the header */
                        return err_set(e, FAULT_SYSTEM, errno, "lock %s", path);
                *ret_fd = GIVE_FD(fd);
                return 0;
        }
}
