/* SPDX-License-Identifier: Apache-2.0 */
#include "cert.h"

#include "netman/str.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

#define DAY_S           (24L * 60 * 60)
#define BACKDATE_S      (60L * 60) /* for cells whose clocks are a little behind */
#define RSA_BITS        2048
#define SERIAL_BITS     127
#define DAYS_MAX        36500
#define COMMON_NAME_MAX 64 /* what X.520 allows a common name */

OWN_DROP(bignum, BIGNUM *, BN_free)
OWN_DROP(extension, X509_EXTENSION *, X509_EXTENSION_free)

static int openssl_error(const char *what, struct err *e)
{
        char text[160];

        ERR_error_string_n(ERR_get_error(), text, sizeof text);
        return err_set(e, FAULT_SYSTEM, 0, "%s: %s", what, text);
}

/**
 * dns_ok() - Only what a host name holds: it ends up in OpenSSL's own little
 *            configuration language, where a comma starts the next name
 */
static bool dns_ok(const char *name)
{
        static const char allowed[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_*";

        return *name && strspn(name, allowed) == strlen(name);
}

static bool ip_ok(const char *text)
{
        unsigned char raw[sizeof(struct in6_addr)];

        return inet_pton(AF_INET, text, raw) == 1 || inet_pton(AF_INET6, text, raw) == 1;
}

int cert_wish_check(const struct cert_wish *wish, struct err *e)
{
        size_t len = strlen(wish->name);

        if (len == 0 || len > COMMON_NAME_MAX || strpbrk(wish->name, "/\n") || wish->name[0] == '.')
                return err_set(e, FAULT_BAD_INPUT, 0, "'%.70s' cannot be a certificate's name",
                               wish->name);
        if (wish->days == 0 || wish->days > DAYS_MAX || wish->days < -DAYS_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "%d days of validity make no sense",
                               wish->days);
        for (size_t i = 0; i < wish->ip_count; i++) {
                if (!ip_ok(wish->ips[i]))
                        return err_set(e, FAULT_BAD_INPUT, 0, "'%.60s' is no IP address",
                                       wish->ips[i]);
        }
        for (size_t i = 0; i < wish->dns_count; i++) {
                if (!dns_ok(wish->dns[i]))
                        return err_set(e, FAULT_BAD_INPUT, 0, "'%.60s' is no host name",
                                       wish->dns[i]);
        }
        return 0;
}

static int set_serial(X509 *cert, struct err *e)
{
        OWN(bignum) BIGNUM *n = BN_new();

        if (!n || !BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) ||
            !BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)))
                return openssl_error("cannot draw a serial number", e);
        return 0;
}

static int set_validity(X509 *cert, int days, struct err *e)
{
        long end = days * DAY_S;
        long begin = days > 0 ? -BACKDATE_S : end - DAY_S;

        if (!X509_gmtime_adj(X509_getm_notBefore(cert), begin) ||
            !X509_gmtime_adj(X509_getm_notAfter(cert), end))
                return openssl_error("cannot set the validity", e);
        return 0;
}

static int add_extension(X509 *cert, X509 *issuer, int nid, const char *value, struct err *e)
{
        OWN(extension) X509_EXTENSION *ext = NULL;
        X509V3_CTX ctx;

        X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
        ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
        if (!ext || !X509_add_ext(cert, ext, -1))
                return openssl_error(OBJ_nid2sn(nid), e);
        return 0;
}

/**
 * alternative_names() - "DNS:a,IP:b"; empty where there is none to give
 */
static void alternative_names(const struct cert_wish *wish, struct str *s)
{
        for (size_t i = 0; i < wish->dns_count; i++)
                str_addf(s, "%sDNS:%s", s->len ? "," : "", wish->dns[i]);
        for (size_t i = 0; i < wish->ip_count; i++)
                str_addf(s, "%sIP:%s", s->len ? "," : "", wish->ips[i]);
        if ((wish->kind == CERT_SERVER || wish->kind == CERT_PEER) && !s->len && dns_ok(wish->name))
                str_addf(s, "DNS:%s", wish->name);
}

/* What a certificate of each kind may be used for. */
static const struct usage {
        int nid;
        const char *value[CERT_PEER + 1]; /* by enum cert_kind; NULL: not this extension */
} usages[] = {
        { NID_basic_constraints,
          { "critical,CA:TRUE", "critical,CA:FALSE", "critical,CA:FALSE", "critical,CA:FALSE" } },
        { NID_key_usage,
          { "critical,keyCertSign,cRLSign", "critical,digitalSignature,keyEncipherment",
            "critical,digitalSignature", "critical,digitalSignature,keyEncipherment" } },
        { NID_ext_key_usage, { NULL, "serverAuth", "clientAuth", "serverAuth,clientAuth" } },
        { NID_subject_key_identifier, { "hash", "hash", "hash", "hash" } },
        { NID_authority_key_identifier, { NULL, "keyid", "keyid", "keyid" } },
};

static int set_extensions(X509 *cert, X509 *issuer, const struct cert_wish *wish, struct err *e)
{
        OWN(str) struct str names = { 0 };

        for (size_t i = 0; i < sizeof usages / sizeof *usages; i++) {
                const char *value = usages[i].value[wish->kind];

                if (value && add_extension(cert, issuer, usages[i].nid, value, e) < 0)
                        return -1;
        }
        alternative_names(wish, &names);
        if (str_ok(&names, e) < 0)
                return -1;
        return names.len ? add_extension(cert, issuer, NID_subject_alt_name, names.data, e) : 0;
}

static int set_subject(X509 *cert, X509 *issuer, const char *name, struct err *e)
{
        X509_NAME *subject = X509_get_subject_name(cert);

        if (!X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
                                        (const unsigned char *)"netman", -1, -1, 0) ||
            !X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name,
                                        -1, -1, 0) ||
            !X509_set_issuer_name(cert, X509_get_subject_name(issuer)))
                return openssl_error("cannot set the subject", e);
        return 0;
}

int cert_make(const struct cert_wish *wish, X509 *ca, EVP_PKEY *ca_key, X509 **ret,
              EVP_PKEY **ret_key, struct err *e)
{
        OWN(x509) X509 *cert = X509_new();
        OWN(pkey) EVP_PKEY *key = wish->rsa ? EVP_RSA_gen(RSA_BITS) : EVP_EC_gen("P-256");
        X509 *issuer = ca ? ca : cert;

        if (!cert || !key || !X509_set_version(cert, X509_VERSION_3) || !X509_set_pubkey(cert, key))
                return openssl_error("cannot make a key", e);
        if (set_serial(cert, e) < 0 || set_validity(cert, wish->days, e) < 0 ||
            set_subject(cert, issuer, wish->name, e) < 0 ||
            set_extensions(cert, issuer, wish, e) < 0)
                return -1;
        if (!X509_sign(cert, ca_key ? ca_key : key, EVP_sha256()))
                return openssl_error("cannot sign", e);
        *ret = GIVE(cert);
        *ret_key = GIVE(key);
        return 0;
}
