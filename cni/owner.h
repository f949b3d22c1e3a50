/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a rule is: its comment is "HANDLE:INTERFACE", for DEL knows no more than that,
 * and a container may have an interface of each of several networks.
 */
#ifndef CNI_OWNER_H
#define CNI_OWNER_H

#include "netman/fw_rule.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static inline void owner_name(const char *handle, const char *ifname, char ret[FW_COMMENT_MAX + 1])
{
        (void)snprintf(ret, FW_COMMENT_MAX + 1, "%s:%s", handle, ifname);
}

/** owner_is() - Is it an interface of this container? */
static inline bool owner_is(const char *comment, const char *handle)
{
        size_t len = strlen(handle);

        return strncmp(comment, handle, len) == 0 && comment[len] == ':';
}

#endif
