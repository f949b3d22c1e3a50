/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/plan/names.h"

#include "netman/hash.h"

#include <stdio.h>
#include <string.h>

static const char plain[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

static bool shares_start(const char *id, const char *other)
{
        return other && strncmp(id, other, PLAN_KEY_MAX) == 0;
}

static uint32_t checksum(const char *id)
{
        return (uint32_t)hash_fold(hash_fnv(id, strlen(id)));
}

void plan_key(const char *id, const char *before, const char *after, char key[PLAN_KEY_MAX + 1])
{
        if (strspn(id, plain) >= PLAN_KEY_MAX && !shares_start(id, before) &&
            !shares_start(id, after))
                (void)snprintf(key, PLAN_KEY_MAX + 1, "%.8s", id);
        else
                (void)snprintf(key, PLAN_KEY_MAX + 1, "%08x", checksum(id));
}
