/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/udp_peer.h"

#include "netman/own.h"
#include "netman/str.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int udp_peer_parse(const char *address, struct udp_peer *ret, struct err *e)
{
        const char *colon = strrchr(address, ':');
        size_t len = colon ? (size_t)(colon - address) : 0;
        bool bracketed = len > 2 && address[0] == '[' && colon[-1] == ']';
        int64_t number;

        if (!len || len >= sizeof ret->host || str_to_int(colon + 1, 1, 65535, &number, NULL) < 0 ||
            strcspn(address, " \t/") < len)
                return err_set(e, FAULT_BAD_INPUT, 0, "'%.100s' is no HOST:PORT", address);
        if (bracketed)
                (void)snprintf(ret->host, sizeof ret->host, "%.*s", (int)len - 2, address + 1);
        else
                (void)snprintf(ret->host, sizeof ret->host, "%.*s", (int)len, address);
        (void)snprintf(ret->port, sizeof ret->port, "%d", (int)number);
        return 0;
}

static void addrinfo_drop(struct addrinfo **a)
{
        if (*a)
                freeaddrinfo(*a);
}

int udp_peer_connect(const struct udp_peer *p, bool numeric, int *ret_fd, struct err *e)
{
        const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                        .ai_socktype = SOCK_DGRAM,
                                        .ai_flags = numeric ? AI_NUMERICHOST : 0 };
        OWN(addrinfo) struct addrinfo *found = NULL;
        OWN(fd) int fd = -1;
        int rc;

        rc = getaddrinfo(p->host, p->port, &hints, &found);
        if (rc)
                return err_set(e, FAULT_ABSENT, 0, "%s: %s", p->host, gai_strerror(rc));
        fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "%s", p->host);
        *ret_fd = GIVE_FD(fd);
        return 0;
}
