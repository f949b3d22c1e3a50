/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long after the container store's change are a new container's rules in the kernel?
 *
 *   store-rules STORE RUNS APP
 *
 * Adds a container of APP and takes it away again, RUNS times; a running agent does the
 * rest. Prints microseconds, one run a line: from before the store is opened for writing
 * to the first look at the kernel that shows another table.
 */
#include "netman/clock.h"
#include "netman/datastore.h"
#include "netman/fw_tx.h"
#include "netman/own.h"

#include <inttypes.h>
#include <stdbool.h>

#define PATIENCE_US 10000000
#define ADDRESS     "10.255.1.254"

static int fail(const char *what, const struct err *e)
{
        (void)fprintf(stderr, "store-rules: %s: %s\n", what, e->msg);
        return 1;
}

/**
 * await_change() - Look at the table until its size is another
 * Return: the instant, or -1
 */
static int64_t await_change(unsigned int *bytes)
{
        int64_t start = clock_us();
        unsigned int rules, now;

        while (clock_us() - start < PATIENCE_US) {
                if (fw_size("filter", &rules, &now, NULL) == 0 && now != *bytes) {
                        *bytes = now;
                        return clock_us();
                }
        }
        return -1;
}

static int once(const struct datastore *store, const json_t *meta, unsigned int *bytes)
{
        int64_t start = clock_us(), end;
        struct err e = { 0 };

        if (datastore_add(store, "new-container", ADDRESS, meta, &e) < 0)
                return fail("add", &e);
        end = await_change(bytes);
        if (end < 0)
                return fail("add", &(struct err){ .msg = "no rules came" });
        printf("%" PRId64 "\n", end - start);
        if (datastore_remove(store, "new-container", NULL, &e) < 0)
                return fail("remove", &e);
        return await_change(bytes) < 0 ? fail("remove", &(struct err){ .msg = "no rules went" })
                                       : 0;
}

int main(int argc, char **argv)
{
        OWN(json) json_t *meta = NULL;
        struct datastore store = { .wait_ms = 1000 };
        unsigned int rules, bytes;
        struct err e = { 0 };

        if (argc != 4)
                return 2;
        store.path = argv[1];
        meta = json_pack("{s:s}", "policy_group_id", argv[3]);
        if (!meta || fw_size("filter", &rules, &bytes, &e) < 0)
                return fail("start", &e);
        for (long i = 0; i < strtol(argv[2], NULL, 10); i++)
                if (once(&store, meta, &bytes))
                        return 1;
        return 0;
}
