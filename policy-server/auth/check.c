/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/auth/check.h"

#include "netman/log.h"
#include "policy-server/http/call.h"

static bool unauthorized(struct call *c, const char *text)
{
        http_reply_header(&c->reply, "WWW-Authenticate", "Bearer");
        call_refuse(c, 401, "%s", text);
        return false;
}

static bool in_scope(const struct call *c)
{
        if (token_has_scope(&c->token, SCOPE_ADMIN))
                return true;
        if (c->endpoint->audience != FOR_WRITERS)
                return false;
        return c->ps->config.enable_space_developer_self_service ||
               token_has_scope(&c->token, SCOPE_WRITE);
}

static bool forbidden(struct call *c)
{
        OWN(str) struct str has = { 0 };

        token_scopes_text(&c->token, &has);
        call_refuse(c, 403, "provided scopes %s do not include allowed scopes %s", str_text(&has),
                    c->endpoint->audience == FOR_WRITERS ? "[" SCOPE_ADMIN " " SCOPE_WRITE "]"
                                                         : "[" SCOPE_ADMIN "]");
        return false;
}

static bool check_token(struct call *c)
{
        const char *header = http_request_header(c->rq, "Authorization");
        struct err why = { 0 };

        if (!header)
                return unauthorized(c, "missing authorization header");
        if (str_starts(header, "Bearer ") || str_starts(header, "bearer "))
                header += sizeof "Bearer " - 1;
        if (uaa_check(c->ps->uaa, header, &c->token, &why) < 0) {
                log_error("token-not-verified", LOG_STR("request_guid", c->id), LOG_WHY(&why));
                return unauthorized(c, "failed to verify token with uaa");
        }
        return in_scope(c) || forbidden(c);
}

bool check_caller(struct call *c)
{
        switch (c->endpoint->audience) {
        case FOR_ALL:
        case FOR_CELLS: /* the TLS handshake has decided */
                return true;
        case FOR_WRITERS:
        case FOR_ADMINS:
                return check_token(c);
        case FOR_NOBODY:
                break;
        }
        call_refuse(c, 403, "this route has no audience");
        return false;
}
