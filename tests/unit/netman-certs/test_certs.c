/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates as somebody who must trust them sees them: through OpenSSL's own checks. */
#include "../test.h"

#include "cmd/netman-certs/args.h"
#include "cmd/netman-certs/store.h"
#include "netman/file.h"
#include "netman/str.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#define WORDS_MAX 16

/* A directory of its own for each test. */
static int make_dir(void **state)
{
        char *dir = strdup("/tmp/certs.XXXXXX");

        assert_non_null(dir);
        assert_non_null(mkdtemp(dir));
        *state = dir;
        return 0;
}

static int remove_dir(void **state)
{
        OWN(mem) char *dir = *state;
        OWN(dir) DIR *d = opendir(dir);
        struct dirent *entry;

        while (d && (entry = readdir(d))) {
                if (entry->d_name[0] != '.')
                        (void)unlinkat(dirfd(d), entry->d_name, 0);
        }
        return rmdir(dir);
}

static int issue(struct cert_wish wish, X509 *ca, EVP_PKEY *ca_key, X509 **cert, EVP_PKEY **key)
{
        struct err e;

        wish.days = wish.days ? wish.days : 30;
        if (cert_wish_check(&wish, &e) < 0)
                return -1;
        return cert_make(&wish, ca, ca_key, cert, key, &e);
}

/* Does @cert chain to @ca, for that purpose? Gives OpenSSL's verdict. */
static int verdict(X509 *ca, X509 *cert, int purpose)
{
        X509_STORE *store = X509_STORE_new();
        X509_STORE_CTX *ctx = X509_STORE_CTX_new();
        int result;

        assert_int_equal(X509_STORE_add_cert(store, ca), 1);
        assert_int_equal(X509_STORE_CTX_init(ctx, store, cert, NULL), 1);
        assert_int_equal(X509_STORE_CTX_set_purpose(ctx, purpose), 1);
        (void)X509_verify_cert(ctx);
        result = X509_STORE_CTX_get_error(ctx);
        X509_STORE_CTX_free(ctx);
        X509_STORE_free(store);
        return result;
}

static void certificates_are_trusted_for_their_purpose_only(void **state)
{
        static const struct {
                enum cert_kind kind;
                bool rsa;
                int days, purpose, verdict;
        } rows[] = {
                { CERT_SERVER, false, 30, X509_PURPOSE_SSL_SERVER, X509_V_OK },
                { CERT_SERVER, true, 30, X509_PURPOSE_SSL_SERVER, X509_V_OK },
                { CERT_CLIENT, false, 30, X509_PURPOSE_SSL_CLIENT, X509_V_OK },
                { CERT_CLIENT, true, 30, X509_PURPOSE_SSL_CLIENT, X509_V_OK },
                { CERT_PEER, false, 30, X509_PURPOSE_SSL_SERVER, X509_V_OK },
                { CERT_PEER, true, 30, X509_PURPOSE_SSL_CLIENT, X509_V_OK },
                { CERT_CLIENT, false, 30, X509_PURPOSE_SSL_SERVER, X509_V_ERR_INVALID_PURPOSE },
                { CERT_SERVER, false, 30, X509_PURPOSE_SSL_CLIENT, X509_V_ERR_INVALID_PURPOSE },
                { CERT_SERVER, false, -1, X509_PURPOSE_SSL_SERVER, X509_V_ERR_CERT_HAS_EXPIRED },
        };
        OWN(x509) X509 *ca = NULL;
        OWN(pkey) EVP_PKEY *ca_key = NULL;

        (void)state;
        assert_int_equal(issue((struct cert_wish){ .kind = CERT_CA, .name = "ca" }, NULL, NULL, &ca,
                               &ca_key),
                         0);
        for (size_t i = 0; i < COUNT(rows); i++) {
                OWN(x509) X509 *cert = NULL;
                OWN(pkey) EVP_PKEY *key = NULL;

                assert_int_equal(issue((struct cert_wish){ .kind = rows[i].kind,
                                                           .name = "leaf",
                                                           .rsa = rows[i].rsa,
                                                           .days = rows[i].days },
                                       ca, ca_key, &cert, &key),
                                 0);
                assert_int_equal(verdict(ca, cert, rows[i].purpose), rows[i].verdict);
                assert_int_equal(X509_check_private_key(cert, key), 1);
                assert_int_equal(EVP_PKEY_base_id(key), rows[i].rsa ? EVP_PKEY_RSA : EVP_PKEY_EC);
        }
}

static void another_authority_is_not_trusted(void **state)
{
        OWN(x509) X509 *ca = NULL;
        OWN(x509) X509 *other = NULL;
        OWN(x509) X509 *cert = NULL;
        OWN(pkey) EVP_PKEY *ca_key = NULL;
        OWN(pkey) EVP_PKEY *other_key = NULL;
        OWN(pkey) EVP_PKEY *key = NULL;
        struct cert_wish wish = { .kind = CERT_CA, .name = "ca" };

        (void)state;
        assert_int_equal(issue(wish, NULL, NULL, &ca, &ca_key), 0);
        assert_int_equal(issue(wish, NULL, NULL, &other, &other_key), 0);
        wish.kind = CERT_SERVER;
        assert_int_equal(issue(wish, other, other_key, &cert, &key), 0);
        assert_int_not_equal(verdict(ca, cert, X509_PURPOSE_SSL_SERVER), X509_V_OK);
        assert_int_equal(verdict(other, cert, X509_PURPOSE_SSL_SERVER), X509_V_OK);
}

static void server_has_the_names_it_was_given(void **state)
{
        struct cert_wish wish = { .kind = CERT_SERVER,
                                  .name = "srv",
                                  .ips = { "10.0.0.1", "::1" },
                                  .ip_count = 2,
                                  .dns = { "a.example", "*.b.example" },
                                  .dns_count = 2 };
        OWN(x509) X509 *cert = NULL;
        OWN(pkey) EVP_PKEY *key = NULL;

        (void)state;
        assert_int_equal(issue(wish, NULL, NULL, &cert, &key), 0);
        assert_int_equal(X509_check_ip_asc(cert, "10.0.0.1", 0), 1);
        assert_int_equal(X509_check_ip_asc(cert, "::1", 0), 1);
        assert_int_equal(X509_check_ip_asc(cert, "10.0.0.2", 0), 0);
        assert_int_equal(X509_check_host(cert, "a.example", 0, 0, NULL), 1);
        assert_int_equal(X509_check_host(cert, "x.b.example", 0, 0, NULL), 1);
        assert_int_equal(X509_check_host(cert, "c.example", 0, 0, NULL), 0);
}

static void files_are_a_pair_and_the_key_is_secret(void **state)
{
        const char *dir = *state;
        OWN(x509) X509 *cert = NULL;
        OWN(x509) X509 *back = NULL;
        OWN(pkey) EVP_PKEY *key = NULL;
        OWN(pkey) EVP_PKEY *back_key = NULL;
        char path[128];
        struct stat st;
        struct err e;

        assert_int_equal(
                issue((struct cert_wish){ .kind = CERT_CA, .name = "ca" }, NULL, NULL, &cert, &key),
                0);
        assert_false(store_has(dir, "ca"));
        assert_int_equal(store_save(dir, "ca", cert, key, &e), 0);
        assert_true(store_has(dir, "ca"));
        assert_int_equal(store_load(dir, "ca", &back, &back_key, &e), 0);
        assert_int_equal(X509_cmp(cert, back), 0);
        (void)snprintf(path, sizeof path, "%s/ca.key", dir);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        (void)snprintf(path, sizeof path, "%s/ca.crt", dir);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0644);
}

static void somebody_elses_key_is_noticed(void **state)
{
        const char *dir = *state;
        OWN(x509) X509 *cert = NULL;
        OWN(x509) X509 *other = NULL;
        OWN(pkey) EVP_PKEY *key = NULL;
        OWN(pkey) EVP_PKEY *other_key = NULL;
        struct cert_wish wish = { .kind = CERT_CA, .name = "ca" };
        struct err e;

        assert_int_equal(issue(wish, NULL, NULL, &cert, &key), 0);
        assert_int_equal(issue(wish, NULL, NULL, &other, &other_key), 0);
        assert_int_equal(store_save(dir, "ca", cert, other_key, &e), 0);
        X509_free(cert);
        EVP_PKEY_free(key);
        cert = NULL;
        key = NULL;
        assert_int_equal(store_load(dir, "ca", &cert, &key, &e), -1);
        assert_non_null(strstr(e.msg, "is not the key of its certificate"));
        assert_int_equal(store_load(dir, "none", &cert, &key, &e), -1);
        assert_int_equal(e.fault, FAULT_ABSENT);
}

static void bundle_holds_all_certificates_and_no_key(void **state)
{
        const char *dir = *state;
        const char *const names[] = { "one", "two" };
        char paths[2][128], out[128], key_path[128];
        const char *files[] = { paths[0], paths[1] }, *at;
        OWN(str) struct str text = { 0 };
        size_t count = 0;
        struct err e;

        for (size_t i = 0; i < 2; i++) {
                OWN(x509) X509 *cert = NULL;
                OWN(pkey) EVP_PKEY *key = NULL;

                assert_int_equal(issue((struct cert_wish){ .kind = CERT_CA, .name = names[i] },
                                       NULL, NULL, &cert, &key),
                                 0);
                assert_int_equal(store_save(dir, names[i], cert, key, &e), 0);
                (void)snprintf(paths[i], sizeof paths[i], "%s/%s.crt", dir, names[i]);
        }
        (void)snprintf(out, sizeof out, "%s/both.crt", dir);
        assert_int_equal(store_bundle(out, files, 2, &e), 0);
        assert_int_equal(file_read(out, 1 << 20, &text, &e), 0);
        for (at = text.data; (at = strstr(at, "BEGIN CERTIFICATE")); at++)
                count++;
        assert_int_equal(count, 2);
        (void)snprintf(key_path, sizeof key_path, "%s/one.key", dir);
        files[1] = key_path;
        assert_int_equal(store_bundle(out, files, 2, &e), -1);
        assert_non_null(strstr(e.msg, "one.key holds no certificate"));
}

static void command_line_is_checked(void **state)
{
        static const struct {
                const char *line, *why; /* NULL: good */
        } rows[] = {
                { "x ca dir ca", NULL },
                { "x ca dir ca --days 5 --rsa --force", NULL },
                { "x server dir ca srv --ip 127.0.0.1 --ip ::1 --dns a.example", NULL },
                { "x client dir ca cell-1 --days -3", NULL },
                { "x bundle out a b", NULL },
                { "x --help", NULL },
                { "x", "say what to make" },
                { "x cert dir ca", "say what to make" },
                { "x ca dir", "ca needs DIR and NAME" },
                { "x server dir srv", "server needs DIR, CA and NAME" },
                { "x ca dir ca more", "one argument too many: more" },
                { "x ca dir a/b", "'a/b' cannot be a certificate's name" },
                { "x ca dir .x", "cannot be a certificate's name" },
                { "x client dir ca c --force", "--force" },
                { "x ca dir ca --days", "--days" },
                { "x ca dir ca --days x", "--days: 'x' is not a number" },
                { "x ca dir ca --days 0", "0 days" },
                { "x server dir ca s --ip 300.1.1.1", "'300.1.1.1' is no IP address" },
                { "x server dir ca s --dns a,IP:1.2.3.4", "'a,IP:1.2.3.4' is no host name" },
                { "x server dir ca s --foo 1", "--foo" },
                { "x bundle out", "bundle needs OUT" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                char copy[160], *words[WORDS_MAX], *rest = copy, *word;
                struct args a;
                struct err e = { 0 };
                int count = 0, rc;

                (void)snprintf(copy, sizeof copy, "%s", rows[i].line);
                while ((word = strsep(&rest, " ")) && count < WORDS_MAX)
                        words[count++] = word;
                rc = args_parse(count, words, &a, &e);
                if ((rc == 0) != !rows[i].why || (rc && !strstr(e.msg, rows[i].why)))
                        fail_msg("%s: %s", rows[i].line, rc ? e.msg : "accepted");
        }
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(certificates_are_trusted_for_their_purpose_only),
                cmocka_unit_test(another_authority_is_not_trusted),
                cmocka_unit_test(server_has_the_names_it_was_given),
                IN_DIR(files_are_a_pair_and_the_key_is_secret),
                IN_DIR(somebody_elses_key_is_noticed),
                IN_DIR(bundle_holds_all_certificates_and_no_key),
                cmocka_unit_test(command_line_is_checked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
