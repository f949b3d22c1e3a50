/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: TLS of the HTTP server
 *
 * libmicrohttpd asks for client certificates but lets a client without one in,
 * and reads the files once. So each new session is given credentials of our own
 * before its handshake: they can be exchanged while the server runs (each
 * connection holds those it began with), they make the client's certificate
 * required, and they verify it inside the handshake, telling the client with an
 * alert why it is turned away.
 */
#include "lib/http_server_impl.h"

#include "netman/file.h"
#include "netman/log.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#define PEM_MAX (4U << 20)

struct http_creds {
        gnutls_certificate_credentials_t cred;
        bool ask_client;
        unsigned int refs; /* under the server's lock */
};

void http_creds_unref(struct http_creds *creds)
{
        if (!creds || --creds->refs > 0)
                return;
        if (creds->cred)
                gnutls_certificate_free_credentials(creds->cred);
        free(creds);
}

OWN_DROP(http_creds, struct http_creds *, http_creds_unref)

static gnutls_datum_t datum(const struct str *s)
{
        return (gnutls_datum_t){ .data = (unsigned char *)s->data, .size = (unsigned int)s->len };
}

static int load_pair(struct http_creds *creds, const struct http_server *s, struct err *e)
{
        OWN(str) struct str cert = { 0 }, key = { 0 };
        gnutls_datum_t c, k;
        int rc;

        if (file_read(s->cert_file, PEM_MAX, &cert, e) < 0 ||
            file_read(s->key_file, PEM_MAX, &key, e) < 0)
                return -1;
        c = datum(&cert);
        k = datum(&key);
        rc = gnutls_certificate_set_x509_key_mem2(creds->cred, &c, &k, GNUTLS_X509_FMT_PEM, NULL,
                                                  0);
        explicit_bzero(key.data, key.len);
        if (rc < 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "certificate %s with key %s: %s",
                               s->cert_file, s->key_file, gnutls_strerror(rc));
        return 0;
}

static int load_client_ca(struct http_creds *creds, const struct http_server *s, struct err *e)
{
        OWN(str) struct str ca = { 0 };
        gnutls_datum_t d;
        int rc;

        if (file_read(s->client_ca_file, PEM_MAX, &ca, e) < 0)
                return -1;
        d = datum(&ca);
        rc = gnutls_certificate_set_x509_trust_mem(creds->cred, &d, GNUTLS_X509_FMT_PEM);
        if (rc <= 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: %s", s->client_ca_file,
                               rc ? gnutls_strerror(rc) : "holds no certificate");
        creds->ask_client = true;
        return 0;
}

int http_creds_load(const struct http_server *s, struct http_creds **ret, struct err *e)
{
        OWN(http_creds) struct http_creds *creds = calloc(1, sizeof *creds);

        if (!creds)
                return err_oom(e);
        creds->refs = 1;
        if (gnutls_certificate_allocate_credentials(&creds->cred) < 0)
                return err_oom(e);
        if (load_pair(creds, s, e) < 0)
                return -1;
        if (s->client_ca_file && load_client_ca(creds, s, e) < 0)
                return -1;
        *ret = GIVE(creds);
        return 0;
}

/**
 * verify_client() - Called by GnuTLS inside the handshake
 *
 * The alert is sent from here because libmicrohttpd just closes a connection
 * whose handshake failed.
 */
static int verify_client(gnutls_session_t session)
{
        static const char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
        gnutls_typed_vdata_st wanted = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
                                         .data = (unsigned char *)purpose };
        gnutls_datum_t text = { 0 };
        unsigned int status = 0;
        int rc;

        rc = gnutls_certificate_verify_peers(session, &wanted, 1, &status);
        if (rc == 0 && status == 0)
                return 0;
        if (rc == 0 &&
            gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) == 0)
                log_debug("client-certificate-refused", LOG_STR("why", (char *)text.data));
        gnutls_free(text.data);
        (void)gnutls_alert_send(session, GNUTLS_AL_FATAL,
                                status & GNUTLS_CERT_EXPIRED ? GNUTLS_A_CERTIFICATE_EXPIRED
                                : status & GNUTLS_CERT_SIGNER_NOT_FOUND ? GNUTLS_A_UNKNOWN_CA
                                                                        : GNUTLS_A_BAD_CERTIFICATE);
        return GNUTLS_E_CERTIFICATE_ERROR;
}

/**
 * refuse_nothing() - Called by GnuTLS when the client's certificate message came in
 *
 * GnuTLS fails the handshake of a client that shows none, without telling it
 * why. The message is empty then: a list of length zero, behind a context of
 * length zero in TLS 1.3.
 */
static int refuse_nothing(gnutls_session_t session, unsigned int type, unsigned int when,
                          unsigned int incoming, const gnutls_datum_t *msg)
{
        bool v13 = gnutls_protocol_get_version(session) >= GNUTLS_TLS1_3;

        (void)type;
        (void)when;
        if (!incoming || msg->size > (v13 ? 4 : 3))
                return 0;
        (void)gnutls_alert_send(session, GNUTLS_AL_FATAL,
                                v13 ? GNUTLS_A_CERTIFICATE_REQUIRED : GNUTLS_A_HANDSHAKE_FAILURE);
        return GNUTLS_E_CERTIFICATE_REQUIRED;
}

void http_creds_attach(struct http_server *s, struct http_conn *conn, struct MHD_Connection *mhd)
{
        const union MHD_ConnectionInfo *info;
        gnutls_session_t session;

        info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
        session = info->tls_session;
        (void)pthread_mutex_lock(&s->lock);
        conn->creds = s->creds;
        conn->creds->refs++;
        (void)pthread_mutex_unlock(&s->lock);
        (void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, conn->creds->cred);
        if (!conn->creds->ask_client)
                return;
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
        gnutls_session_set_verify_function(session, verify_client);
        gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_CERTIFICATE_PKT,
                                           GNUTLS_HOOK_PRE, refuse_nothing);
}

char *http_tls_subject(struct MHD_Connection *mhd)
{
        const union MHD_ConnectionInfo *info;
        const gnutls_datum_t *chain;
        gnutls_x509_crt_t crt = NULL;
        gnutls_datum_t dn = { 0 };
        unsigned int count = 0;
        char *subject = NULL;

        info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
        chain = info ? gnutls_certificate_get_peers(info->tls_session, &count) : NULL;
        if (!chain || !count || gnutls_x509_crt_init(&crt) < 0)
                return NULL;
        if (gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) == 0 &&
            gnutls_x509_crt_get_dn3(crt, &dn, 0) == 0)
                subject = strndup((char *)dn.data, dn.size);
        gnutls_free(dn.data);
        gnutls_x509_crt_deinit(crt);
        return subject;
}
