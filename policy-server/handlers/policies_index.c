/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of policies, for people. */
#include "netman/clock.h"
#include "netman/jsonx.h"
#include "policy-server/auth/guard.h"
#include "policy-server/handlers/handlers.h"
#include "policy-server/http/call.h"
#include "policy-server/metrics.h"

#include <string.h>

/**
 * id_set() - A comma list from the query as a set
 * @ret: NULL where the argument is absent: no restriction
 */
static int id_set(struct call *c, const char *name, json_t **ret, struct err *e)
{
        const char *text = http_request_query(c->rq, name);
        OWN(json) json_t *set = text ? json_object() : NULL;

        while (text) {
                size_t len = strcspn(text, ",");
                OWN(mem) char *id = strndup(text, len);

                if (!id)
                        return err_oom(e);
                /* What cannot be an id names no policy, and is looked up nowhere. */
                if (policy_id_ok(id) && json_object_set_new(set, id, json_true()) < 0)
                        return err_oom(e);
                text = text[len] ? text + len + 1 : NULL;
        }
        *ret = GIVE(set);
        return 0;
}

/** struct selection - Which policies are asked for; NULL sets restrict nothing */
struct selection {
        json_t *either, *source, *destination;
};

static bool selected(const struct selection *s, const struct policy *p)
{
        if (s->either)
                return json_object_get(s->either, p->source) ||
                       json_object_get(s->either, p->destination);
        return (!s->source || json_object_get(s->source, p->source)) &&
               (!s->destination || json_object_get(s->destination, p->destination));
}

/** struct picking - For pick(): what is wanted, and what was found */
struct picking {
        const struct selection *selection;
        struct policy_list *picked;
};

static int pick(void *arg, const struct policy *p, struct err *e)
{
        const struct picking *k = arg;

        return selected(k->selection, p) ? policy_list_add(k->picked, p, e) : 0;
}

/** read_selected() - From the snapshot, once it has all that was written so far */
static int read_selected(struct call *c, const struct selection *s, struct policy_list *picked,
                         struct err *e)
{
        struct picking k = { s, picked };
        int64_t began_us = clock_us();
        int rc;

        rc = feed_sync_wait(c->ps->feed, e);
        if (rc == 0) {
                rc = table_each(feed_lock(c->ps->feed)->table, pick, &k, e);
                feed_unlock(c->ps->feed);
        }
        ps_metrics_store(c->ps, s->either ? "ByGuids" : "All", clock_us() - began_us, rc == 0);
        return rc;
}

static void say(struct call *c, const struct policy_list *list)
{
        OWN(str) struct str body = { 0 };

        policy_list_print(list, c->version, POLICY_EXTERNAL, 0, &body);
        call_json(c, &body);
}

void handle_index(struct call *c)
{
        OWN(policy_list) struct policy_list list = { 0 };
        OWN(json) json_t *either = NULL;
        OWN(json) json_t *source = NULL;
        OWN(json) json_t *destination = NULL;
        struct selection s = { 0 };
        struct err why = { 0 };

        if (id_set(c, "id", &either, &why) < 0 || id_set(c, "source_id", &source, &why) < 0 ||
            id_set(c, "dest_id", &destination, &why) < 0) {
                call_fail(c, "database read failed", &why);
                return;
        }
        s = (struct selection){ either, source, destination };
        if (read_selected(c, &s, &list, &why) < 0)
                call_fail(c, "database read failed", &why);
        else if (guard_filter(c->ps->cc, &c->token, &list, &why) < 0)
                call_fail(c, "check access failed", &why);
        else
                say(c, &list);
}
