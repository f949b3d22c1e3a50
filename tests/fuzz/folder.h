/* SPDX-License-Identifier: Apache-2.0 */
/* For parsers that read a file: a folder of this process alone, gone with it. */
#ifndef TESTS_FUZZ_FOLDER_H
#define TESTS_FUZZ_FOLDER_H

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[PATH_MAX];

static inline int folder_remove_one(const char *path, const struct stat *st, int type,
                                    struct FTW *at)
{
        (void)st;
        (void)type;
        (void)at;
        return remove(path);
}

static inline void folder_remove(void)
{
        (void)nftw(folder, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/** folder_open() - Make it, unless it is there, with a folder @below in it or NULL */
static inline void folder_open(const char *below)
{
        const char *tmp = getenv("TMPDIR");
        char path[PATH_MAX + 64];

        if (*folder)
                return;
        (void)snprintf(folder, sizeof folder, "%s/netman-fuzz.XXXXXX", tmp ? tmp : "/tmp");
        if (!mkdtemp(folder) || atexit(folder_remove) != 0)
                abort();
        (void)snprintf(path, sizeof path, "%s/%s", folder, below ? below : "");
        if (below && mkdir(path, 0700) < 0)
                abort();
}

/** folder_put() - The file @name in it, and @ret its path */
static inline void folder_put(const char *name, const void *data, size_t size, char ret[PATH_MAX])
{
        int fd, n = snprintf(ret, PATH_MAX, "%s/%s", folder, name);

        if (n < 0 || n >= PATH_MAX)
                abort();
        fd = open(ret, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) < 0)
                abort();
}

#endif
