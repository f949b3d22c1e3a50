/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about the server and the caller: uptime, health, whoami. */
#include "netman/clock.h"
#include "netman/jsonx.h"
#include "netman/log.h"
#include "policy-server/handlers/handlers.h"
#include "policy-server/http/call.h"

/** uptime_text() - "1h2m3s", larger units only where needed */
static void uptime_text(int64_t seconds, char *buf, size_t size)
{
        long long h = seconds / 3600, m = seconds / 60 % 60, s = seconds % 60;

        if (h)
                (void)snprintf(buf, size, "%lldh%lldm%llds", h, m, s);
        else if (m)
                (void)snprintf(buf, size, "%lldm%llds", m, s);
        else
                (void)snprintf(buf, size, "%llds", s);
}

void handle_uptime(struct call *c)
{
        char span[64], text[128];

        uptime_text((clock_us() - c->ps->started_us) / 1000000, span, sizeof span);
        (void)snprintf(text, sizeof text, "Network policy server, up for %s\n", span);
        call_text(c, 200, text);
}

void handle_health(struct call *c)
{
        struct err why = { 0 };

        if (db_ping(c->ps->db, &why) < 0)
                call_fail(c, "check database failed", &why);
        else
                call_text(c, 200, "");
}

void handle_health_port(struct call *c)
{
        struct err why = { 0 };

        if (db_ping(c->ps->db, &why) == 0) {
                call_text(c, 200, "");
                return;
        }
        log_error("health-check-failed", LOG_WHY(&why));
        call_text(c, 500, "");
}

void handle_whoami(struct call *c)
{
        call_document(c, json_pack("{s:s}", "user_name", c->token.user_name));
}
