/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/manager/orphans.h"

#include "garden-external-networker/manager/holders.h"
#include "garden-external-networker/manager/steps.h"
#include "garden-external-networker/netrules/names.h"
#include "garden-external-networker/portalloc/pool.h"
#include "netman/file.h"
#include "netman/fw_dispatch.h"
#include "netman/netns.h"
#include "netman/own.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define STATE_MAX (16U << 20)

/* What may have become of a container. */
enum fate { LIVE, DOUBTFUL, GONE };

static bool was_handed(const struct config *c, const char *handle)
{
        OWN(record) struct record r = { 0 };

        return record_load(c->state_file, handle, &r, &(struct err){ 0 }) == 0 && r.handed;
}

static enum fate fate_of(const struct config *c, const char *handle)
{
        char path[PATH_MAX];
        struct stat ns;

        if (step_mount_path(c, handle, path, NULL) < 0 || (stat(path, &ns) < 0 && errno != ENOENT))
                return LIVE; /* when in doubt */
        if (!*netns_or_gone(path))
                return GONE;
        if (stat(path, &ns) < 0 || holders_exist(&ns, path))
                return LIVE;
        return was_handed(c, handle) ? DOUBTFUL : GONE;
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

static int note_kept(const char *name, void *ctx, struct err *e)
{
        return note(ctx, name, e);
}

/* A file in the folder of records, of a container or of its lock. */
static int note_record(const char *name, void *ctx, struct err *e)
{
        static const char suffix[] = ".json";
        char handle[NAME_MAX + 1];
        size_t len = strlen(name);

        if (len <= strlen(suffix) || strcmp(name + len - strlen(suffix), suffix) != 0)
                return 0;
        (void)snprintf(handle, sizeof handle, "%.*s", (int)(len - strlen(suffix)), name);
        return note(ctx, handle, e);
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
        if (file_each_name(folder, note_record, seen, e) < 0 ||
            file_each_name(c->bind_mount_dir, note_kept, seen, e) < 0 ||
            note_ports(c->state_file, seen, e) < 0)
                return -1;
        if (fw_view("filter", look, &egress, e) < 0)
                return -1;
        return fw_view("nat", look, &ingress, e);
}

int orphans_find(const struct manager *m, json_t *seen, struct orphans *ret, struct err *e)
{
        OWN(orphans) struct orphans o = { json_array(), json_array() };
        const char *handle;
        json_t *v;

        if (!o.gone || !o.doubtful)
                return err_oom(e);
        if (note_all(m->c, seen, e) < 0)
                return -1;
        json_object_foreach(seen, handle, v) {
                /* Whatever a file says that is not ours. */
                enum fate fate = step_handle_ok(handle) ? fate_of(m->c, handle) : LIVE;

                if (fate != LIVE && json_array_append_new(fate == GONE ? o.gone : o.doubtful,
                                                          json_string(handle)) < 0)
                        return err_oom(e);
        }
        *ret = o;
        o = (struct orphans){ 0 };
        return 0;
}

int orphans_remove(const struct manager *m, const char *handle, bool *ret_removed, struct err *e)
{
        OWN(record) struct record r = { 0 };
        OWN(fd) int lock = -1;

        *ret_removed = false;
        if (step_lock(m->c, handle, &lock, e) < 0)
                return -1;
        if (fate_of(m->c, handle) != GONE)
                return 0; /* it was on its way up when we looked */
        (void)record_load(m->c->state_file, handle, &r,
                          &(struct err){ 0 }); /* as good as it gets */
        if (step_teardown(m, handle, &r, e) < 0)
                return -1;
        *ret_removed = true;
        return 0;
}
