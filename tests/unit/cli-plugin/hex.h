/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as people write them in tests: hex digits, and 'text' between quotes. */
#ifndef TESTS_UNIT_CLI_PLUGIN_HEX_H
#define TESTS_UNIT_CLI_PLUGIN_HEX_H

#include "netman/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/** hex_add() - "2e 7f 'Seq' 00" as bytes */
static inline void hex_add(struct str *s, const char *hex)
{
        while (*hex) {
                char pair[3] = { 0 };
                char byte;

                if (isspace((unsigned char)*hex)) {
                        hex++;
                        continue;
                }
                if (*hex == '\'') {
                        size_t len = strcspn(hex + 1, "'");

                        str_add_mem(s, hex + 1, len);
                        hex += len + 2;
                        continue;
                }
                memcpy(pair, hex, 2);
                byte = (char)strtoul(pair, NULL, 16);
                str_add_mem(s, &byte, 1);
                hex += 2;
        }
}

#endif
