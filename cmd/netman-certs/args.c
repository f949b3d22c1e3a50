/* SPDX-License-Identifier: Apache-2.0 */
#include "args.h"

#include "netman/str.h"

#include <limits.h>
#include <string.h>

#define CA_DAYS   3650
#define LEAF_DAYS 365

const char args_usage[] =
        "usage: netman-certs ca DIR NAME [--days N] [--rsa] [--force]\n"
        "       netman-certs server DIR CA NAME [--ip ADDR]… [--dns NAME]… [--days N] [--rsa]\n"
        "       netman-certs client DIR CA NAME [--ip ADDR]… [--dns NAME]… [--days N] [--rsa]\n"
        "       netman-certs peer   DIR CA NAME [--ip ADDR]… [--dns NAME]… [--days N] [--rsa]\n"
        "       netman-certs bundle OUT FILE…\n"
        "\n"
        "Makes DIR/NAME.crt and DIR/NAME.key (mode 0600). Keys are EC P-256, with --rsa\n"
        "RSA 2048. Negative days give a certificate that has expired. A bundle joins\n"
        "certificates, so that an old and a new authority are trusted side by side. A peer's\n"
        "certificate is a server's and a client's: members of etcd need such.\n";

/**
 * take_option() - One option and its value
 * @i: Index of the option; moved to its value where it has one
 */
static int take_option(int argc, char **argv, int *i, struct args *a, struct err *e)
{
        const char *name = argv[*i], *value;
        struct cert_wish *w = &a->wish;
        int64_t days;

        if (str_eq(name, "--rsa")) {
                w->rsa = true;
                return 0;
        }
        if (str_eq(name, "--force") && w->kind == CERT_CA) {
                a->force = true;
                return 0;
        }
        if (*i + 1 >= argc)
                return err_set(e, FAULT_BAD_INPUT, 0, "unknown option or value missing: %s", name);
        value = argv[++*i];
        if (str_eq(name, "--days")) {
                if (str_to_int(value, INT_MIN, INT_MAX, &days, e) < 0)
                        return err_add(e, "--days");
                w->days = (int)days;
        } else if (str_eq(name, "--ip") && w->ip_count < CERT_NAMES_MAX) {
                w->ips[w->ip_count++] = value;
        } else if (str_eq(name, "--dns") && w->dns_count < CERT_NAMES_MAX) {
                w->dns[w->dns_count++] = value;
        } else {
                return err_set(e, FAULT_BAD_INPUT, 0, "unknown option, or too many: %s", name);
        }
        return 0;
}

static int parse_bundle(int argc, char **argv, struct args *a, struct err *e)
{
        if (argc < 4)
                return err_set(e, FAULT_BAD_INPUT, 0, "bundle needs OUT and at least one FILE");
        a->action = ACTION_BUNDLE;
        a->out = argv[2];
        a->files = (const char *const *)argv + 3;
        a->file_count = (size_t)argc - 3;
        return 0;
}

static int parse_issue(int argc, char **argv, enum cert_kind kind, struct args *a, struct err *e)
{
        const char *words[3] = { 0 };
        size_t need = kind == CERT_CA ? 2 : 3, count = 0;

        a->action = ACTION_ISSUE;
        a->wish.kind = kind;
        a->wish.days = kind == CERT_CA ? CA_DAYS : LEAF_DAYS;
        for (int i = 2; i < argc; i++) {
                if (str_starts(argv[i], "--")) {
                        if (take_option(argc, argv, &i, a, e) < 0)
                                return -1;
                } else if (count < need) {
                        words[count++] = argv[i];
                } else {
                        return err_set(e, FAULT_BAD_INPUT, 0, "one argument too many: %s", argv[i]);
                }
        }
        if (count < need)
                return err_set(e, FAULT_BAD_INPUT, 0, "%s needs %s", argv[1],
                               kind == CERT_CA ? "DIR and NAME" : "DIR, CA and NAME");
        a->dir = words[0];
        a->ca = kind == CERT_CA ? NULL : words[1];
        a->wish.name = words[need - 1];
        return cert_wish_check(&a->wish, e);
}

int args_parse(int argc, char **argv, struct args *ret, struct err *e)
{
        const char *what = argc > 1 ? argv[1] : "";

        *ret = (struct args){ 0 };
        if (str_eq(what, "--help") || str_eq(what, "-h"))
                return 0;
        if (str_eq(what, "--version")) {
                ret->action = ACTION_VERSION;
                return 0;
        }
        if (str_eq(what, "bundle"))
                return parse_bundle(argc, argv, ret, e);
        if (str_eq(what, "ca"))
                return parse_issue(argc, argv, CERT_CA, ret, e);
        if (str_eq(what, "server"))
                return parse_issue(argc, argv, CERT_SERVER, ret, e);
        if (str_eq(what, "client"))
                return parse_issue(argc, argv, CERT_CLIENT, ret, e);
        if (str_eq(what, "peer"))
                return parse_issue(argc, argv, CERT_PEER, ret, e);
        return err_set(e, FAULT_BAD_INPUT, 0,
                       "say what to make: ca, server, client, peer or bundle");
}
