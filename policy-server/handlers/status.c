/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/handlers/handlers.h"
#include "policy-server/http/call.h"
#include "policy-server/store/readers.h"

#include <inttypes.h>

void handle_status(struct call *c)
{
        OWN(str) struct str body = { 0 };
        struct readers r = { 0 };
        struct err why = { 0 };

        if (readers_sum(c->ps->db, &r, &why) < 0) {
                call_fail(c, "database read failed", &why);
                return;
        }
        str_addf(&body,
                 "{\"revision\":%" PRId64 ",\"agents\":%" PRId64 ",\"enforced\":%" PRId64
                 ",\"oldest_enforced\":%" PRId64 "}",
                 r.revision, r.agents, r.enforced, r.oldest);
        call_json(c, &body);
}
