/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STANDINS_UAA_H
#define TESTS_STANDINS_UAA_H

#include "../jwt.h"
#include "../standin.h"

struct uaa {
        struct standin standin; /* first: the server's app pointer is both */
        EVP_PKEY *key;
};

/* token.c */
void token_grant(struct http_request *rq);
void token_check(struct http_request *rq);
void token_sign(struct http_request *rq);

/* form.c */

/** form_get() - A field of an urlencoded form, decoded; false where absent */
bool form_get(const char *form, const char *name, struct str *ret);

/** basic_auth() - User and password of the Authorization header; false without */
bool basic_auth(struct http_request *rq, struct str *user, struct str *password);

#endif
