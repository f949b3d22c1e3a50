/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel tells of interfaces, addresses, routes and neighbours, as one notification. */
#include "lib/nl_wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ROOM 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_told(const struct nlx_change *c, void *arg)
{
        unsigned int *told = arg;

        ++*told;
        if (c->what == NLX_LOST || (c->what == NLX_FDB && !c->fdb.remote_be))
                __builtin_trap();
        (void)nlx_change_dev(c);
}

/* Those that a dump has, too. */
static void read_links(struct nlmsghdr *h, int left)
{
        for (; nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
                struct nlx_link link;

                if (nlx_link_decode(h, &link) &&
                    (strnlen(link.name, sizeof link.name) == sizeof link.name ||
                     strnlen(link.kind, sizeof link.kind) == sizeof link.kind))
                        __builtin_trap();
        }
}

/* Bytes that end where nothing may be read: libnl is not compiled to notice by itself. */
static void *at_the_edge(const uint8_t *data, size_t size)
{
        static char *pages;

        if (!pages) {
                pages = mmap(NULL, 2 * ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                             -1, 0);
                if (pages == MAP_FAILED || mprotect(pages + ROOM, ROOM, PROT_NONE) < 0)
                        abort();
        }
        return memcpy(pages + ROOM - size, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        unsigned int told = 0;
        void *bytes;

        size -= size % NLMSG_ALIGNTO; /* as the kernel's are */
        if (size > ROOM)
                return 0;
        bytes = at_the_edge(data, size);
        nlx_notes_tell(bytes, size, must_be_told, &told);
        if (told > size / NLMSG_HDRLEN)
                __builtin_trap();
        read_links(bytes, (int)size);
        return 0;
}
