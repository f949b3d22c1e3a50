/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates in files: DIR/NAME.crt (0644) and DIR/NAME.key (0600), PEM. */
#ifndef NETMAN_CERTS_STORE_H
#define NETMAN_CERTS_STORE_H

#include "cert.h"

/** store_has() - Is there a key of that name already? */
bool store_has(const char *dir, const char *name);

/** store_save() - Write both files, the key first; each is replaced whole */
int store_save(const char *dir, const char *name, X509 *cert, EVP_PKEY *key, struct err *e);

/** store_load() - Read both; @e: missing, unreadable, or not a pair */
int store_load(const char *dir, const char *name, X509 **ret, EVP_PKEY **ret_key, struct err *e);

/**
 * store_bundle() - Join certificate files into one, for the time of a rotation
 * @e: One of them holds no certificate, or something that is none
 */
int store_bundle(const char *out, const char *const *files, size_t count, struct err *e);

#endif
