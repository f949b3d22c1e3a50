/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small UDP packets, for measuring what rules cost.
 *
 *   udp-load sink PORT                 take packets and throw them away
 *   udp-load echo PORT                 send every packet back
 *   udp-load rate ADDRESS PORT SECONDS send as fast as can be; prints packets sent
 *   udp-load rtt ADDRESS PORT COUNT    one flow, ask and answer; prints mean microseconds
 *   udp-load fresh ADDRESS PORT COUNT  a new flow for each question; the same
 */
#include "netman/clock.h"
#include "netman/own.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define BATCH   32
#define PAYLOAD 18 /* with all headers, the smallest frame there is */

static int die(const char *what)
{
        (void)fprintf(stderr, "udp-load: %s: %s\n", what, strerror(errno));
        return 1;
}

static struct sockaddr_in address(const char *ip, const char *port)
{
        struct sockaddr_in a = { .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)strtol(port, NULL, 10)) };

        (void)inet_pton(AF_INET, ip, &a.sin_addr);
        return a;
}

static int serve(const char *port, bool echo)
{
        struct sockaddr_in self = address("0.0.0.0", port), peer;
        OWN(fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        char data[PAYLOAD];

        if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof self) < 0)
                return die("bind");
        for (;;) {
                socklen_t len = sizeof peer;
                ssize_t n = recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&peer, &len);

                if (n > 0 && echo)
                        (void)sendto(fd, data, (size_t)n, 0, (struct sockaddr *)&peer, len);
        }
}

static int open_to(const char *ip, const char *port)
{
        struct sockaddr_in peer = address(ip, port);
        const struct timeval patience = { .tv_sec = 2 };
        OWN(fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
            connect(fd, (struct sockaddr *)&peer, sizeof peer) < 0)
                return -1;
        return GIVE_FD(fd);
}

static int rate(const char *ip, const char *port, int seconds)
{
        OWN(fd) int fd = open_to(ip, port);
        int64_t end = clock_us() + (int64_t)seconds * 1000000;
        struct mmsghdr messages[BATCH] = { 0 };
        char data[PAYLOAD] = { 0 };
        struct iovec io = { data, sizeof data };
        uint64_t sent = 0;

        if (fd < 0)
                return die("connect");
        for (size_t i = 0; i < BATCH; i++)
                messages[i].msg_hdr = (struct msghdr){ .msg_iov = &io, .msg_iovlen = 1 };
        while (clock_us() < end) {
                int n = sendmmsg(fd, messages, BATCH, 0);

                if (n < 0 && errno != ENOBUFS && errno != ECONNREFUSED)
                        return die("send");
                sent += n > 0 ? (uint64_t)n : 0;
        }
        printf("%llu\n", (unsigned long long)sent);
        return 0;
}

static int ask(int fd)
{
        char data[PAYLOAD] = { 0 };

        return send(fd, data, sizeof data, 0) < 0 || recv(fd, data, sizeof data, 0) < 0 ? -1 : 0;
}

static int rtt(const char *ip, const char *port, int count, bool fresh)
{
        OWN(fd) int fd = open_to(ip, port);
        int64_t took = 0;

        if (fd < 0 || ask(fd) < 0)
                return die("first answer");
        for (int i = 0; i < count; i++) {
                int64_t start;

                if (fresh) {
                        fd_drop(&fd);
                        fd = open_to(ip, port);
                        if (fd < 0)
                                return die("connect");
                }
                start = clock_us();
                if (ask(fd) < 0)
                        return die("answer");
                took += clock_us() - start;
        }
        printf("%.2f\n", (double)took / count);
        return 0;
}

int main(int argc, char **argv)
{
        const char *mode = argc > 1 ? argv[1] : "";

        if (argc == 3 && (strcmp(mode, "sink") == 0 || strcmp(mode, "echo") == 0))
                return serve(argv[2], strcmp(mode, "echo") == 0);
        if (argc == 5 && strcmp(mode, "rate") == 0)
                return rate(argv[2], argv[3], (int)strtol(argv[4], NULL, 10));
        if (argc == 5 && (strcmp(mode, "rtt") == 0 || strcmp(mode, "fresh") == 0))
                return rtt(argv[2], argv[3], (int)strtol(argv[4], NULL, 10),
                           strcmp(mode, "fresh") == 0);
        (void)fprintf(stderr, "udp-load: wrong arguments\n");
        return 2;
}
