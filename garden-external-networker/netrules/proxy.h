/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proxy beside the app: TCP connections of a container into a network, or all that
 * come to it, are handed to a port of the container itself. The rules are in the
 * container's own namespace, and go with it.
 */
#ifndef NETWORKER_PROXY_H
#define NETWORKER_PROXY_H

#include "garden-external-networker/config.h"
#include "netman/err.h"

/**
 * proxy_redirect() - Set it up, if the configuration says so
 * @netns: Path of the container's network namespace
 *
 * A user's number (proxy_uid) is one inside the container.
 */
int proxy_redirect(const struct config *c, const char *netns, struct err *e);

#endif
