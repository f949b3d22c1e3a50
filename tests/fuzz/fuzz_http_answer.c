/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server's answer, to the byte: the first byte says whether it is taken whole or line
 * by line, the rest is what arrives. The server is this process, behind a local socket.
 */
#include "lib/http_internal.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ANSWER_MAX 32768 /* what a socket holds that nobody reads from yet */
#define BODY_MAX   4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

OWN_DROP(easy, CURL *, curl_easy_cleanup)

/* Our listening socket, and its name, which is in no file system. */
static int listener = -1;
static char name[32];

static void listen_once(void)
{
        struct sockaddr_un at = { .sun_family = AF_UNIX };
        socklen_t len;

        if (listener >= 0)
                return;
        (void)snprintf(name, sizeof name, "netman-fuzz-%d", getpid());
        (void)snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "%s", name);
        len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
        listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(listener, (struct sockaddr *)&at, len) < 0 || listen(listener, 1) < 0)
                abort();
}

/** struct answer - What the server says; @fd stays open until the client has it all */
struct answer {
        const uint8_t *bytes;
        size_t len;
        int fd;
};

/** say() - libcurl's callback between the connection and the request */
static int say(void *arg, char *to, char *from, int to_port, int from_port)
{
        struct answer *a = arg;

        (void)to;
        (void)from;
        (void)to_port;
        (void)from_port;
        a->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (a->fd < 0 || send(a->fd, a->bytes, a->len, MSG_NOSIGNAL) != (ssize_t)a->len ||
            shutdown(a->fd, SHUT_WR) < 0)
                abort();
        return CURL_PREREQFUNC_OK;
}

static int take_line(void *arg, const char *line, size_t len)
{
        size_t *longest = arg;

        if (line[len] != '\0' || memchr(line, '\n', len))
                __builtin_trap();
        *longest = len > *longest ? len : *longest;
        return len == 3 && memcmp(line, "end", 3) == 0;
}

/* Pairs to the last: http_answer_header() walks them. */
static void must_be_pairs(const struct http_answer *a)
{
        size_t ends = 0;

        for (size_t i = 0; i < a->headers.len; i++)
                ends += !a->headers.data[i];
        if (ends % 2 || http_answer_header(a, "no such header, ever"))
                __builtin_trap();
        (void)http_answer_header(a, "ETag");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        size_t longest = 0;
        struct http_answer a = { 0 };
        OWN(http_transfer)
        struct http_transfer t = { .answer = &a, .body_max = BODY_MAX, .arg = &longest };
        OWN(easy) CURL *easy = NULL;
        struct answer said = { data + 1, size - 1, -1 };
        struct err e;

        listen_once();
        if (!size || size > ANSWER_MAX || !(easy = curl_easy_init()))
                return 0;
        if (data[0] & 1)
                t.on_line = take_line;
        (void)curl_easy_setopt(easy, CURLOPT_URL, "http://127.0.0.1/");
        (void)curl_easy_setopt(easy, CURLOPT_ABSTRACT_UNIX_SOCKET, name);
        (void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, say);
        (void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, &said);
        (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 2000L);
        http_transfer_attach(&t, easy);
        if (http_transfer_end(&t, curl_easy_perform(easy) == CURLE_OK, &e) == 0 &&
            (a.body.len > BODY_MAX || longest > BODY_MAX))
                __builtin_trap();
        must_be_pairs(&a);
        fd_drop(&said.fd);
        http_answer_done(&a);
        return 0;
}
