/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody who is told by UDP and does not answer, named HOST:PORT. */
#ifndef NETMAN_UDP_PEER_H
#define NETMAN_UDP_PEER_H

#include "netman/err.h"

#include <stdbool.h>

/** struct udp_peer - A host name or address, without brackets, and a port in decimal */
struct udp_peer {
        char host[256], port[8];
};

/**
 * udp_peer_parse() - From "127.0.0.1:3457", "[::1]:3457", "host:3457"
 * @e: FAULT_BAD_INPUT. A host that does not exist is no error here: nobody is asked
 */
int udp_peer_parse(const char *address, struct udp_peer *ret, struct err *e);

/**
 * udp_peer_connect() - A socket to where the name leads now
 * @numeric: Fail for a name: only for addresses nobody has to be asked
 * @ret_fd:  Connected, never blocks; owned by the caller
 * @e:       FAULT_ABSENT: the name leads nowhere; FAULT_SYSTEM
 */
int udp_peer_connect(const struct udp_peer *p, bool numeric, int *ret_fd, struct err *e);

#endif
