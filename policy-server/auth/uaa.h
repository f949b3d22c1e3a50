/* SPDX-License-Identifier: Apache-2.0 */
/* UAA: who is this token, and a token of our own for the Cloud Controller. */
#ifndef NETMAN_POLICY_SERVER_AUTH_UAA_H
#define NETMAN_POLICY_SERVER_AUTH_UAA_H

#include "policy-server/auth/token.h"
#include "policy-server/config.h"

struct uaa;

/** uaa_new() - @c is borrowed and must outlive it */
int uaa_new(const struct ps_config *c, struct uaa **ret, struct err *e);
void uaa_free(struct uaa *u);

/** uaa_stop() - Whoever waits for an answer waits no more; for the server's end */
void uaa_stop(struct uaa *u);
OWN_DROP(uaa, struct uaa *, uaa_free)

/**
 * uaa_check() - Have an access token verified
 * @text: Without "bearer "
 * @e:    It is not good, or UAA cannot say
 */
int uaa_check(struct uaa *u, const char *text, struct token *ret, struct err *e);

/**
 * uaa_own_token() - "bearer …" for our own questions, cached until it expires
 * @renew: The cached one was refused: get another
 * @ret:   To be freed
 */
int uaa_own_token(struct uaa *u, bool renew, char **ret, struct err *e);

#endif
