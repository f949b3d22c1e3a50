/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/cleanup.h"

#include "policy-server/handlers/handlers.h"
#include "policy-server/http/call.h"

void handle_cleanup(struct call *c)
{
        OWN(policy_list) struct policy_list deleted = { 0 };
        OWN(str) struct str body = { 0 };
        struct err why = { 0 };

        if (cleanup_now(c->ps, c->id, c->token.user_name, &deleted, &why) < 0) {
                call_fail(c, "policies cleanup failed", &why);
                return;
        }
        /* What went is told in the v1 form to clients of either version: no range is left out. */
        policy_list_print(&deleted, POLICY_V1, POLICY_EXTERNAL, 0, &body);
        call_json(c, &body);
}
