/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams, counted at both ends, to tell whether one was lost or slipped through.
 *
 *   udp-count send ADDRESS PORT RATE [OWN-PORT]
 *       one flow, RATE a second until SIGTERM; prints how many were sent and how many
 *       came back
 *   udp-count sink PORT
 *       takes them until SIGTERM; prints how many came
 */
#include "netman/clock.h"
#include "netman/own.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#define BUFFER (8 << 20)

static int die(const char *what)
{
        (void)fprintf(stderr, "udp-count: %s: %s\n", what, strerror(errno));
        return 1;
}

static struct sockaddr_in on_port(const char *port)
{
        return (struct sockaddr_in){ .sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)strtol(port, NULL, 10)) };
}

static int open_socket(const char *port)
{
        struct sockaddr_in self = on_port(port);
        OWN(fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        int size = BUFFER;

        if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof self) < 0)
                return -1;
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
        return GIVE_FD(fd);
}

static bool told_to_end(int signals)
{
        struct signalfd_siginfo info;

        return read(signals, &info, sizeof info) > 0;
}

static size_t drain(int fd)
{
        char data[64];
        size_t n = 0;

        while (recv(fd, data, sizeof data, MSG_DONTWAIT) >= 0)
                n++;
        return n;
}

static int sink(const char *port, int signals)
{
        OWN(fd) int fd = open_socket(port);
        size_t count = 0;
        bool end;

        if (fd < 0)
                return die("bind");
        do {
                end = told_to_end(signals);
                count += drain(fd); /* after the signal, what is still there */
                if (!end)
                        clock_sleep_ms(1);
        } while (!end);
        printf("%zu\n", count);
        return 0;
}

static int send_all(const char *ip, const char *port, long rate, const char *own, int signals)
{
        struct sockaddr_in to = on_port(port);
        OWN(fd) int fd = open_socket(own);
        int64_t start = clock_us();
        size_t back = 0;
        long sent = 0;

        if (fd < 0 || inet_pton(AF_INET, ip, &to.sin_addr) != 1)
                return die(ip);
        while (!told_to_end(signals)) {
                back += drain(fd);
                if ((clock_us() - start) * rate / 1000000 <= sent) {
                        clock_sleep_ms(1);
                        continue;
                }
                /* Not connected: a refusal of one does not fail the next. */
                if (sendto(fd, &sent, sizeof sent, 0, (struct sockaddr *)&to, sizeof to) < 0)
                        return die("send");
                sent++;
        }
        printf("%ld %zu\n", sent, back + drain(fd));
        return 0;
}

int main(int argc, char **argv)
{
        OWN(fd) int signals = -1;
        sigset_t end;

        sigemptyset(&end);
        sigaddset(&end, SIGTERM);
        (void)sigprocmask(SIG_BLOCK, &end, NULL);
        signals = signalfd(-1, &end, SFD_NONBLOCK | SFD_CLOEXEC);
        if (signals < 0)
                return die("signalfd");
        if (argc == 3 && strcmp(argv[1], "sink") == 0)
                return sink(argv[2], signals);
        if (argc >= 5 && strcmp(argv[1], "send") == 0)
                return send_all(argv[2], argv[3], strtol(argv[4], NULL, 10),
                                argc > 5 ? argv[5] : "0", signals);
        (void)fprintf(stderr, "usage: udp-count send ADDRESS PORT RATE [OWN-PORT] | sink PORT\n");
        return 2;
}
