/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates as values, on OpenSSL's EVP and X509. */
#ifndef NETMAN_CERTS_CERT_H
#define NETMAN_CERTS_CERT_H

#include "netman/err.h"
#include "netman/own.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

OWN_DROP(x509, X509 *, X509_free)
OWN_DROP(pkey, EVP_PKEY *, EVP_PKEY_free)

/* A peer's serves as a server's and as a client's, as members of etcd need it. */
enum cert_kind { CERT_CA, CERT_SERVER, CERT_CLIENT, CERT_PEER };

#define CERT_NAMES_MAX 32

/**
 * struct cert_wish - The certificate that is asked for
 * @name: Common name; 1-64 characters
 * @ips, @dns: Alternative names. A server or peer without any gets its common name
 * @days: Validity from now; negative: it ended so many days ago
 * @rsa:  RSA 2048 instead of EC P-256, for peers limited to ECDHE-RSA suites
 */
struct cert_wish {
        enum cert_kind kind;
        const char *name;
        const char *ips[CERT_NAMES_MAX], *dns[CERT_NAMES_MAX];
        size_t ip_count, dns_count;
        int days;
        bool rsa;
};

/** cert_wish_check() - Names and days; @e says which is wrong */
int cert_wish_check(const struct cert_wish *wish, struct err *e);

/**
 * cert_make() - A new key and a certificate for it
 * @ca, @ca_key: Who signs; NULL for a certificate authority, which signs itself
 */
int cert_make(const struct cert_wish *wish, X509 *ca, EVP_PKEY *ca_key, X509 **ret,
              EVP_PKEY **ret_key, struct err *e);

#endif
