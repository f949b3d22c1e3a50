/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The internal API with answers from files, for an agent's tests of servers that
 * are old, slow or lying; an honest one is policy-server-internal itself.
 *
 *   policy-api --port N --dir D --ca F --cert F --key F
 *
 * For every request D/body is the answer, D/status its status (200 without),
 * D/etag its ETag. With an ETag, If-None-Match gives 304, and "Prefer: wait=N"
 * parks the request until D/etag changes, unless D/impatient exists; with D/forgetful
 * neither header is looked at. D/delay_ms
 * delays every answer; with D/old_api only v0 is known. Requests are appended to
 * D/log: path, If-None-Match, Prefer.
 */
#include "netman/clock.h"
#include "netman/file.h"
#include "netman/http_server.h"
#include "netman/own.h"
#include "netman/str.h"

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void name_of(const char *dir, const char *name, char path[512])
{
        (void)snprintf(path, 512, "%s/%s", dir, name);
}

/**
 * read_one() - A file of the folder without its line break; empty where missing
 */
static void read_one(const char *dir, const char *name, struct str *out)
{
        char path[512];

        name_of(dir, name, path);
        str_clear(out);
        (void)file_read(path, (size_t)256 << 20, out, NULL); /* missing: empty */
        while (out->len && out->data[out->len - 1] == '\n')
                out->data[--out->len] = '\0';
}

static bool exists(const char *dir, const char *name)
{
        char path[512];

        name_of(dir, name, path);
        return access(path, F_OK) == 0;
}

static void note(const char *dir, struct http_request *rq)
{
        const char *match = http_request_header(rq, "If-None-Match");
        const char *prefer = http_request_header(rq, "Prefer");
        const char *ids = http_request_query(rq, "id");
        OWN(file) FILE *log = NULL;
        char path[512];

        name_of(dir, "log", path);
        log = fopen(path, "ae");
        if (log)
                fprintf(log, "%s id=%s match=%s prefer=%s\n", http_request_path(rq),
                        ids ? ids : "-", match ? match : "-", prefer ? prefer : "-");
}

/**
 * unchanged() - Does the client's revision hold to the end of the time it waits?
 */
static bool unchanged(const char *dir, struct http_request *rq, struct str *etag)
{
        const char *match = http_request_header(rq, "If-None-Match");
        const char *prefer = http_request_header(rq, "Prefer");
        long wait_s = 0;
        int64_t end;

        if (exists(dir, "forgetful"))
                match = NULL;
        if (prefer && !exists(dir, "impatient"))
                wait_s = strtol(prefer + strlen("wait="), NULL, 10);
        end = clock_ms() + wait_s * 1000;
        for (;;) {
                read_one(dir, "etag", etag);
                if (!match || !etag->len || strcmp(match, etag->data) != 0)
                        return false;
                if (clock_ms() >= end || http_request_gone(rq))
                        return true;
                clock_sleep_ms(2);
        }
}

static void policies(struct http_request *rq)
{
        const char *dir = http_request_app(rq);
        OWN(http_reply) struct http_reply reply = { 0 };
        OWN(str) struct str text = { 0 };
        OWN(str) struct str etag = { 0 };

        note(dir, rq);
        read_one(dir, "delay_ms", &text);
        clock_sleep_ms(strtol(str_text(&text), NULL, 10));
        read_one(dir, "status", &text);
        if (unchanged(dir, rq, &etag))
                reply.status = 304;
        else if (exists(dir, "old_api") && strstr(http_request_path(rq), "/v1/"))
                reply.status = 404;
        else if (text.len)
                reply.status = (unsigned int)strtol(text.data, NULL, 10);
        if (etag.len)
                http_reply_header(&reply, "ETag", etag.data);
        if (reply.status != 304)
                read_one(dir, "body", &reply.body);
        http_answer(rq, &reply);
}

static const struct http_route routes[] = {
        { .method = "GET", .pattern = "/networking/:v/internal/policies", .handler = policies },
        { 0 },
};

int main(int argc, char **argv)
{
        static const struct option options[] = {
                { "port", required_argument, NULL, 'p' }, { "dir", required_argument, NULL, 'd' },
                { "ca", required_argument, NULL, 'a' },   { "cert", required_argument, NULL, 'c' },
                { "key", required_argument, NULL, 'k' },  { 0 },
        };
        struct http_tls tls = { 0 };
        struct http_server_config config = { .host = "127.0.0.1", .tls = &tls, .routes = routes };
        OWN(http_server) struct http_server *server = NULL;
        struct err e = { 0 };
        sigset_t end;
        int opt, sig;

        while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
                if (opt == 'p')
                        config.port = (uint16_t)strtol(optarg, NULL, 10);
                else if (opt == 'd')
                        config.app = optarg;
                else if (opt == 'a')
                        tls.client_ca_file = optarg;
                else if (opt == 'c')
                        tls.cert_file = optarg;
                else if (opt == 'k')
                        tls.key_file = optarg;
        }
        sigemptyset(&end);
        sigaddset(&end, SIGTERM);
        (void)pthread_sigmask(SIG_BLOCK, &end, NULL);
        if (http_server_start(&config, &server, &e) < 0) {
                fprintf(stderr, "policy-api: %s\n", e.msg);
                return 1;
        }
        printf("%u\n", http_server_port(server));
        fflush(stdout);
        (void)sigwait(&end, &sig);
        return 0;
}
