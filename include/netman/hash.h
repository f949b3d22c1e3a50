/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FNV-1a with 64 bits: keeps names and bytes apart that nobody chooses in order to
 * make them meet. Where somebody might, SHA-256 is the one to take.
 */
#ifndef NETMAN_HASH_H
#define NETMAN_HASH_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t hash_fnv(const void *data, size_t len)
{
        const unsigned char *at = data;
        uint64_t h = UINT64_C(0xcbf29ce484222325);

        for (size_t i = 0; i < len; i++)
                h = (h ^ at[i]) * UINT64_C(0x100000001b3);
        return h;
}

/** hash_fold() - Its upper half mixed into the lower, for who takes fewer bits */
static inline uint64_t hash_fold(uint64_t h)
{
        return h ^ h >> 32;
}

#endif
