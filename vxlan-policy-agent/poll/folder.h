/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder watched by its name. inotify watches what the name led to when it was
 * asked; a folder that is replaced, mounted over or made later is found again by
 * looking where the name leads now.
 */
#ifndef VXLAN_POLICY_AGENT_FOLDER_H
#define VXLAN_POLICY_AGENT_FOLDER_H

#include "netman/err.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/**
 * struct folder - One watch
 * @fd:       Can be read after a change in the folder, or of what its name leads to; -1: none
 * @own:      inotify's number for the folder; -1 while there is none
 * @parent:   The same for the folder that it is missing in; -1 while it is not
 * @dev, @ino: What is watched
 */
struct folder {
        int fd, own, parent;
        dev_t dev;
        ino_t ino;
        char path[PATH_MAX];
};
/* clang-format off */
#define FOLDER_NONE { .fd = -1, .own = -1, .parent = -1 }
/* clang-format on */

/**
 * folder_watch() - Watch the folder of a file: files are replaced, not written
 *
 * It need not exist; see folder_exists().
 */
int folder_watch(struct folder *f, const char *file, struct err *e);

/**
 * folder_follow() - Watch what the name leads to now
 *
 * To be called now and then: of a mount over it inotify does not tell.
 * Return: true if it is another folder than before
 */
bool folder_follow(struct folder *f);

static inline bool folder_exists(const struct folder *f)
{
        return f->own >= 0;
}

void folder_done(struct folder *f);

#endif
