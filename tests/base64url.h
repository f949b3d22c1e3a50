/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BASE64URL_H
#define TESTS_BASE64URL_H

#include "netman/str.h"

/** base64url() - Add @len bytes in the alphabet for URLs, without padding */
static inline void base64url(struct str *s, const unsigned char *data, size_t len)
{
        static const char alphabet[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        unsigned int bits = 0, have = 0;

        for (size_t i = 0; i < len; i++) {
                bits = bits << 8 | data[i];
                for (have += 8; have >= 6; have -= 6)
                        str_add_mem(s, &alphabet[bits >> (have - 6) & 63], 1);
        }
        if (have)
                str_add_mem(s, &alphabet[bits << (6 - have) & 63], 1);
}

#endif
