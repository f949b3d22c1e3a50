/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as people write them in tests: hex digits, 'text' between quotes, and
 * (1000: 00) for a thousand of what follows the colon.
 */
#ifndef TESTS_UNIT_CLI_PLUGIN_HEX_H
#define TESTS_UNIT_CLI_PLUGIN_HEX_H

#include "netman/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static inline void hex_add(struct str *s, const char *hex);

/** hex_repeat() - What stands between "(COUNT:" and ")"; returns what follows */
static inline const char *hex_repeat(struct str *s, const char *hex)
{
        OWN(str) struct str one = { 0 };
        char *colon;
        long count = strtol(hex + 1, &colon, 10);
        size_t len = strcspn(colon + 1, ")");

        str_add_mem(&one, colon + 1, len);
        while (count-- > 0)
                hex_add(s, str_text(&one));
        return colon + 1 + len + 1;
}

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
                if (*hex == '(') {
                        hex = hex_repeat(s, hex);
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
