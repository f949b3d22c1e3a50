/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/manager/holders.h"

#include "netman/own.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static bool is_it(const char *path, const struct stat *ns)
{
        struct stat st;

        return stat(path, &st) == 0 && st.st_ino == ns->st_ino && st.st_dev == ns->st_dev;
}

/**
 * any_is_it() - Is FOLDER/NAME followed by @suffix the namespace, for any name?
 */
static bool any_is_it(const char *folder, const char *suffix, const struct stat *ns)
{
        OWN(dir) DIR *dir = opendir(folder);
        const struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                char path[PATH_MAX];

                (void)snprintf(path, sizeof path, "%s/%s%s", folder, entry->d_name, suffix);
                if (entry->d_name[0] != '.' && is_it(path, ns))
                        return true;
        }
        return false; /* a process that has gone meanwhile, too */
}

/**
 * is_mounted() - Does a line of a mountinfo file mount it elsewhere?
 *
 *   ID PARENT DEVICE net:[INODE] /run/netns/NAME ...
 */
static bool is_mounted(char *line, const struct stat *ns, const char *kept)
{
        char root[64], *field = line, *rest = NULL, *point = NULL;

        (void)snprintf(root, sizeof root, "net:[%lu]", (unsigned long)ns->st_ino);
        for (int i = 0; i < 4; i++)
                field = strtok_r(i == 0 ? line : NULL, " ", &rest);
        point = field ? strtok_r(NULL, " ", &rest) : NULL;
        return point && strcmp(field, root) == 0 && strcmp(point, kept) != 0;
}

static bool any_is_mounted(const char *mountinfo, const struct stat *ns, const char *kept)
{
        OWN(file) FILE *f = fopen(mountinfo, "re");
        OWN(mem) char *line = NULL;
        size_t size = 0;

        while (f && getline(&line, &size, f) > 0)
                if (is_mounted(line, ns, kept))
                        return true;
        return false;
}

/**
 * holds() - @pid: a folder's name in /proc
 */
static bool holds(const char *pid, const struct stat *ns, const char *kept)
{
        char threads[64], open_files[64], mounts[64];

        (void)snprintf(threads, sizeof threads, "/proc/%.20s/task", pid);
        (void)snprintf(open_files, sizeof open_files, "/proc/%.20s/fd", pid);
        (void)snprintf(mounts, sizeof mounts, "/proc/%.20s/mountinfo", pid);
        return any_is_it(threads, "/ns/net", ns) || any_is_it(open_files, "", ns) ||
               any_is_mounted(mounts, ns, kept);
}

bool holders_exist(const struct stat *ns, const char *kept)
{
        OWN(dir) DIR *proc = opendir("/proc");
        OWN(mem) char *point = realpath(kept, NULL); /* as the kernel writes it */
        const struct dirent *entry;

        if (!proc || !point)
                return true; /* when in doubt, it lives */
        while ((entry = readdir(proc)))
                if (isdigit((unsigned char)entry->d_name[0]) && holds(entry->d_name, ns, point))
                        return true;
        return false;
}
