/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/grow.h"

#include <stdlib.h>
#include <string.h>

#define FIRST 16

int grow(void *array, size_t count, size_t *cap, size_t size, struct err *e)
{
        size_t more = *cap ? *cap * 2 : FIRST;
        void *items, *room;

        if (count < *cap)
                return 0;
        memcpy(&items, array, sizeof items); /* whatever type the owner's pointer has */
        room = reallocarray(items, more, size);
        if (!room)
                return err_oom(e);
        memcpy(array, &room, sizeof room);
        *cap = more;
        return 0;
}
