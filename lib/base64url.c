/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/base64url.h"

static int digit(char c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        if (c == '-')
                return 62;
        return c == '_' ? 63 : -1;
}

bool base64url_decode(const char *text, size_t len, struct str *out)
{
        unsigned int bits = 0, have = 0;

        if (!len || len % 4 == 1)
                return false;
        for (size_t i = 0; i < len; i++) {
                int d = digit(text[i]);
                unsigned char byte;

                if (d < 0)
                        return false;
                bits = (bits << 6 | (unsigned int)d) & 0xffffff;
                have += 6;
                if (have < 8)
                        continue;
                have -= 8;
                byte = (unsigned char)(bits >> have);
                str_add_mem(out, &byte, 1);
        }
        return !out->bad;
}
