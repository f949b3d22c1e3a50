/* SPDX-License-Identifier: Apache-2.0 */
/* What cells ask besides their list. */
#include "netman/clock.h"
#include "netman/jsonx.h"
#include "policy-server/handlers/creating.h"
#include "policy-server/handlers/handlers.h"
#include "policy-server/http/call.h"
#include "policy-server/metrics.h"

#include <inttypes.h>
#include <string.h>

#define TYPE_MAX 64

void handle_last_updated(struct call *c)
{
        int64_t began_us = clock_us();
        struct err why = { 0 };
        char text[24];
        int rc;

        rc = feed_sync_wait(c->ps->feed, &why);
        ps_metrics_store(c->ps, "LastUpdated", clock_us() - began_us, rc == 0);
        if (rc < 0) {
                call_fail(c, "database read failed", &why);
                return;
        }
        (void)snprintf(text, sizeof text, "%" PRId64, feed_lock(c->ps->feed)->revision);
        feed_unlock(c->ps->feed);
        call_text(c, 200, text);
}

/** read_wish() - {"id","type"}; answers and returns false if that is not what came */
static bool read_wish(struct call *c, json_t **root, const char **id, const char **type)
{
        size_t len;
        const char *body = http_request_body(c->rq, &len);

        *type = "app";
        if (jsonx_parse(body, len, root, NULL) < 0 || jsonx_str(*root, "id", id, NULL) < 0 ||
            jsonx_opt_str(*root, "type", type, NULL) < 0) {
                call_refuse(c, 400, "failed parsing request body");
                return false;
        }
        if (!policy_id_ok(*id) || !policy_id_ok(*type) || strlen(*type) > TYPE_MAX) {
                call_refuse(c, 400, "invalid id or type");
                return false;
        }
        return true;
}

void handle_tag_make(struct call *c)
{
        const struct store_limits limits = creating_limits(c);
        OWN(json) json_t *root = NULL;
        OWN(str) struct str body = { 0 };
        const char *id, *type;
        char text[POLICY_TAG_TEXT];
        struct err why = { 0 };
        int64_t early = 0;
        uint32_t tag = 0;

        if (!read_wish(c, &root, &id, &type))
                return;
        if (store_tag_make(c->ps->db, id, type, &limits, &tag, &early, &why) < 0) {
                creating_failed(c, &why);
                return;
        }
        creating_warn(c, early);
        /* Neither text can hold what JSON would have to escape: policy_id_ok(). */
        str_addf(&body, "{\"id\":\"%s\",\"tag\":\"%s\",\"type\":\"%s\"}", id,
                 policy_tag_print(tag, (unsigned int)c->ps->config.tag_length, text), type);
        call_json(c, &body);
}
