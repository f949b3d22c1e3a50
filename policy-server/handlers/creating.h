/* SPDX-License-Identifier: Apache-2.0 */
/* What creating policies and making tags have in common: both may take tags. */
#ifndef NETMAN_POLICY_SERVER_HANDLERS_CREATING_H
#define NETMAN_POLICY_SERVER_HANDLERS_CREATING_H

#include "policy-server/store/store.h"

struct call;

/** creating_limits() - Those of the configuration */
struct store_limits creating_limits(const struct call *c);

/** creating_warn() - Log that tags were given before their quarantine was over, if any were */
void creating_warn(const struct call *c, int64_t tags_early);

/** creating_failed() - Answer; who has asked for a tag too many is told so */
void creating_failed(struct call *c, const struct err *why);

#endif
