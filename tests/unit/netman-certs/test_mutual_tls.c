/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our HTTP client and our HTTP server with certificates of ours: who gets in,
 * and how certificates are exchanged under way.
 */
#include "../test.h"

#include "cmd/netman-certs/store.h"
#include "netman/http_client.h"
#include "netman/http_server.h"

#include <dirent.h>
#include <stdlib.h>

#define PATH_SIZE 96

/**
 * struct house - A directory of certificates and a server that wants one
 * @url: Of the server
 */
struct house {
        char dir[32], url[64];
        char ca[PATH_SIZE], cert[PATH_SIZE], key[PATH_SIZE];
        struct http_server *server;
};

static const char *path(const struct house *h, const char *file, char buf[PATH_SIZE])
{
        (void)snprintf(buf, PATH_SIZE, "%s/%s", h->dir, file);
        return buf;
}

/* Makes DIR/FILE.crt and .key for a name, signed by CA (NULL: itself). */
static void make(const struct house *h, enum cert_kind kind, const char *name, const char *ca,
                 int days)
{
        struct cert_wish wish = { .kind = kind,
                                  .name = name,
                                  .days = days,
                                  .ips = { "127.0.0.1" },
                                  .ip_count = kind == CERT_SERVER };
        OWN(x509) X509 *ca_cert = NULL;
        OWN(x509) X509 *cert = NULL;
        OWN(pkey) EVP_PKEY *ca_key = NULL;
        OWN(pkey) EVP_PKEY *key = NULL;
        struct err e;

        if (ca)
                assert_int_equal(store_load(h->dir, ca, &ca_cert, &ca_key, &e), 0);
        assert_int_equal(cert_make(&wish, ca_cert, ca_key, &cert, &key, &e), 0);
        assert_int_equal(store_save(h->dir, name, cert, key, &e), 0);
}

static void hello(struct http_request *rq)
{
        const char *peer = http_request_peer(rq);

        http_answer_text(rq, 200, "text/plain", peer ? peer : "nobody");
}

static const struct http_route routes[] = {
        { .method = "GET", .pattern = "/hello", .handler = hello },
        { 0 },
};

static int open_house(void **state)
{
        struct house *h = calloc(1, sizeof *h);
        struct http_tls tls = { .cert_file = NULL };
        struct http_server_config c = { .host = "127.0.0.1", .routes = routes, .tls = &tls };
        struct err e;

        assert_non_null(h);
        (void)strcpy(h->dir, "/tmp/mtls.XXXXXX");
        assert_non_null(mkdtemp(h->dir));
        make(h, CERT_CA, "ca", NULL, 30);
        make(h, CERT_CA, "next", NULL, 30);
        make(h, CERT_SERVER, "server", "ca", 30);
        tls.cert_file = path(h, "server.crt", h->cert);
        tls.key_file = path(h, "server.key", h->key);
        tls.client_ca_file = path(h, "trusted.crt", h->ca);
        assert_int_equal(store_bundle(h->ca,
                                      (const char *[]){ path(h, "ca.crt", (char[PATH_SIZE]){ 0 }) },
                                      1, &e),
                         0);
        if (http_server_start(&c, &h->server, &e) < 0)
                fail_msg("%s", e.msg);
        (void)snprintf(h->url, sizeof h->url, "https://127.0.0.1:%u", http_server_port(h->server));
        *state = h;
        return 0;
}

static int close_house(void **state)
{
        struct house *h = *state;
        OWN(dir) DIR *d = opendir(h->dir);
        struct dirent *entry;

        http_server_stop(h->server, 1000);
        while (d && (entry = readdir(d))) {
                if (entry->d_name[0] != '.')
                        (void)unlinkat(dirfd(d), entry->d_name, 0);
        }
        (void)rmdir(h->dir);
        free(h);
        return 0;
}

/* A client that trusts CA.crt and shows NAME.crt (NULL: nothing). */
static struct http_client *client(const struct house *h, const char *ca, const char *name)
{
        char ca_file[PATH_SIZE], cert[PATH_SIZE], key[PATH_SIZE], file[64];
        struct http_client_conf conf = { .base_url = h->url };
        struct http_client *c = NULL;
        struct err e;

        (void)snprintf(file, sizeof file, "%s.crt", ca);
        conf.ca_file = path(h, file, ca_file);
        if (name) {
                (void)snprintf(file, sizeof file, "%s.crt", name);
                conf.cert_file = path(h, file, cert);
                (void)snprintf(file, sizeof file, "%s.key", name);
                conf.key_file = path(h, file, key);
        }
        if (http_client_new(&conf, &c, &e) < 0)
                fail_msg("%s", e.msg);
        return c;
}

static int ask(struct http_client *c, struct http_answer *a, struct err *e)
{
        return http_client_call(c, &(struct http_call){ .path = "/hello" }, a, e);
}

static void who_shows_the_right_certificate_gets_in(void **state)
{
        const struct house *h = *state;
        static const struct {
                const char *what, *ca, *show;
                enum cert_kind kind;
                const char *signer;
                int days;
                bool in;
        } rows[] = {
                { "a client of our authority", "ca", "cell", CERT_CLIENT, "ca", 30, true },
                { "no certificate", "ca", NULL, CERT_CLIENT, NULL, 0, false },
                { "another authority's client", "ca", "cell", CERT_CLIENT, "next", 30, false },
                { "a certificate that has expired", "ca", "cell", CERT_CLIENT, "ca", -1, false },
                { "a server's certificate", "ca", "cell", CERT_SERVER, "ca", 30, false },
                { "one signed by itself", "ca", "cell", CERT_CLIENT, NULL, 30, false },
                { "a client that does not trust us", "next", "cell", CERT_CLIENT, "ca", 30, false },
        };

        for (size_t i = 0; i < COUNT(rows); i++) {
                OWN(http_client) struct http_client *c = NULL;
                OWN(http_answer) struct http_answer a = { 0 };
                struct err e = { 0 };

                if (rows[i].show)
                        make(h, rows[i].kind, rows[i].show, rows[i].signer, rows[i].days);
                c = client(h, rows[i].ca, rows[i].show);
                if ((ask(c, &a, &e) == 0) != rows[i].in)
                        fail_msg("%s: %s", rows[i].what, rows[i].in ? e.msg : "got in");
                if (rows[i].in)
                        assert_non_null(strstr(str_text(&a.body), "cell"));
                else
                        assert_int_equal(e.fault, FAULT_UPSTREAM);
        }
}

static void a_new_certificate_counts_from_the_next_connection_on(void **state)
{
        const struct house *h = *state;
        OWN(http_client) struct http_client *c = NULL;
        OWN(http_answer) struct http_answer a = { 0 };
        struct err e;

        make(h, CERT_CLIENT, "cell", "ca", -1);
        c = client(h, "ca", "cell");
        assert_int_equal(ask(c, &a, &e), -1);
        make(h, CERT_CLIENT, "cell", "ca", 30);
        assert_int_equal(ask(c, &a, &e), 0);
}

/* As the README of netman-certs tells it: no step refuses a request. */
static void authorities_are_exchanged_without_a_refused_request(void **state)
{
        struct house *h = *state;
        char old[PATH_SIZE], next[PATH_SIZE];
        const char *both[] = { path(h, "ca.crt", old), path(h, "next.crt", next) };
        struct err e;

        make(h, CERT_CLIENT, "cell", "ca", 30);
        for (int step = 0; step < 4; step++) {
                OWN(http_client) struct http_client *c = NULL;
                OWN(http_answer) struct http_answer a = { 0 };

                if (step == 0)
                        assert_int_equal(store_bundle(h->ca, both, 2, &e), 0);
                if (step == 1)
                        make(h, CERT_SERVER, "server", "next", 30);
                if (step == 2)
                        make(h, CERT_CLIENT, "cell", "next", 30);
                if (step == 3)
                        assert_int_equal(store_bundle(h->ca, both + 1, 1, &e), 0);
                assert_int_equal(http_server_reload(h->server, &e), 0);
                c = client(h, "trusted", "cell");
                if (ask(c, &a, &e) < 0)
                        fail_msg("step %d: %s", step, e.msg);
        }
        make(h, CERT_CLIENT, "cell", "ca", 30);
        {
                OWN(http_client) struct http_client *c = client(h, "trusted", "cell");
                OWN(http_answer) struct http_answer a = { 0 };

                assert_int_equal(ask(c, &a, &e), -1); /* the old authority is out */
        }
}

#define HOUSED(f) cmocka_unit_test_setup_teardown(f, open_house, close_house)

int main(void)
{
        static const struct CMUnitTest tests[] = {
                HOUSED(who_shows_the_right_certificate_gets_in),
                HOUSED(a_new_certificate_counts_from_the_next_connection_on),
                HOUSED(authorities_are_exchanged_without_a_refused_request),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
