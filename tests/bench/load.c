/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for the policy server's internal API: many connections with mutual TLS
 * from one thread, so that the client costs little of the machine it shares.
 *
 *   load --port P --certs DIR --paths FILE --connections N --seconds S [--etag]
 *        [--wait SECONDS [--post-port P --token T --bodies FILE --every MS] [--reconnect]]
 *
 * --etag  each connection keeps to one path and names the tag it got: 304
 * --wait  and asks to wait; lines "PATH BODY" of --bodies are posted in turn to
 *         the external API, and the time from each post's answer to the answers
 *         of the watchers it wakes is what is measured
 * --reconnect  a lost connection is made again, as an agent would; else it is the end
 *
 * One JSON object on standard output.
 */
#include "crowd.h"

#include "netman/file.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define SAMPLES_MAX 4000000

struct args {
        int port, connections, seconds, wait, post_port, every_ms;
        bool etag, reconnect;
        const char *certs, *paths, *token, *bodies;
};

struct load {
        struct args args;
        struct crowd crowd;
        char *path_text, **paths;
        size_t path_count, next_path;
        uint32_t *samples;
        size_t sample_count, ok, not_modified, other, parked;
        _Atomic int64_t posted_us; /* when the last post was answered */
        _Atomic bool posting;      /* a watcher answered now was faster than the writer */
        _Atomic int posts;
        _Atomic bool end;
};

static char **split_lines(char *text, size_t *count)
{
        char **lines = NULL, *save = NULL;

        *count = 0;
        for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
                char **more = reallocarray(lines, *count + 1, sizeof *lines);

                if (!more)
                        die("memory");
                lines = more;
                lines[(*count)++] = l;
        }
        if (!*count)
                die("a file without lines");
        return lines;
}

static char *read_all(const char *path)
{
        struct str s = { 0 };
        struct err e;

        if (file_read(path, 256U << 20, &s, &e) < 0) {
                (void)fprintf(stderr, "load: %s\n", e.msg);
                exit(1);
        }
        return str_steal(&s);
}

/* ---- What is asked ---- */

static void ask(void *arg, struct conn *c, struct str *request)
{
        struct load *l = arg;

        if (!l->args.etag)
                c->path = l->next_path++ % l->path_count;
        str_addf(request, "GET %s HTTP/1.1\r\nHost: l\r\nX-Agent-Id: %d\r\n", l->paths[c->path],
                 c->fd);
        if (*c->etag)
                str_addf(request, "If-None-Match: %s\r\n", c->etag);
        if (*c->etag && l->args.wait) {
                str_addf(request, "Prefer: wait=%d\r\n", l->args.wait);
                l->parked++;
        }
        str_add(request, "\r\n");
}

/** measure() - How long it took, from what it waited for */
static void measure(struct load *l, struct conn *c)
{
        int64_t from = c->began_us;

        if (l->args.wait && *c->etag) {
                from = atomic_load(&l->posting) ? clock_us() : atomic_load(&l->posted_us);
                l->parked--;
        }
        if ((!l->args.wait || from) && l->sample_count < SAMPLES_MAX && !atomic_load(&l->end)) {
                int64_t took = clock_us() - from;

                if (!l->args.wait || *c->etag)
                        l->samples[l->sample_count++] = (uint32_t)(took > 0 ? took : 0);
        }
        l->ok += c->status == 200;
        l->not_modified += c->status == 304;
        l->other += c->status != 200 && c->status != 304;
}

static void answered(void *arg, struct conn *c)
{
        struct load *l = arg;
        const char *at = strcasestr(c->head, "\r\nETag: ");

        measure(l, c);
        if (at && l->args.etag)
                (void)snprintf(c->etag, sizeof c->etag, "%.*s", (int)strcspn(at + 8, "\r\n"),
                               at + 8);
}

static void *post(void *arg)
{
        struct load *l = arg;
        char *text = read_all(l->args.bodies);
        size_t count;
        char **lines = split_lines(text, &count);
        int fd = dial(l->args.post_port);

        if (fd < 0)
                die("connect");
        for (size_t i = 0; !atomic_load(&l->end); i++) {
                char *line = lines[i % (count ? count : 1)], *body = strchr(line, ' ') + 1,
                     answer[4096];
                OWN(str) struct str rq = { 0 };
                ssize_t n;

                clock_sleep_ms(l->args.every_ms);
                atomic_store(&l->posting, true);
                str_addf(&rq,
                         "POST %.*s HTTP/1.1\r\nHost: l\r\nAuthorization: bearer %s\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         (int)(body - 1 - line), line, l->args.token, strlen(body), body);
                if (send(fd, rq.data, rq.len, 0) != (ssize_t)rq.len)
                        die("post");
                n = recv(fd, answer, sizeof answer - 1, 0);
                atomic_store(&l->posted_us, clock_us());
                atomic_store(&l->posting, false);
                if (n < 12 || strncmp(answer + 9, "200", 3) != 0)
                        die("a post was refused");
                (void)atomic_fetch_add(&l->posts, 1);
        }
        return NULL;
}

static int by_value(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

static double percentile(const struct load *l, double p)
{
        return l->sample_count ? l->samples[(size_t)((double)(l->sample_count - 1) * p)] / 1000.0
                               : 0;
}

static void parse(struct args *a, int argc, char **argv)
{
        struct {
                const char *name;
                int *number;
                const char **text;
        } known[] = {
                { "--port", &a->port, NULL },           { "--connections", &a->connections, NULL },
                { "--seconds", &a->seconds, NULL },     { "--wait", &a->wait, NULL },
                { "--post-port", &a->post_port, NULL }, { "--every", &a->every_ms, NULL },
                { "--certs", NULL, &a->certs },         { "--paths", NULL, &a->paths },
                { "--token", NULL, &a->token },         { "--bodies", NULL, &a->bodies }
        };

        for (int i = 1; i < argc; i++) {
                a->reconnect |= str_eq(argv[i], "--reconnect");
                a->etag |= str_eq(argv[i], "--etag") || str_eq(argv[i], "--wait");
                for (size_t k = 0; k < sizeof known / sizeof *known && i + 1 < argc; k++) {
                        if (!str_eq(argv[i], known[k].name))
                                continue;
                        if (known[k].number)
                                *known[k].number = (int)strtol(argv[++i], NULL, 10);
                        else
                                *known[k].text = argv[++i];
                        break;
                }
        }
}

static void report(struct load *l, int64_t setup_us, int64_t run_us)
{
        qsort(l->samples, l->sample_count, sizeof *l->samples, by_value);
        (void)printf("{\"connections\":%d,\"setup_ms\":%.1f,\"answers\":%zu,\"per_second\":%.0f,"
                     "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"status_200\":%zu,"
                     "\"status_304\":%zu,\"other\":%zu,\"posts\":%d}\n",
                     l->args.connections, (double)setup_us / 1000.0, l->sample_count,
                     (double)l->sample_count * 1e6 / (double)run_us, percentile(l, 0.5),
                     percentile(l, 0.99), percentile(l, 1), l->ok, l->not_modified, l->other,
                     atomic_load(&l->posts));
}

int main(int argc, char **argv)
{
        struct load l = { .args = { .connections = 16, .seconds = 5, .every_ms = 100 } };
        int64_t began = clock_us(), ready;
        pthread_t poster;

        (void)signal(SIGPIPE, SIG_IGN);
        parse(&l.args, argc, argv);
        l.path_text = read_all(l.args.paths);
        l.paths = split_lines(l.path_text, &l.path_count);
        l.samples = calloc(SAMPLES_MAX, sizeof *l.samples);
        l.crowd = (struct crowd){ .port = l.args.port,
                                  .count = l.args.connections,
                                  .reconnect = l.args.reconnect,
                                  .ask = ask,
                                  .answered = answered,
                                  .arg = &l };
        crowd_open(&l.crowd, l.args.certs);
        for (int i = 0; i < l.args.connections; i++) {
                l.crowd.conns[i].path = (size_t)i % l.path_count;
                if (!open_conn(&l.crowd, &l.crowd.conns[i]))
                        die("connect");
                crowd_run(&l.crowd, 0);
        }
        while (l.args.wait && l.parked < (size_t)l.args.connections)
                crowd_run(&l.crowd, clock_us() + 1000);
        ready = clock_us();
        l.sample_count = 0;
        if (l.args.post_port && pthread_create(&poster, NULL, post, &l))
                die("pthread_create");
        crowd_run(&l.crowd, ready + (int64_t)l.args.seconds * 1000000);
        atomic_store(&l.end, true);
        report(&l, ready - began, clock_us() - ready);
        return 0;
}
