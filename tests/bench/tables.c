/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the least change of the tables costs: each is read, gets or loses one empty chain,
 * and is committed. Nobody who sets up a container can be quicker than that.
 *
 *   tables TABLE…
 *
 * Prints microseconds.
 */
#include "netman/clock.h"
#include "netman/fw_tx.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CHAIN "bench"

static int change(struct fw_table *t, void *ctx, struct err *e)
{
        (void)ctx;
        return fw_chain_exists(t, CHAIN) ? fw_chain_delete(t, CHAIN, e)
                                         : fw_chain_create(t, CHAIN, e);
}

int main(int argc, char **argv)
{
        const struct fw_where where = { .wait_ms = FW_WAIT_MS };
        int64_t start = clock_us();
        struct err e;

        fw_keep_memory();
        for (int i = 1; i < argc; i++) {
                if (fw_edit(&where, argv[i], change, NULL, NULL, &e) == 0)
                        continue;
                (void)fprintf(stderr, "%s: %s\n", argv[i], e.msg);
                return EXIT_FAILURE;
        }
        return printf("%" PRId64 "\n", clock_us() - start) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
