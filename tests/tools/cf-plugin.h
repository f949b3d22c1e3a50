/* SPDX-License-Identifier: Apache-2.0 */
/* How the cf CLI starts a plugin: it listens on loopback and gives the port. */
#ifndef TESTS_TOOLS_CF_PLUGIN_H
#define TESTS_TOOLS_CF_PLUGIN_H

#include "netman/own.h"

#include <errno.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

/** plugin_listen() - On a port of the system's choice; does not block in accept() */
static inline bool plugin_listen(int *ret_fd, uint16_t *ret_port)
{
        struct sockaddr_in at = { .sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof at;
        OWN(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) < 0 || listen(fd, 8) < 0 ||
            getsockname(fd, (struct sockaddr *)&at, &size) < 0)
                return false;
        *ret_fd = GIVE_FD(fd);
        *ret_port = ntohs(at.sin_port);
        return true;
}

/** plugin_start() - PLUGIN PORT ARGUMENT…; @args ends with NULL; an errno, or 0 */
static inline int plugin_start(const char *plugin, uint16_t port, char *const *args, pid_t *ret)
{
        OWN(mem) char **all = NULL;
        char text[8];
        size_t count = 0;

        while (args[count])
                count++;
        all = calloc(count + 3, sizeof *all);
        if (!all)
                return ENOMEM;
        (void)snprintf(text, sizeof text, "%u", port);
        all[0] = (char *)plugin; /* exec's arguments are not const, for old times' sake */
        all[1] = text;
        for (size_t i = 0; i < count; i++)
                all[i + 2] = args[i];
        return posix_spawn(ret, plugin, NULL, NULL, all, environ);
}

/** plugin_verdict() - The CLI's own exit status: 1 for whatever a plugin fails with */
static inline int plugin_verdict(int wait_status)
{
        if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) > 1)
                (void)fprintf(stderr, "the plugin ended badly: wait status %#x\n",
                              (unsigned)wait_status);
        return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0 ? 0 : 1;
}

#endif
