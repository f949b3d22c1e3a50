/* SPDX-License-Identifier: Apache-2.0 */
/* What the networker remembers of a container: never in the way of its clean-up. */
#include "folder.h"

#include "garden-external-networker/manager/record.h"

#define STATE "state"

static void must_be_same(const struct record *a, const struct record *b)
{
        if (a->handed != b->handed || a->hashed != b->hashed || a->port_count != b->port_count ||
            !json_equal(a->results, b->results))
                __builtin_trap();
        for (size_t i = 0; i < a->port_count; i++)
                if (!a->ports[i].host_port || a->ports[i].host_port != b->ports[i].host_port ||
                    !a->ports[i].container_port ||
                    a->ports[i].container_port != b->ports[i].container_port)
                        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        OWN(record) struct record read = { 0 }, again = { 0 };
        char path[PATH_MAX], state[PATH_MAX + 8];
        struct err e;

        folder_open(STATE "_containers");
        folder_put(STATE "_containers/c.json", data, size, path);
        (void)snprintf(state, sizeof state, "%s/" STATE, folder);
        if (record_load(state, "c", &read, &e) < 0 || record_save(state, "c", &read, &e) < 0 ||
            record_load(state, "c", &again, &e) < 0)
                __builtin_trap();
        must_be_same(&read, &again);
        return 0;
}
