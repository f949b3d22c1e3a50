/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include "netman/file.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <unistd.h>

#define PEM_SIZE_MAX ((size_t)1 << 20)

OWN_DROP(bio, BIO *, BIO_free_all)

static int path_of(const char *dir, const char *name, const char *suffix, char path[PATH_MAX],
                   struct err *e)
{
        int len = snprintf(path, PATH_MAX, "%s/%s%s", dir, name, suffix);

        if (len < 0 || len >= PATH_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "path too long: %.100s/…", dir);
        return 0;
}

bool store_has(const char *dir, const char *name)
{
        char path[PATH_MAX];

        return path_of(dir, name, ".key", path, NULL) == 0 && access(path, F_OK) == 0;
}

static int save(const char *path, BIO *pem, mode_t mode, struct err *e)
{
        char *data;
        long len = BIO_get_mem_data(pem, &data);

        if (file_replace(path, data, (size_t)len, mode, (uid_t)-1, (gid_t)-1, e) < 0)
                return -1;
        return file_flush(path, e); /* what is made once is to last */
}

int store_save(const char *dir, const char *name, X509 *cert, EVP_PKEY *key, struct err *e)
{
        OWN(bio) BIO *cert_pem = BIO_new(BIO_s_mem());
        OWN(bio) BIO *key_pem = BIO_new(BIO_s_secmem());
        char cert_path[PATH_MAX], key_path[PATH_MAX];

        if (path_of(dir, name, ".crt", cert_path, e) < 0 ||
            path_of(dir, name, ".key", key_path, e) < 0)
                return -1;
        if (!cert_pem || !key_pem || !PEM_write_bio_X509(cert_pem, cert) ||
            !PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL))
                return err_set(e, FAULT_SYSTEM, 0, "cannot write PEM");
        if (file_make_dirs(dir, e) < 0 || save(key_path, key_pem, 0600, e) < 0)
                return -1;
        return save(cert_path, cert_pem, 0644, e);
}

/**
 * open_pem() - A file's contents as a BIO
 * @text: Holds them; must outlive the BIO
 */
static int open_pem(const char *path, struct str *text, BIO **ret, struct err *e)
{
        if (file_read(path, PEM_SIZE_MAX, text, e) < 0)
                return -1;
        *ret = BIO_new_mem_buf(str_text(text), (int)text->len);
        return *ret ? 0 : err_oom(e);
}

int store_load(const char *dir, const char *name, X509 **ret, EVP_PKEY **ret_key, struct err *e)
{
        OWN(str) struct str cert_text = { 0 };
        OWN(str) struct str key_text = { 0 };
        OWN(bio) BIO *cert_pem = NULL;
        OWN(bio) BIO *key_pem = NULL;
        OWN(x509) X509 *cert = NULL;
        OWN(pkey) EVP_PKEY *key = NULL;
        char path[PATH_MAX];

        if (path_of(dir, name, ".crt", path, e) < 0 || open_pem(path, &cert_text, &cert_pem, e) < 0)
                return -1;
        cert = PEM_read_bio_X509(cert_pem, NULL, NULL, NULL);
        if (!cert)
                return err_set(e, FAULT_BAD_INPUT, 0, "%s holds no certificate", path);
        if (path_of(dir, name, ".key", path, e) < 0 || open_pem(path, &key_text, &key_pem, e) < 0)
                return -1;
        key = PEM_read_bio_PrivateKey(key_pem, NULL, NULL, NULL);
        if (!key)
                return err_set(e, FAULT_BAD_INPUT, 0, "%s holds no private key", path);
        if (X509_check_private_key(cert, key) != 1)
                return err_set(e, FAULT_BAD_INPUT, 0, "%s is not the key of its certificate", path);
        *ret = GIVE(cert);
        *ret_key = GIVE(key);
        return 0;
}

/**
 * append() - All certificates of one file, written anew so that only they get through
 */
static int append(const char *path, BIO *out, struct err *e)
{
        OWN(str) struct str text = { 0 };
        OWN(bio) BIO *in = NULL;
        int count = 0;

        if (open_pem(path, &text, &in, e) < 0)
                return -1;
        for (;;) {
                OWN(x509) X509 *cert = PEM_read_bio_X509(in, NULL, NULL, NULL);

                if (!cert)
                        break;
                if (!PEM_write_bio_X509(out, cert))
                        return err_oom(e);
                count++;
        }
        if (count == 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "%s holds no certificate", path);
        return 0;
}

int store_bundle(const char *out, const char *const *files, size_t count, struct err *e)
{
        OWN(bio) BIO *all = BIO_new(BIO_s_mem());

        if (!all)
                return err_oom(e);
        for (size_t i = 0; i < count; i++) {
                if (append(files[i], all, e) < 0)
                        return -1;
        }
        return save(out, all, 0644, e);
}
