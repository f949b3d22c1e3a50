/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/netrules/names.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOG_SUFFIX "--log"
#define HASH_LEN   9 /* '~' and eight digits */

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
 * fit() - "PREFIX--HANDLE" in @width characters
 */
static void fit(const char *prefix, const char *handle, bool hashed, size_t width, char *ret)
{
        char full[512];
        bool odd = false;
        size_t len;

        (void)snprintf(full, sizeof full, "%s--%s", prefix, handle);
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

void chain_names_make(const char *handle, bool hashed, struct chain_names *ret)
{
        fit("input", handle, hashed, FW_CHAIN_MAX, ret->input);
        fit("netout", handle, hashed, FW_CHAIN_MAX, ret->netout);
        fit("overlay", handle, hashed, FW_CHAIN_MAX, ret->overlay);
        fit("netin", handle, hashed, FW_CHAIN_MAX, ret->netin);
        fit("netout", handle, hashed, FW_CHAIN_MAX - strlen(LOG_SUFFIX), ret->netlog);
        memcpy(ret->netlog + strlen(ret->netlog), LOG_SUFFIX,
               sizeof LOG_SUFFIX); /* fit() left room */
}
