/* SPDX-License-Identifier: Apache-2.0 */
/* A session without the cf CLI: from its configuration file and the Cloud Controller. */
#ifndef NETMAN_PLUGIN_HAND_H
#define NETMAN_PLUGIN_HAND_H

#include "cli-plugin/session.h"

/** hand_open() - @e: nobody has logged in with cf, or the file is broken */
int hand_open(struct session *ret, struct err *e);

#endif
