/* SPDX-License-Identifier: Apache-2.0 */
/* Creating and deleting policies: read, judge, ask who may, write. */
#include "policy-server/audit.h"
#include "policy-server/auth/guard.h"
#include "policy-server/handlers/creating.h"
#include "policy-server/handlers/handlers.h"
#include "policy-server/http/call.h"

/** read_policies() - From the body; answers and returns false if they are no good */
static bool read_policies(struct call *c, struct policy_list *list)
{
        struct err why = { 0 };
        size_t len;
        const char *body = http_request_body(c->rq, &len);

        if (policy_list_parse_request(body, len, c->version, list, &why) == 0)
                return true;
        if (why.fault == FAULT_BAD_INPUT)
                call_refuse(c, 400, "mapper: %s", why.msg);
        else
                call_fail(c, "reading the policies failed", &why);
        return false;
}

static bool may_touch(struct call *c, const struct policy_list *list)
{
        struct err why = { 0 };
        bool may = false;

        if (guard_may_touch(c->ps->cc, &c->token, list, &may, &why) < 0)
                call_fail(c, "check access failed", &why);
        else if (!may)
                call_refuse(c, 403, "one or more applications cannot be found or accessed");
        return may;
}

static void say_done(struct call *c, const char *event, const struct policy_list *list,
                     int64_t revision)
{
        OWN(str) struct str body = { 0 };

        audit(event, c->id, list, revision, c->token.user_name);
        str_add(&body, "{}");
        call_json(c, &body);
}

void handle_create(struct call *c)
{
        OWN(policy_list) struct policy_list list = { 0 };
        struct store_limits limits = creating_limits(c);
        struct store_created done = { 0 };
        struct err why = { 0 };

        if (token_has_scope(&c->token, SCOPE_ADMIN))
                limits.max_policies = 0;
        if (!read_policies(c, &list) || !may_touch(c, &list))
                return;
        if (store_create(c->ps->db, &list, &limits, &done, &why) == 0) {
                creating_warn(c, done.tags_early);
                say_done(c, "created-policies", &list, done.revision);
        } else if (why.fault == FAULT_DENIED) {
                call_refuse(c, 403, "%s", why.msg);
        } else {
                creating_failed(c, &why);
        }
}

void handle_delete(struct call *c)
{
        OWN(policy_list) struct policy_list list = { 0 };
        struct err why = { 0 };
        int64_t revision = 0;

        if (!read_policies(c, &list) || !may_touch(c, &list))
                return;
        if (store_delete(c->ps->db, &list, &revision, &why) == 0)
                say_done(c, "deleted-policies", &list, revision);
        else
                call_fail(c, "database delete failed", &why);
}
