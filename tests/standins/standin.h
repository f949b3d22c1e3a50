/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stand-ins share: command line, the world they describe, replies.
 *
 * The world is one JSON file, read again whenever it changes, so a test changes
 * the world by replacing the file. Each request is one line on standard error,
 * without bodies or tokens, so a test can count them.
 */
#ifndef TESTS_STANDINS_STANDIN_H
#define TESTS_STANDINS_STANDIN_H

#include "netman/clock.h"
#include "netman/file.h"
#include "netman/http_server.h"
#include "netman/jsonx.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#define WORLD_MAX ((size_t)64 << 20)

/**
 * struct standin - A stand-in and its command line
 * @world_path:   --world FILE
 * @key_path:     --signing-key FILE: the UAA makes it, the Cloud Controller reads it
 * @uaa:          --uaa URL: told to clients (Cloud Controller)
 * @networking:   --networking URL: where /networking goes (Cloud Controller)
 * @public_url:   --url URL: how clients reach us
 * @world, @seen: The world as last read, and which file that was
 */
struct standin {
        const char *host, *world_path, *key_path, *uaa, *networking, *public_url;
        uint16_t port;
        struct http_tls tls;
        pthread_mutex_t lock;
        json_t *world;
        struct stat seen;
};

static inline int standin_options(int argc, char **argv, struct standin *s, struct err *e)
{
        static const struct option options[] = {
                { "host", 1, NULL, 'h' },  { "port", 1, NULL, 'p' },
                { "world", 1, NULL, 'w' }, { "signing-key", 1, NULL, 's' },
                { "uaa", 1, NULL, 'u' },   { "networking", 1, NULL, 'n' },
                { "url", 1, NULL, 'l' },   { "cert", 1, NULL, 'c' },
                { "key", 1, NULL, 'k' },   { 0 },
        };
        int64_t port = 0;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
                switch (c) {
                case 'h':
                        s->host = optarg;
                        break;
                case 'p':
                        if (str_to_int(optarg, 0, UINT16_MAX, &port, e) < 0)
                                return -1;
                        break;
                case 'w':
                        s->world_path = optarg;
                        break;
                case 's':
                        s->key_path = optarg;
                        break;
                case 'u':
                        s->uaa = optarg;
                        break;
                case 'n':
                        s->networking = optarg;
                        break;
                case 'l':
                        s->public_url = optarg;
                        break;
                case 'c':
                        s->tls.cert_file = optarg;
                        break;
                case 'k':
                        s->tls.key_file = optarg;
                        break;
                default:
                        return err_set(e, FAULT_BAD_INPUT, 0, "unknown option");
                }
        }
        if (!s->world_path || !s->key_path || !s->public_url)
                return err_set(e, FAULT_BAD_INPUT, 0, "need --world, --signing-key and --url");
        s->port = (uint16_t)port;
        return 0;
}

static inline bool same_file(const struct stat *a, const struct stat *b)
{
        return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
               a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/**
 * standin_world() - The world as it is now; a new reference, to be read only
 *
 * A file that cannot be read or parsed leaves the world as it was: it may be
 * in the middle of being written.
 */
static inline json_t *standin_world(struct standin *s)
{
        OWN(str) struct str text = { 0 };
        struct stat now;
        json_t *world, *fresh = NULL;

        (void)pthread_mutex_lock(&s->lock);
        if (stat(s->world_path, &now) == 0 && !same_file(&now, &s->seen) &&
            file_read(s->world_path, WORLD_MAX, &text, NULL) == 0 &&
            jsonx_parse(str_text(&text), text.len, &fresh, NULL) == 0) {
                json_decref(s->world);
                s->world = fresh;
                s->seen = now;
        }
        world = json_incref(s->world);
        (void)pthread_mutex_unlock(&s->lock);
        return world;
}

/** world_list() - A list of the world, empty where it is missing; borrowed */
static inline json_t *world_list(const json_t *world, const char *name)
{
        return json_object_get(world, name); /* jansson's loops take NULL for empty */
}

static inline const char *text_of(const json_t *obj, const char *key)
{
        const char *text = json_string_value(json_object_get(obj, key));

        return text ? text : "";
}

/** find_by() - The element of @list whose @key is @value; NULL; borrowed */
static inline json_t *find_by(const json_t *list, const char *key, const char *value)
{
        json_t *item;
        size_t i;

        json_array_foreach(list, i, item) {
                if (strcmp(text_of(item, key), value) == 0)
                        return item;
        }
        return NULL;
}

static inline bool list_holds(const json_t *list, const char *value)
{
        json_t *item;
        size_t i;

        json_array_foreach(list, i, item) {
                if (json_is_string(item) && strcmp(json_string_value(item), value) == 0)
                        return true;
        }
        return false;
}

/** answer_json() - Send @body, which is consumed */
static inline void answer_json(struct http_request *rq, unsigned int status, json_t *body)
{
        OWN(json) json_t *owned = body;
        OWN(mem) char *text = json_dumps(owned, JSON_COMPACT);

        (void)fprintf(stderr, "%s %s -> %u\n", http_request_method(rq), http_request_path(rq),
                      status);
        http_answer_text(rq, text ? status : 500, "application/json", text ? text : "{}");
}

/**
 * standin_fails() - Does the world want this path to fail or to be slow?
 *
 * "fail": {"/v3/apps": 503} answers so; "delay_ms": {"/v3/apps": 200} waits.
 *
 * Return: true when the request was answered
 */
static inline bool standin_fails(struct http_request *rq, const json_t *world)
{
        const char *path = http_request_path(rq);
        json_int_t status = json_integer_value(json_object_get(world_list(world, "fail"), path));
        json_int_t wait = json_integer_value(json_object_get(world_list(world, "delay_ms"), path));

        if (wait > 0)
                clock_sleep_ms(wait);
        if (status < 100 || status > 599)
                return false;
        answer_json(rq, (unsigned int)status, json_pack("{s:s}", "error", "told to fail"));
        return true;
}

/** standin_run() - Serve until SIGTERM or SIGINT; prints the port when ready */
static inline int standin_run(struct standin *s, const struct http_route *routes, struct err *e)
{
        OWN(http_server) struct http_server *server = NULL;
        OWN(json) json_t *world = standin_world(s);
        struct http_server_config c = { .host = s->host ? s->host : "127.0.0.1",
                                        .port = s->port,
                                        .tls = s->tls.cert_file ? &s->tls : NULL,
                                        .limits = { .workers = 64 }, /* slow paths hold one each */
                                        .routes = routes,
                                        .app = s };
        sigset_t stop;
        int sig;

        if (!world)
                return err_set(e, FAULT_BAD_INPUT, 0, "no world in %s", s->world_path);
        (void)sigemptyset(&stop);
        (void)sigaddset(&stop, SIGTERM);
        (void)sigaddset(&stop, SIGINT);
        (void)sigprocmask(SIG_BLOCK, &stop, NULL); /* before threads: they inherit it */
        if (http_server_start(&c, &server, e) < 0)
                return -1;
        (void)printf("%u\n", http_server_port(server));
        (void)fflush(stdout);
        (void)sigwait(&stop, &sig);
        return 0;
}

#endif
