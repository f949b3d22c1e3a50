/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/netrules/names.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOG_SUFFIX  "--log"
#define RATE_SUFFIX "--rl-log"
#define HASH_LEN    9 /* '~' and eight digits */

const struct fw_tree tree_src = { CHAIN_SRC, FW_BY_SRC };
const struct fw_tree tree_dst = { CHAIN_DST, FW_BY_DST };
const struct fw_tree tree_input = { CHAIN_INPUT, FW_BY_SRC };
const struct fw_tree tree_netin = { CHAIN_NETIN, FW_BY_DPORT };

/** hash() - FNV-1a: names apart, not secrets */
static uint32_t hash(const char *text)
{
        uint32_t h = 2166136261U;

        for (; *text; text++)
                h = (h ^ (unsigned char)*text) * 16777619U;
        return h;
}

static bool is_plain(char c)
{
        return isalnum((unsigned char)c) || strchr("-_.:~+@%", c);
}

/**
 * fit() - "PREFIXHANDLE" in @width characters
 */
static void fit(const char *prefix, const char *handle, bool hashed, size_t width, char *ret)
{
        char full[512];
        bool odd = false;
        size_t len;

        (void)snprintf(full, sizeof full, "%s%s", prefix, handle);
        for (char *p = full; *p; p++) {
                if (is_plain(*p))
                        continue;
                *p = '_';
                odd = true;
        }
        len = strlen(full);
        if (!hashed && !odd)
                (void)snprintf(ret, width + 1, "%.*s", (int)width, full);
        else
                (void)snprintf(ret, width + 1, "%.*s~%08" PRIx32,
                               (int)(len < width - HASH_LEN ? len : width - HASH_LEN), full,
                               hash(handle));
}

/**
 * fit_log() - The name of an egress chain, cut so that @suffix fits behind it
 */
static void fit_log(const char *handle, bool hashed, const char *suffix, char ret[FW_CHAIN_MAX + 1])
{
        size_t room = FW_CHAIN_MAX - strlen(suffix);

        fit("netout--", handle, hashed, room, ret);
        memcpy(ret + strlen(ret), suffix, strlen(suffix) + 1);
}

void chain_names_make(const char *handle, bool hashed, struct chain_names *ret)
{
        fit("input--", handle, hashed, FW_CHAIN_MAX, ret->input);
        fit("netout--", handle, hashed, FW_CHAIN_MAX, ret->netout);
        fit("netin--", handle, hashed, FW_CHAIN_MAX, ret->netin);
        fit("overlay--", handle, hashed, FW_CHAIN_MAX, ret->overlay);
        fit_log(handle, hashed, LOG_SUFFIX, ret->netlog);
        fit_log(handle, hashed, RATE_SUFFIX, ret->ratelog);
        /* Long names share a start: two containers must not share their counts. */
        fit("", handle, hashed || strlen(handle) > FW_RATE_NAME, FW_RATE_NAME, ret->rate);
}
