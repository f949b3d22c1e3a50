/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/cleanup.h"

#include "netman/clock.h"
#include "netman/log.h"
#include "policy-server/audit.h"
#include "policy-server/pacer.h"
#include "policy-server/server.h"
#include "policy-server/store/store.h"

/* Below this many policies a large share is a small number. */
#define SHARE_FROM 50

struct cleanup {
        struct ps *ps;
        struct pacer *pacer;
        json_t *absent; /* app -> clock_ms() when it was first missed; the thread's own */
};

static int collect(void *arg, const struct policy *p, struct err *e)
{
        return policy_list_add(arg, p, e);
}

static int all_policies(struct ps *ps, struct policy_list *list, struct err *e)
{
        int rc;

        if (feed_sync_wait(ps->feed, e) < 0)
                return -1;
        rc = table_each(feed_lock(ps->feed)->table, collect, list, e);
        feed_unlock(ps->feed);
        return rc;
}

static int apps_of(const struct policy_list *list, json_t *apps, struct err *e)
{
        for (size_t i = 0; i < list->count; i++) {
                if (json_object_set_new(apps, list->items[i].source, json_true()) < 0 ||
                    json_object_set_new(apps, list->items[i].destination, json_true()) < 0)
                        return err_oom(e);
        }
        return 0;
}

/** missing_apps() - Those of the policies' apps that the Cloud Controller does not know */
static int missing_apps(struct ps *ps, const struct policy_list *list, json_t **ret, struct err *e)
{
        OWN(json) json_t *apps = json_object();
        OWN(json) json_t *known = NULL;
        const char *app;
        json_t *v;

        if (!apps)
                return err_oom(e);
        if (apps_of(list, apps, e) < 0 || cc_app_spaces(ps->cc, apps, &known, e) < 0)
                return -1;
        json_object_foreach(known, app, v)
                (void)json_object_del(apps, app); /* one that nobody asked about is not in it */
        *ret = GIVE(apps);
        return 0;
}

static int touched(const struct policy_list *all, const json_t *apps, struct policy_list *ret,
                   struct err *e)
{
        for (size_t i = 0; i < all->count; i++) {
                const struct policy *p = &all->items[i];

                if ((json_object_get(apps, p->source) || json_object_get(apps, p->destination)) &&
                    policy_list_add(ret, p, e) < 0)
                        return -1;
        }
        return 0;
}

/** delete_list() - @request_id, @user: Who asked for it; NULL: nobody */
static int delete_list(struct ps *ps, const struct policy_list *list, const char *request_id,
                       const char *user, struct err *e)
{
        int64_t revision = 0;

        if (!list->count)
                return 0;
        if (store_delete(ps->db, list, &revision, e) < 0)
                return -1;
        audit("deleted-stale-policies", request_id, list, revision, user);
        return 0;
}

int cleanup_now(struct ps *ps, const char *request_id, const char *user,
                struct policy_list *deleted, struct err *e)
{
        OWN(policy_list) struct policy_list all = { 0 };
        OWN(json) json_t *apps = NULL;

        if (all_policies(ps, &all, e) < 0 || missing_apps(ps, &all, &apps, e) < 0 ||
            touched(&all, apps, deleted, e) < 0 || store_unfit(ps->db, deleted, e) < 0)
                return -1;
        return delete_list(ps, deleted, request_id, user, e);
}

/** long_absent() - Of the apps missing now, those that were missing long enough ago */
static int long_absent(struct cleanup *c, json_t *missing, json_t **ret, struct err *e)
{
        int64_t now = clock_ms(), grace_ms = c->ps->config.cleanup_grace_seconds * 1000;
        OWN(json) json_t *first = json_object();
        OWN(json) json_t *gone = json_object();
        const char *app;
        json_t *v;

        json_object_foreach(missing, app, v) {
                const json_t *seen = json_object_get(c->absent, app);
                int64_t since = seen ? json_integer_value(seen) : now;

                if (json_object_set_new(first, app, json_integer(since)) < 0)
                        return err_oom(e);
                if (seen && now - since >= grace_ms &&
                    json_object_set_new(gone, app, json_true()) < 0)
                        return err_oom(e);
        }
        json_decref(c->absent); /* apps that came back are forgotten with it */
        c->absent = GIVE(first);
        *ret = GIVE(gone);
        return 0;
}

static int check_share(const struct cleanup *c, size_t stale, size_t all, struct err *e)
{
        double share = c->ps->config.cleanup_max_share;

        if (all < SHARE_FROM || (double)stale <= share * (double)all)
                return 0;
        return err_set(e, FAULT_DENIED, 0,
                       "would delete %zu of %zu policies, more than cleanup_max_share allows: "
                       "is the Cloud Controller well? An admin may POST …/policies/cleanup",
                       stale, all);
}

static int run_once(struct cleanup *c, struct err *e)
{
        OWN(policy_list) struct policy_list all = { 0 };
        OWN(policy_list) struct policy_list stale = { 0 };
        OWN(json) json_t *missing = NULL;
        OWN(json) json_t *gone = NULL;

        if (all_policies(c->ps, &all, e) < 0 || missing_apps(c->ps, &all, &missing, e) < 0 ||
            long_absent(c, missing, &gone, e) < 0 || touched(&all, gone, &stale, e) < 0 ||
            check_share(c, stale.count, all.count, e) < 0)
                return -1;
        return delete_list(c->ps, &stale, NULL, NULL, e);
}

static void run(void *arg)
{
        struct err why = { 0 };

        if (run_once(arg, &why) < 0)
                log_error("cleanup-failed", LOG_WHY(&why));
}

int cleanup_start(struct ps *ps, struct cleanup **ret, struct err *e)
{
        OWN(mem) struct cleanup *c = calloc(1, sizeof *c);

        if (!c)
                return err_oom(e);
        c->ps = ps;
        if (pacer_start(run, c, ps->config.cleanup_interval * 1000, &c->pacer, e) < 0)
                return -1;
        *ret = GIVE(c);
        return 0;
}

void cleanup_stop(struct cleanup *c)
{
        if (!c)
                return;
        pacer_stop(c->pacer);
        json_decref(c->absent);
        free(c);
}
