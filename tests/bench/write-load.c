/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writers for the policy server's external API: each has a connection and a
 * thread, and creates one policy after another for some seconds, then deletes
 * them all.
 *
 *   write-load --port P --token T --ids FILE --writers N --seconds S
 *
 * --ids  a file of app ids, one a line: policies are made between them
 *
 * Two JSON objects on standard output, one a line: creating, deleting.
 */
#include "netman/clock.h"
#include "netman/file.h"
#include "netman/own.h"
#include "netman/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#define WRITES_MAX 100000 /* of one writer */
#define PORT_FIRST 20000

struct writer {
        const struct load *load;
        pthread_t thread;
        int number, fd;
        size_t made;
        uint32_t *create_us, *delete_us;
};

struct load {
        int port, writers, seconds;
        const char *token;
        char **ids;
        size_t id_count;
};

static void die(const char *what)
{
        (void)fprintf(stderr, "write-load: %s: %s\n", what, strerror(errno));
        exit(1);
}

static int dial(int port)
{
        struct sockaddr_in to = { .sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
                die("connect");
        return fd;
}

/** answer_is_ok() - Read one answer; those of writes fit into one read */
static bool answer_is_ok(int fd)
{
        char buf[8192];
        size_t len = 0;

        while (len + 1 < sizeof buf) {
                ssize_t n = recv(fd, buf + len, sizeof buf - 1 - len, 0);

                if (n <= 0)
                        die("connection lost");
                len += (size_t)n;
                buf[len] = '\0';
                if (strstr(buf, "\r\n\r\n{}"))
                        return strncmp(buf + 9, "200", 3) == 0;
                if (strstr(buf, "\r\n\r\n") && strncmp(buf + 9, "200", 3) != 0)
                        break;
        }
        (void)fprintf(stderr, "write-load: refused: %s\n", buf);
        exit(1);
}

/** post() - The writer's policy number @i. Return: how long it took, in µs */
static uint32_t post(const struct writer *w, size_t i, const char *suffix)
{
        const struct load *l = w->load;
        size_t at = (size_t)w->number * 7919 + i * 13;
        int64_t began = clock_us();
        OWN(str) struct str body = { 0 };
        OWN(str) struct str rq = { 0 };

        str_addf(&body,
                 "{\"policies\":[{\"source\":{\"id\":\"%s\"},\"destination\":{\"id\":\"%s\","
                 "\"protocol\":\"udp\",\"port\":%zu}}]}",
                 l->ids[at % l->id_count], l->ids[(at * 31 + 1) % l->id_count],
                 PORT_FIRST + i % 40000);
        str_addf(&rq,
                 "POST /networking/v0/external/policies%s HTTP/1.1\r\nHost: l\r\n"
                 "Authorization: bearer %s\r\nContent-Length: %zu\r\n\r\n%s",
                 suffix, l->token, body.len, body.data);
        if (send(w->fd, rq.data, rq.len, 0) != (ssize_t)rq.len)
                die("send");
        (void)answer_is_ok(w->fd);
        return (uint32_t)(clock_us() - began);
}

static void *create_all(void *arg)
{
        struct writer *w = arg;
        int64_t until = clock_us() + (int64_t)w->load->seconds * 1000000;

        for (; w->made < WRITES_MAX && clock_us() < until; w->made++)
                w->create_us[w->made] = post(w, w->made, "");
        return NULL;
}

static void *delete_all(void *arg)
{
        struct writer *w = arg;

        for (size_t i = 0; i < w->made; i++)
                w->delete_us[i] = post(w, i, "/delete");
        return NULL;
}

/** run() - All writers do it. Return: how long it took, in µs */
static int64_t run(const struct load *l, struct writer *writers, void *(*what)(void *))
{
        int64_t began = clock_us();

        for (int i = 0; i < l->writers; i++) {
                if (pthread_create(&writers[i].thread, NULL, what, &writers[i]))
                        die("pthread_create");
        }
        for (int i = 0; i < l->writers; i++)
                (void)pthread_join(writers[i].thread, NULL);
        return clock_us() - began;
}

static int by_value(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

static void report(const struct load *l, const struct writer *writers, const char *what,
                   bool deleting, int64_t took_us)
{
        OWN(mem) uint32_t *all = NULL;
        size_t count = 0, middle, late;

        for (int i = 0; i < l->writers; i++)
                count += writers[i].made;
        all = calloc(count + 1, sizeof *all);
        if (!all || !count)
                die("nothing was written");
        count = 0;
        for (int i = 0; i < l->writers; i++) {
                const struct writer *w = &writers[i];

                memcpy(all + count, deleting ? w->delete_us : w->create_us, w->made * sizeof *all);
                count += w->made;
        }
        qsort(all, count, sizeof *all, by_value);
        middle = count / 2;
        late = count * 99 / 100;
        (void)printf("{\"what\":\"%s\",\"writers\":%d,\"answers\":%zu,\"per_second\":%.0f,"
                     "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
                     what, l->writers, count, (double)count * 1e6 / (double)took_us,
                     all[middle] / 1000.0, all[late] / 1000.0, all[count - 1] / 1000.0);
}

static void read_ids(struct load *l, const char *path)
{
        struct str text = { 0 };
        char *save = NULL;
        struct err e;

        if (file_read(path, 64U << 20, &text, &e) < 0) {
                (void)fprintf(stderr, "write-load: %s\n", e.msg);
                exit(1);
        }
        for (char *id = strtok_r(text.data, "\n", &save); id; id = strtok_r(NULL, "\n", &save)) {
                char **more = reallocarray(l->ids, l->id_count + 1, sizeof *more);

                if (!more)
                        die("memory");
                l->ids = more;
                l->ids[l->id_count++] = id; /* the text lives as long as the program */
        }
}

static void parse(struct load *l, int argc, char **argv)
{
        for (int i = 1; i + 1 < argc; i += 2) {
                int number = (int)strtol(argv[i + 1], NULL, 10);

                if (str_eq(argv[i], "--port"))
                        l->port = number;
                else if (str_eq(argv[i], "--writers"))
                        l->writers = number;
                else if (str_eq(argv[i], "--seconds"))
                        l->seconds = number;
                else if (str_eq(argv[i], "--token"))
                        l->token = argv[i + 1];
                else if (str_eq(argv[i], "--ids"))
                        read_ids(l, argv[i + 1]);
        }
        if (!l->token || !l->id_count || l->writers < 1)
                die("--token, --ids and --writers are needed");
}

int main(int argc, char **argv)
{
        struct load l = { .port = 4002, .seconds = 3 };
        OWN(mem) struct writer *writers = NULL;
        int64_t took;

        (void)signal(SIGPIPE, SIG_IGN);
        parse(&l, argc, argv);
        writers = calloc((size_t)l.writers, sizeof *writers);
        for (int i = 0; writers && i < l.writers; i++) {
                writers[i] = (struct writer){
                        .load = &l,
                        .number = i,
                        .fd = dial(l.port),
                        .create_us = calloc(WRITES_MAX, sizeof(uint32_t)),
                        .delete_us = calloc(WRITES_MAX, sizeof(uint32_t)),
                };
                if (!writers[i].create_us || !writers[i].delete_us)
                        die("memory");
        }
        if (!writers)
                die("memory");
        took = run(&l, writers, create_all);
        report(&l, writers, "create", false, took);
        took = run(&l, writers, delete_all);
        report(&l, writers, "delete", true, took);
        return 0;
}
