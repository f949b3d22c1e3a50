/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/token.h"

#include "netman/base64url.h"
#include "netman/jsonx.h"
#include "netman/own.h"
#include "netman/str.h"

#include <stdlib.h>
#include <string.h>

/** claims_of() - The middle part of a token; NULL if it is none */
static json_t *claims_of(const char *token)
{
        OWN(str) struct str text = { 0 };
        const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;
        json_t *claims = NULL;

        if (!second || !base64url_decode(first + 1, (size_t)(second - first - 1), &text) ||
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
