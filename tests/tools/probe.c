/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe ADDRESS PORT open|closed TIMEOUT_MS
 *
 * Asks an HTTP server once a millisecond until it answers 200 (open) or until an
 * attempt fails (closed; the first of two in a row, one may be an accident), and prints
 * that instant in microseconds since the epoch.
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

static int64_t epoch_us(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/**
 * wait_until() - Ask until @run answers in a row were as wanted
 * @ret: Gets the instant of the first of them
 */
static bool wait_until(const struct sockaddr_in *to, bool want, int run, int64_t deadline_ms,
                       int64_t *ret)
{
        int64_t first = 0;

        for (int seen = 0; seen < run;) {
                seen = answers(to) == want ? seen + 1 : 0;
                if (seen == 1)
                        first = epoch_us();
                if (seen < run && clock_ms() > deadline_ms)
                        return false;
                clock_sleep_ms(1);
        }
        *ret = first;
        return true;
}

int main(int argc, char **argv)
{
        struct sockaddr_in to = { .sin_family = AF_INET };
        int64_t instant;
        bool open;

        if (argc != 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
                (void)fprintf(stderr, "usage: probe ADDRESS PORT open|closed TIMEOUT_MS\n");
                return 2;
        }
        to.sin_port = htons((uint16_t)strtol(argv[2], NULL, 10));
        open = strcmp(argv[3], "open") == 0;
        if (!wait_until(&to, open, open ? 1 : 2, clock_ms() + strtol(argv[4], NULL, 10), &instant))
                return 1;
        (void)printf("%" PRId64 "\n", instant);
        return 0;
}
