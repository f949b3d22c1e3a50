/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/auth/token.h"

#include <string.h>

static int check_scopes(const json_t *scopes, struct err *e)
{
        size_t i;
        json_t *s;

        json_array_foreach(scopes, i, s) {
                if (!json_is_string(s))
                        return err_set(e, FAULT_UPSTREAM, 0, "'scope' must hold strings");
        }
        return 0;
}

int token_from_claims(json_t *claims, struct token *ret, struct err *e)
{
        struct token t = { .claims = claims, .subject = "" };
        json_t *scopes = NULL;

        if (jsonx_opt_array(claims, "scope", &scopes, e) < 0 || check_scopes(scopes, e) < 0 ||
            jsonx_opt_str(claims, "user_id", &t.subject, e) < 0 ||
            jsonx_opt_str(claims, "sub", &t.subject, e) < 0 ||
            jsonx_opt_int(claims, "exp", 0, INT64_MAX, &t.expires, e) < 0) {
                json_decref(claims);
                return -1;
        }
        t.scopes = scopes;
        t.user_name = "";
        if (jsonx_opt_str(claims, "user_name", &t.user_name, e) < 0) {
                json_decref(claims);
                return -1;
        }
        if (!*t.user_name)
                t.user_name = t.subject;
        *ret = t;
        return 0;
}

void token_done(struct token *t)
{
        json_decref(t->claims);
        *t = (struct token){ 0 };
}

bool token_has_scope(const struct token *t, const char *scope)
{
        size_t i;
        json_t *s;

        json_array_foreach(t->scopes, i, s) {
                if (strcmp(json_string_value(s), scope) == 0)
                        return true;
        }
        return false;
}

void token_scopes_text(const struct token *t, struct str *out)
{
        size_t i;
        json_t *s;

        str_add(out, "[");
        json_array_foreach(t->scopes, i, s)
                str_addf(out, "%s%s", i ? " " : "", json_string_value(s));
        str_add(out, "]");
}
