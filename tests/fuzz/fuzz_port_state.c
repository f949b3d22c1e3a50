/* SPDX-License-Identifier: Apache-2.0 */
/* The state file of the port pool: whatever it holds, no port is given out twice. */
#include "garden-external-networker/portalloc/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *text = (const char *)data;
        const struct pool_range range = { 61000, 4 };
        OWN(pool) struct pool pool = { 0 };
        OWN(mem) char *state = NULL;
        uint16_t port, seen[8];
        size_t count = 0;
        struct err e;

        if (pool_read(text, size, text, size, &pool, &e) < 0)
                return 0;
        while (pool_acquire(&pool, range, "h", &port, &e) == 0) {
                for (size_t i = 0; i < count; i++)
                        if (seen[i] == port)
                                __builtin_trap();
                if (count == 4 || port < 61000 || port > 61003)
                        __builtin_trap();
                seen[count++] = port;
        }
        if (pool_print_state(&pool, &state, &e) < 0)
                __builtin_trap();
        return 0;
}
