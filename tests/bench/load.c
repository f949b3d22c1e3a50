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
#include "netman/clock.h"
#include "netman/file.h"
#include "netman/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define SAMPLES_MAX 4000000
#define ETAG_MAX    128

struct args {
        int port, connections, seconds, wait, post_port, every_ms;
        bool etag, reconnect;
        const char *certs, *paths, *token, *bodies;
};

struct conn {
        SSL *ssl;
        int fd;
        bool up, down; /* the handshake is over; to be dialled again */
        size_t path;
        int64_t began_us;
        char etag[ETAG_MAX];
        char head[4096];
        size_t head_len, body_left;
        bool in_body;
        int status;
};

struct load {
        struct args args;
        SSL_CTX *ctx;
        int epoll;
        char *path_text, **paths;
        size_t path_count, next_path;
        struct conn *conns;
        uint32_t *samples;
        size_t sample_count, ok, not_modified, other, parked, down;
        _Atomic int64_t posted_us; /* when the last post was answered */
        _Atomic bool posting;      /* a watcher answered now was faster than the writer */
        _Atomic int posts;
        _Atomic bool end;
};

static void die(const char *what)
{
        (void)fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
        exit(1);
}

/** die_tls() - With OpenSSL's reason: errno says nothing of an alert or an orderly end */
static void die_tls(const char *what, const struct conn *c, int rc)
{
        int why = SSL_get_error(c->ssl, rc);
        unsigned long code = ERR_peek_error();
        char text[256] = "";

        if (code)
                ERR_error_string_n(code, text, sizeof text);
        (void)fprintf(stderr, "load: %s (connection %d): %s %s\n", what, c->fd,
                      why == SSL_ERROR_ZERO_RETURN ? "the server closed it"
                      : why == SSL_ERROR_SYSCALL   ? strerror(errno)
                                                   : "TLS error",
                      text);
        exit(1);
}

/** dial() - Return: -1 if nobody listens */
static int dial(int port)
{
        struct sockaddr_in to = { .sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                die("socket");
        if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
                (void)close(fd);
                return -1;
        }
        return fd;
}

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

/** lost() - The end, or a reason to dial again */
static void lost(struct load *l, struct conn *c, const char *what, int rc)
{
        if (!l->args.reconnect)
                die_tls(what, c, rc);
        SSL_free(c->ssl);
        (void)close(c->fd);
        c->ssl = NULL;
        c->fd = -1;
        c->up = c->in_body = false;
        c->head_len = 0;
        c->down = true;
        l->down++;
}

static void interest(struct load *l, struct conn *c, uint32_t events, int op)
{
        struct epoll_event ev = { .events = events, .data.ptr = c };

        if (epoll_ctl(l->epoll, op, c->fd, &ev) < 0)
                die("epoll_ctl");
}

static void send_request(struct load *l, struct conn *c)
{
        char text[16384];
        int len, rc;

        if (!l->args.etag)
                c->path = l->next_path++ % l->path_count;
        len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: l\r\nX-Agent-Id: %d\r\n",
                       l->paths[c->path], c->fd);
        if (*c->etag)
                len += snprintf(text + len, sizeof text - (size_t)len, "If-None-Match: %s\r\n",
                                c->etag);
        if (*c->etag && l->args.wait)
                len += snprintf(text + len, sizeof text - (size_t)len, "Prefer: wait=%d\r\n",
                                l->args.wait);
        len += snprintf(text + len, sizeof text - (size_t)len, "\r\n");
        c->began_us = clock_us();
        c->head_len = 0;
        c->in_body = false;
        if (*c->etag && l->args.wait)
                l->parked++;
        rc = SSL_write(c->ssl, text, len);
        if (rc != len)
                lost(l, c, "a request could not be sent whole", rc);
}

static void answered(struct load *l, struct conn *c)
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

static void read_head(struct load *l, struct conn *c, char *end)
{
        char *at;

        *end = '\0';
        c->status = (int)strtol(c->head + 9, NULL, 10);
        at = strcasestr(c->head, "\r\nContent-Length:");
        c->body_left = at && c->status != 304 ? strtoul(at + 17, NULL, 10) : 0;
        at = strcasestr(c->head, "\r\nETag: ");
        if (at && l->args.etag) {
                answered(l, c);
                (void)snprintf(c->etag, sizeof c->etag, "%.*s", (int)strcspn(at + 8, "\r\n"),
                               at + 8);
        } else {
                answered(l, c);
        }
        c->in_body = true;
}

/** feed() - Bytes of an answer; sends the next request behind it */
static void feed(struct load *l, struct conn *c, const char *data, size_t len)
{
        while (len && !c->down) {
                if (c->in_body) {
                        size_t n = len < c->body_left ? len : c->body_left;

                        c->body_left -= n;
                        data += n;
                        len -= n;
                } else {
                        char *end;
                        size_t room = sizeof c->head - 1 - c->head_len;
                        size_t n = len < room ? len : room, used;

                        memcpy(c->head + c->head_len, data, n);
                        c->head[c->head_len + n] = '\0';
                        end = strstr(c->head, "\r\n\r\n");
                        if (!end) {
                                c->head_len += n;
                                return;
                        }
                        used = (size_t)(end + 4 - c->head) - c->head_len;
                        data += used;
                        len -= used;
                        read_head(l, c, end + 2);
                }
                if (c->in_body && !c->body_left)
                        send_request(l, c);
        }
}

static void on_ready(struct load *l, struct conn *c)
{
        static char buf[1 << 18];
        int n;

        ERR_clear_error(); /* of another connection: it would be taken for this one's */
        if (!c->up) {
                n = SSL_connect(c->ssl);
                if (n != 1) {
                        int why = SSL_get_error(c->ssl, n);

                        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
                                lost(l, c, "handshake", n);
                        return;
                }
                c->up = true;
                send_request(l, c);
        }
        while (!c->down && (n = SSL_read(c->ssl, buf, sizeof buf)) > 0)
                feed(l, c, buf, (size_t)n);
        if (!c->down && SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_READ)
                lost(l, c, "connection lost", n);
}

/** open_conn() - Return: false if nobody listens */
static bool open_conn(struct load *l, struct conn *c)
{
        c->fd = dial(l->args.port);
        if (c->fd < 0)
                return false;
        (void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
        c->ssl = SSL_new(l->ctx);
        (void)SSL_set_fd(c->ssl, c->fd);
        SSL_set_connect_state(c->ssl);
        interest(l, c, EPOLLIN, EPOLL_CTL_ADD);
        on_ready(l, c);
        return true;
}

/** dial_again() - Those that have lost their connections */
static void dial_again(struct load *l)
{
        for (int i = 0; i < l->args.connections && l->down; i++) {
                struct conn *c = &l->conns[i];

                if (!c->down)
                        continue;
                c->down = false;
                l->down--;
                if (open_conn(l, c))
                        continue;
                c->down = true; /* nobody listens yet: nor will for the others */
                l->down++;
                return;
        }
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

static void loop(struct load *l, int64_t until_us)
{
        struct epoll_event evs[256];

        while (clock_us() < until_us) {
                int n = epoll_wait(l->epoll, evs, 256, 50);

                for (int i = 0; i < n; i++)
                        on_ready(l, evs[i].data.ptr);
                if (l->down)
                        dial_again(l);
        }
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

static void tls(struct load *l)
{
        char path[4096];

        l->ctx = SSL_CTX_new(TLS_client_method());
        (void)snprintf(path, sizeof path, "%s/client.crt", l->args.certs);
        if (SSL_CTX_use_certificate_chain_file(l->ctx, path) != 1)
                die(path);
        (void)snprintf(path, sizeof path, "%s/client.key", l->args.certs);
        if (SSL_CTX_use_PrivateKey_file(l->ctx, path, SSL_FILETYPE_PEM) != 1)
                die(path);
        SSL_CTX_set_session_cache_mode(l->ctx, SSL_SESS_CACHE_OFF);
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
        tls(&l);
        l.path_text = read_all(l.args.paths);
        l.paths = split_lines(l.path_text, &l.path_count);
        l.conns = calloc((size_t)l.args.connections, sizeof *l.conns);
        l.samples = calloc(SAMPLES_MAX, sizeof *l.samples);
        l.epoll = epoll_create1(EPOLL_CLOEXEC);
        for (int i = 0; i < l.args.connections; i++) {
                l.conns[i].path = (size_t)i % l.path_count;
                if (!open_conn(&l, &l.conns[i]))
                        die("connect");
                loop(&l, 0);
        }
        while (l.args.wait && l.parked < (size_t)l.args.connections)
                loop(&l, clock_us() + 1000);
        ready = clock_us();
        l.sample_count = 0;
        if (l.args.post_port && pthread_create(&poster, NULL, post, &l))
                die("pthread_create");
        loop(&l, ready + (int64_t)l.args.seconds * 1000000);
        atomic_store(&l.end, true);
        report(&l, ready - began, clock_us() - ready);
        return 0;
}
