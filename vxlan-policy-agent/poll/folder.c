/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/poll/folder.h"

#include "netman/own.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define IN_IT                                                                                      \
        (IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define COMING (IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)

static void unwatch(struct folder *f, int *number)
{
        if (*number >= 0)
                (void)inotify_rm_watch(f->fd, *number); /* it may be gone by itself */
        *number = -1;
}

/**
 * watch_own() - Watch what the name leads to; false where that is nothing
 */
static bool watch_own(struct folder *f)
{
        struct stat st; /* from before: what takes its place meanwhile is seen the next time */

        if (stat(f->path, &st) < 0)
                return false;
        f->own = inotify_add_watch(f->fd, f->path, IN_IT);
        if (f->own < 0)
                return false;
        f->dev = st.st_dev;
        f->ino = st.st_ino;
        unwatch(f, &f->parent);
        return true;
}

bool folder_follow(struct folder *f)
{
        struct stat st;
        char copy[PATH_MAX];
        bool there = stat(f->path, &st) == 0;

        if (there ? f->own >= 0 && st.st_dev == f->dev && st.st_ino == f->ino : f->parent >= 0)
                return false;
        unwatch(f, &f->own);
        if (watch_own(f))
                return true;
        unwatch(f, &f->parent);
        (void)snprintf(copy, sizeof copy, "%s", f->path);
        f->parent = inotify_add_watch(f->fd, dirname(copy), COMING);
        return watch_own(f); /* it may have come before its parent was watched */
}

int folder_watch(struct folder *f, const char *file, struct err *e)
{
        char copy[PATH_MAX];

        f->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (f->fd < 0)
                return err_set(e, FAULT_SYSTEM, errno, "inotify");
        (void)snprintf(copy, sizeof copy, "%s", file);
        (void)snprintf(f->path, sizeof f->path, "%s", dirname(copy));
        (void)folder_follow(f);
        return 0;
}

void folder_done(struct folder *f)
{
        fd_drop(&f->fd);
        *f = (struct folder)FOLDER_NONE;
}
