/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/token.h"

#include "netman/jsonx.h"
#include "netman/own.h"
#include "netman/str.h"

#include <stdlib.h>
#include <string.h>

static int digit(char c)
{
        return c >= 'A' && c <= 'Z'   ? c - 'A'
               : c >= 'a' && c <= 'z' ? c - 'a' + 26
               : c >= '0' && c <= '9' ? c - '0' + 52
               : c == '-'             ? 62
               : c == '_'             ? 63
                                      : -1;
}

/** decode() - Base64 in the alphabet for URLs, unpadded; false for anything else */
static bool decode(const char *text, size_t len, struct str *ret)
{
        unsigned int bits = 0, have = 0;

        for (size_t i = 0; i < len; i++) {
                int d = digit(text[i]);
                char byte;

                if (d < 0)
                        return false;
                bits = (bits << 6 | (unsigned int)d) & 0xffff;
                have += 6;
                if (have < 8)
                        continue;
                have -= 8;
                byte = (char)(bits >> have & 0xff);
                str_add_mem(ret, &byte, 1);
        }
        return true;
}

/** claims_of() - The middle part of a token; NULL if it is none */
static json_t *claims_of(const char *token)
{
        OWN(str) struct str text = { 0 };
        const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;
        json_t *claims = NULL;

        if (!second || !decode(first + 1, (size_t)(second - first - 1), &text) || text.bad ||
            jsonx_parse(str_text(&text), text.len, &claims, NULL) < 0)
                return NULL;
        return claims;
}

int token_read(const char *token, char **ret_user, int64_t *ret_expires, struct err *e)
{
        OWN(json) json_t *claims = claims_of(token);
        const char *user = json_string_value(json_object_get(claims, "user_name"));
        char *copy;

        if (!claims)
                return err_set(e, FAULT_BAD_INPUT, 0, "the access token cannot be read");
        if (!user)
                user = json_string_value(json_object_get(claims, "client_id"));
        copy = strdup(user ? user : "");
        if (!copy)
                return err_oom(e);
        *ret_user = copy;
        *ret_expires = json_integer_value(json_object_get(claims, "exp"));
        return 0;
}
