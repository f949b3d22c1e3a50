/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/manager/orphans.h"

#include "garden-external-networker/manager/steps.h"
#include "garden-external-networker/netrules/names.h"
#include "garden-external-networker/portalloc/pool.h"
#include "netman/file.h"
#include "netman/fw_dispatch.h"
#include "netman/own.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define STATE_MAX (16U << 20)

/**
 * is_inhabited() - Is any process in the network namespace?
 */
static bool is_inhabited(const struct stat *ns)
{
        OWN(dir) DIR *proc = opendir("/proc");
        const struct dirent *entry;

        if (!proc)
                return true; /* when in doubt, it lives */
        while ((entry = readdir(proc))) {
                char path[300];
                struct stat st;

                if (!isdigit((unsigned char)entry->d_name[0]))
                        continue;
                (void)snprintf(path, sizeof path, "/proc/%s/ns/net", entry->d_name);
                if (stat(path, &st) == 0 && st.st_ino == ns->st_ino && st.st_dev == ns->st_dev)
                        return true;
        }
        return false;
}

static bool is_live(const struct config *c, const char *handle)
{
        char path[PATH_MAX];
        struct stat ns;

        if (step_mount_path(c, handle, path, NULL) < 0 || stat(path, &ns) < 0)
                return false;
        return is_inhabited(&ns);
}

/**
 * note() - Add a handle once
 * @seen: Object whose keys are the handles
 */
static int note(json_t *seen, const char *handle, struct err *e)
{
        if (json_object_set_new(seen, handle, json_true()) < 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "handle is not UTF-8");
        return 0;
}

/**
 * note_files() - Names in a folder, without @suffix; those that lack it are skipped
 */
static int note_files(const char *folder, const char *suffix, json_t *seen, struct err *e)
{
        OWN(dir) DIR *dir = opendir(folder);
        const struct dirent *entry;

        if (!dir)
                return errno == ENOENT ? 0 : err_set(e, FAULT_SYSTEM, errno, "%s", folder);
        while ((entry = readdir(dir))) {
                size_t len = strlen(entry->d_name), tail = strlen(suffix);
                char handle[NAME_MAX + 1];

                if (entry->d_name[0] == '.' || len <= tail ||
                    strcmp(entry->d_name + len - tail, suffix) != 0)
                        continue;
                (void)snprintf(handle, sizeof handle, "%.*s", (int)(len - tail), entry->d_name);
                if (note(seen, handle, e) < 0)
                        return -1;
        }
        return 0;
}

static int note_ports(const char *state_file, json_t *seen, struct err *e)
{
        OWN(pool) struct pool pool = { 0 };
        OWN(str) struct str text = { 0 };
        struct err why = { 0 };
        const char *handle;
        json_t *ports;

        if (file_read(state_file, STATE_MAX, &text, &why) < 0 && why.fault != FAULT_ABSENT) {
                *e = why;
                return -1;
        }
        if (pool_read(str_text(&text), text.len, "", 0, &pool, e) < 0)
                return err_add(e, "state file %s", state_file);
        json_object_foreach(pool.acquired, handle, ports) {
                if (note(seen, handle, e) < 0)
                        return -1;
        }
        return 0;
}

/** struct looking - What a look at a table notes */
struct looking {
        json_t *seen;
        const struct fw_tree *tree;
};

static int look(struct fw_table *t, void *ctx, struct err *e)
{
        OWN(fw_rules) struct fw_rules leaves = { 0 };
        const struct looking *l = ctx;

        if (fw_tree_leaves(t, l->tree, &leaves, e) < 0)
                return -1;
        for (size_t i = 0; i < leaves.count; i++)
                if (*leaves.items[i].comment && note(l->seen, leaves.items[i].comment, e) < 0)
                        return -1;
        return 0;
}

static int note_all(const struct config *c, json_t *seen, struct err *e)
{
        struct looking egress = { seen, &tree_src }, ingress = { seen, &tree_netin };
        char folder[PATH_MAX];

        (void)snprintf(folder, sizeof folder, "%s_containers", c->state_file);
        if (note_files(folder, ".json", seen, e) < 0 ||
            note_files(c->bind_mount_dir, "", seen, e) < 0 ||
            note_ports(c->state_file, seen, e) < 0)
                return -1;
        if (fw_view("filter", look, &egress, e) < 0)
                return -1;
        return fw_view("nat", look, &ingress, e);
}

int orphans_find(const struct manager *m, json_t **ret, struct err *e)
{
        OWN(json) json_t *seen = json_object(), *orphans = json_array();
        const char *handle;
        json_t *v;

        if (!seen || !orphans)
                return err_oom(e);
        if (note_all(m->c, seen, e) < 0)
                return -1;
        json_object_foreach(seen, handle, v) {
                if (!is_live(m->c, handle) &&
                    json_array_append_new(orphans, json_string(handle)) < 0)
                        return err_oom(e);
        }
        *ret = GIVE(orphans);
        return 0;
}

int orphans_remove(const struct manager *m, const char *handle, bool *ret_removed, struct err *e)
{
        OWN(record) struct record r = { 0 };
        OWN(fd) int lock = -1;

        *ret_removed = false;
        if (step_lock(m->c, handle, &lock, e) < 0)
                return -1;
        if (is_live(m->c, handle))
                return 0; /* it was on its way up when we looked */
        (void)record_load(m->c->state_file, handle, &r,
                          &(struct err){ 0 }); /* as good as it gets */
        if (step_teardown(m, handle, &r, e) < 0)
                return -1;
        *ret_removed = true;
        return 0;
}
