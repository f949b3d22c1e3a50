/* SPDX-License-Identifier: Apache-2.0 */
/* The container store: whatever the file holds, what is read of it makes sense. */
#include "folder.h"

#include "netman/datastore.h"

#include <arpa/inet.h>
#include <string.h>

static void must_make_sense(const struct ds_list *list)
{
        for (size_t i = 0; i < list->count; i++) {
                const struct ds_container *c = &list->items[i];
                struct in_addr addr;

                if (inet_pton(AF_INET, c->ip, &addr) != 1 || addr.s_addr != c->ip_be ||
                    !json_is_object(c->metadata) || ds_list_find(list, c->handle) != c)
                        __builtin_trap();
                (void)ds_container_meta(c, "policy_group_id");
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        OWN(ds_list) struct ds_list list = { 0 };
        struct datastore ds = { .wait_ms = 1 };
        char path[PATH_MAX], version[PATH_MAX];
        struct err e;

        folder_open(NULL);
        folder_put("store_version", data, size, version);
        folder_put("store", data, size, path);
        if (datastore_read(path, &list, &e) < 0)
                return 0;
        must_make_sense(&list);
        /* What could be read can be written, and has what was added. */
        ds.path = path;
        if (datastore_add(&ds, "added", "10.255.7.2", NULL, &e) < 0 ||
            datastore_read(path, &list, &e) < 0 || !ds_list_find(&list, "added"))
                __builtin_trap();
        must_make_sense(&list);
        return 0;
}
