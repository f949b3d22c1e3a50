/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A web server of one file for containers in tests: whatever is asked, it
 * answers 200 with its name. Connections stay open until the client closes
 * them, so a test can also watch an established one.
 *
 *   http-echo --port 8080 --name backend-1 [--address 0.0.0.0]
 */
#include "netman/own.h"
#include "netman/str.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { REQUEST_MAX = 16384 };

/** struct visit - One connection, owned by its thread */
struct visit {
        int fd;
        const char *name;
};

/* Does the head in @req end, and where? Bodies are not understood: nobody sends us one. */
static char *head_end(char *req)
{
        char *end = strstr(req, "\r\n\r\n");

        return end ? end + 4 : NULL;
}

static int reply(int fd, const char *name)
{
        OWN(str) struct str s = { 0 };

        str_addf(&s,
                 "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s\n",
                 strlen(name) + 1, name);
        return send(fd, str_text(&s), s.len, MSG_NOSIGNAL) == (ssize_t)s.len ? 0 : -1;
}

static void *serve(void *arg)
{
        OWN(mem) struct visit *v = arg;
        OWN(fd) int fd = v->fd;
        char req[REQUEST_MAX];
        size_t have = 0;

        while (have < sizeof req - 1) {
                ssize_t n = recv(fd, req + have, sizeof req - 1 - have, 0);
                char *rest;

                if (n <= 0)
                        return NULL;
                have += (size_t)n;
                req[have] = '\0';
                while ((rest = head_end(req))) {
                        if (reply(fd, v->name) < 0)
                                return NULL;
                        have -= (size_t)(rest - req);
                        memmove(req, rest, have + 1);
                }
        }
        return NULL;
}

static int listen_on(const char *address, uint16_t port)
{
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
        int on = 1;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1 ||
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
            bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 64) < 0) {
                perror("http-echo: listen");
                exit(1);
        }
        return fd;
}

static void serve_all(int listener, const char *name)
{
        pthread_attr_t detached;

        (void)pthread_attr_init(&detached);
        (void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
        for (;;) {
                struct visit *v = malloc(sizeof *v);
                pthread_t thread;

                if (!v)
                        exit(1);
                v->name = name;
                v->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                if (v->fd < 0 || pthread_create(&thread, &detached, serve, v) != 0) {
                        fd_drop(&v->fd);
                        free(v);
                }
        }
}

int main(int argc, char **argv)
{
        static const struct option options[] = { { "port", required_argument, NULL, 'p' },
                                                 { "name", required_argument, NULL, 'n' },
                                                 { "address", required_argument, NULL, 'a' },
                                                 { 0 } };
        const char *name = "echo", *address = "0.0.0.0";
        struct err e;
        int64_t port = 8080;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
                if (c == 'n')
                        name = optarg;
                else if (c == 'a')
                        address = optarg;
                else if (c != 'p' || str_to_int(optarg, 1, 65535, &port, &e) < 0)
                        return 2;
        }
        (void)signal(SIGPIPE, SIG_IGN);
        serve_all(listen_on(address, (uint16_t)port), name);
}
