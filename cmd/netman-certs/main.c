/* SPDX-License-Identifier: Apache-2.0 */
/* netman-certs: the authority and the certificates of a small installation. */
#include "args.h"
#include "store.h"

#include <stdio.h>

static int issue(const struct args *a, struct err *e)
{
        OWN(x509) X509 *ca = NULL;
        OWN(x509) X509 *cert = NULL;
        OWN(pkey) EVP_PKEY *ca_key = NULL;
        OWN(pkey) EVP_PKEY *key = NULL;

        if (a->wish.kind == CERT_CA && !a->force && store_has(a->dir, a->wish.name))
                return err_set(e, FAULT_CONFLICT, 0,
                               "%s/%s.key exists: everything it signed would be lost (--force)",
                               a->dir, a->wish.name);
        if (a->ca && store_load(a->dir, a->ca, &ca, &ca_key, e) < 0)
                return -1;
        if (cert_make(&a->wish, ca, ca_key, &cert, &key, e) < 0)
                return -1;
        return store_save(a->dir, a->wish.name, cert, key, e);
}

static int run(const struct args *a, struct err *e)
{
        switch (a->action) {
        case ACTION_ISSUE:
                return issue(a, e);
        case ACTION_BUNDLE:
                return store_bundle(a->out, a->files, a->file_count, e);
        case ACTION_VERSION:
                (void)puts("netman-certs " NETMAN_VERSION);
                return 0;
        case ACTION_HELP:
                break;
        }
        (void)fputs(args_usage, stdout);
        return 0;
}

int main(int argc, char **argv)
{
        struct args a;
        struct err e;

        if (args_parse(argc, argv, &a, &e) < 0) {
                (void)fprintf(stderr, "netman-certs: %s\n%s", e.msg, args_usage);
                return 2;
        }
        if (run(&a, &e) < 0) {
                (void)fprintf(stderr, "netman-certs: %s\n", e.msg);
                return 1;
        }
        return 0;
}
