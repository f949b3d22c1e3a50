/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/owned.h"

#include "cni/guard.h"
#include "cni/masq.h"
#include "cni/plugin.h"
#include "netman/datastore.h"
#include "netman/file.h"
#include "netman/fw_tx.h"
#include "netman/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX    8 /* delegates of delegates */
#define LEASE_MAX    4096
#define LEASES_DIR   "/var/lib/cni/networks" /* host-local's own default */
#define LOCK_WAIT_MS 10000

/**
 * struct walk - Through a plugin's configuration
 * @seen:   Gets the handles that are found; or NULL, and
 * @handle: is the one whose addresses are given back
 * @folder: Of leases, while one is looked through
 */
struct walk {
        json_t *seen;
        const char *handle, *folder;
};

static int note(json_t *seen, const char *handle, size_t len, struct err *e)
{
        char key[NAME_MAX + 1];

        if (len == 0 || len > NAME_MAX)
                return 0; /* no handle can be like that */
        (void)snprintf(key, sizeof key, "%.*s", (int)len, handle);
        return json_object_set_new(seen, key, json_true()) < 0
                       ? err_set(e, FAULT_BAD_INPUT, 0, "handle is not UTF-8")
                       : 0;
}

static int note_store(const char *path, json_t *seen, struct err *e)
{
        OWN(ds_list) struct ds_list list = { 0 };

        if (datastore_read(path, &list, e) < 0)
                return -1;
        for (size_t i = 0; i < list.count; i++)
                if (note(seen, list.items[i].handle, strlen(list.items[i].handle), e) < 0)
                        return -1;
        return 0;
}

/* A name in flannel's dataDir: HANDLE or HANDLE:INTERFACE, and what a killed writer left. */
static int note_scratch(const char *name, void *ctx, struct err *e)
{
        static const char aside[] = ".new";
        const struct walk *w = ctx;
        size_t len = strcspn(name, ":");

        if (name[len] == '\0' && len > strlen(aside) &&
            strcmp(name + len - strlen(aside), aside) == 0)
                len -= strlen(aside);
        return note(w->seen, name, len, e);
}

/* A file of host-local's: named after an address, its first line is whose it is. */
static int look_at_lease(const char *name, void *ctx, struct err *e)
{
        OWN(str) struct str text = { 0 };
        const struct walk *w = ctx;
        struct in6_addr v6;
        struct in_addr v4;
        struct err why = { 0 };
        char path[PATH_MAX];
        size_t len;

        if (inet_pton(AF_INET, name, &v4) != 1 && inet_pton(AF_INET6, name, &v6) != 1)
                return 0;
        (void)snprintf(path, sizeof path, "%s/%s", w->folder, name);
        if (file_read(path, LEASE_MAX, &text, &why) < 0) {
                if (why.fault == FAULT_ABSENT)
                        return 0; /* given back meanwhile */
                *e = why;
                return -1;
        }
        len = strcspn(str_text(&text), "\r\n");
        if (w->seen)
                return note(w->seen, str_text(&text), len, e);
        if (strlen(w->handle) != len || strncmp(str_text(&text), w->handle, len) != 0)
                return 0;
        return unlink(path) < 0 ? err_set(e, FAULT_SYSTEM, errno, "%s", path) : 0;
}

static int look_at_leases(const json_t *ipam, const char *network, struct walk *w, struct err *e)
{
        const char *type = json_string_value(json_object_get(ipam, "type"));
        const char *dir = json_string_value(json_object_get(ipam, "dataDir"));
        char folder[PATH_MAX], lock_path[PATH_MAX + 8];
        OWN(fd) int lock = -1;

        if (type && strcmp(type, "host-local") != 0)
                return 0;
        (void)snprintf(folder, sizeof folder, "%s/%s", dir && *dir ? dir : LEASES_DIR, network);
        (void)snprintf(lock_path, sizeof lock_path, "%s/lock", folder);
        /* host-local's own lock: what is given back may be another's the next moment. */
        if (!w->seen && access(folder, F_OK) == 0 &&
            file_lock(lock_path, LOCK_WAIT_MS, &lock, e) < 0)
                return -1;
        w->folder = folder;
        return file_each_name(folder, look_at_lease, w, e);
}

static int walk(const json_t *conf, const char *network, int depth, struct walk *w, struct err *e)
{
        const char *type = json_string_value(json_object_get(conf, "type"));
        const char *name = json_string_value(json_object_get(conf, "name"));
        const char *store = json_string_value(json_object_get(conf, "datastore"));
        const json_t *delegate = json_object_get(conf, "delegate");
        const json_t *ipam = json_object_get(conf, "ipam");
        bool flannel = str_eq(type, flannel_plugin.name);

        if (depth > DEPTH_MAX)
                return 0;
        if (depth > 0 && name && *name) /* of the first it is the network's, whatever it says */
                network = name;
        if (store && w->seen && note_store(store, w->seen, e) < 0)
                return -1;
        if (flannel && w->seen && file_each_name(flannel_data_dir(conf), note_scratch, w, e) < 0)
                return -1;
        if ((flannel || json_is_object(ipam)) && look_at_leases(ipam, network, w, e) < 0)
                return -1;
        return json_is_object(delegate) ? walk(delegate, network, depth + 1, w, e) : 0;
}

int owned_files(const json_t *conf, const char *network, json_t *seen, struct err *e)
{
        return walk(conf, network, 0, &(struct walk){ .seen = seen }, e);
}

int owned_release(const json_t *conf, const char *network, const char *handle, struct err *e)
{
        return walk(conf, network, 0, &(struct walk){ .handle = handle }, e);
}

/** struct looking - What a look at a table notes */
struct looking {
        json_t *seen;
        int (*leaves)(struct fw_table *t, struct fw_rules *ret, struct err *e);
};

static int look(struct fw_table *t, void *ctx, struct err *e)
{
        OWN(fw_rules) struct fw_rules leaves = { 0 };
        const struct looking *l = ctx;

        if (l->leaves(t, &leaves, e) < 0)
                return -1;
        for (size_t i = 0; i < leaves.count; i++) {
                const char *owner = leaves.items[i].comment;

                if (note(l->seen, owner, strcspn(owner, ":"), e) < 0)
                        return -1;
        }
        return 0;
}

int owned_rules(json_t *seen, struct err *e)
{
        struct looking masq = { seen, masq_leaves }, guard = { seen, guard_leaves };

        return fw_view("nat", look, &masq, e) < 0 ? -1 : fw_view("raw", look, &guard, e);
}
