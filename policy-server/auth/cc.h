/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the Cloud Controller. Every list is read to its last page: an
 * answer that decides about access is complete or an error.
 */
#ifndef NETMAN_POLICY_SERVER_AUTH_CC_H
#define NETMAN_POLICY_SERVER_AUTH_CC_H

#include "netman/jsonx.h"
#include "policy-server/auth/uaa.h"

struct cc;

/** cc_new() - Both are borrowed */
int cc_new(const struct ps_config *c, struct uaa *uaa, struct cc **ret, struct err *e);
void cc_free(struct cc *cc);

/** cc_stop() - Whoever waits for an answer waits no more; for the server's end */
void cc_stop(struct cc *cc);
OWN_DROP(cc, struct cc *, cc_free)

/**
 * cc_app_spaces() - In which space is each app?
 * @apps: Object whose keys are the apps' ids
 * @ret:  Object: app id -> space id; apps that do not exist are not in it
 */
int cc_app_spaces(struct cc *cc, const json_t *apps, json_t **ret, struct err *e);

/** cc_user_spaces() - Object whose keys are the spaces that a user develops in */
int cc_user_spaces(struct cc *cc, const char *user, json_t **ret, struct err *e);

/**
 * cc_user_develops() - Is this user a developer of this space?
 * @ret: false too where the space does not exist
 */
int cc_user_develops(struct cc *cc, const char *user, const char *space, bool *ret, struct err *e);

#endif
