/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe ADDRESS PORT open|closed TIMEOUT_MS
 *
 * Asks an HTTP server once a millisecond until it answers 200 (open) or until an
 * attempt fails (closed), and prints that instant in microseconds since the epoch.
 * Exit status 1 if it has not come about in time.
 */
#include "netman/clock.h"
#include "netman/own.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The kernel does not send a refusal for every packet refused (icmp_ratelimit), so an
 * attempt without an answer is given up early. */
#define CONNECT_MS 10
#define ANSWER_MS  1000

static bool ready(int fd, short events, int wait_ms)
{
        struct pollfd p = { fd, events, 0 };

        return poll(&p, 1, wait_ms) == 1;
}

/**
 * answers() - One attempt: connect, ask, read the status line
 */
static bool answers(const struct sockaddr_in *to)
{
        static const char ask[] = "GET / HTTP/1.0\r\nHost: probe\r\n\r\n";
        OWN(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        char line[64] = "";
        socklen_t len = sizeof(int);
        int why = 0;

        if (connect(fd, (const struct sockaddr *)to, sizeof *to) < 0 && errno != EINPROGRESS)
                return false;
        if (!ready(fd, POLLOUT, CONNECT_MS) ||
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) < 0 || why)
                return false;
        if (send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) < 0 || !ready(fd, POLLIN, ANSWER_MS))
                return false;
        return read(fd, line, sizeof line - 1) > 12 && strncmp(line + 8, " 200", 4) == 0;
}

int main(int argc, char **argv)
{
        struct sockaddr_in to = { .sin_family = AF_INET };
        int64_t deadline;
        bool want;

        if (argc != 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
                (void)fprintf(stderr, "usage: probe ADDRESS PORT open|closed TIMEOUT_MS\n");
                return 2;
        }
        to.sin_port = htons((uint16_t)strtol(argv[2], NULL, 10));
        want = strcmp(argv[3], "open") == 0;
        deadline = clock_ms() + strtol(argv[4], NULL, 10);
        while (answers(&to) != want) {
                if (clock_ms() > deadline)
                        return 1;
                clock_sleep_ms(1);
        }
        struct timespec now;
        (void)clock_gettime(CLOCK_REALTIME, &now);
        (void)printf("%" PRId64 "\n", (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
        return 0;
}
