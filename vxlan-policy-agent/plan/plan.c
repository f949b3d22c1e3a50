/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: order of work: the apps of this cell's containers, sorted; the policies
 * that concern them, sorted by destination app and tag; then the chains. Sorting
 * first is what makes the result independent of the order of the input.
 */
#include "vxlan-policy-agent/plan/plan.h"

#include "netman/own.h"
#include "vxlan-policy-agent/plan/compile.h"
#include "vxlan-policy-agent/plan/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/**
 * struct local_app - An app with containers on this cell
 * @tag:         Its tag as a source; 0 until a policy tells it
 * @policies:    Those that lead to it
 * @key:         Short name for its chains
 */
struct local_app {
        const char *id;
        uint32_t tag;
        const struct policy *const *policies;
        size_t policy_count;
        char key[PLAN_KEY_MAX + 1];
};

/**
 * struct draft - Everything the compiler works with
 * @hosts:    Containers sorted by address, one per address
 * @apps:     Sorted by id, each once
 * @policies: Those that lead to an app of @apps, sorted by it, then by tag, protocol, ports
 * @leaving:  Those that come from an app of @apps, sorted by tag, protocol, ports
 */
struct draft {
        const struct plan_settings *settings;
        struct plan_container *hosts;
        size_t host_count;
        struct local_app *apps;
        size_t app_count;
        const struct policy **policies;
        size_t policy_count;
        const struct policy **leaving;
        size_t leaving_count;
        struct plan *plan;
};

static void draft_drop(struct draft *d)
{
        free(d->hosts);
        free(d->apps);
        free(d->policies);
        free(d->leaving);
}

/* ---- Containers and apps ---- */

static int by_ip(const void *a, const void *b)
{
        const struct plan_container *x = a, *y = b;
        int cmp = (x->ip > y->ip) - (x->ip < y->ip);

        return cmp ? cmp : strcmp(x->handle, y->handle);
}

/**
 * take_hosts() - Containers by address; an address that two apps claim is nobody's
 *
 * The store should never hold such a pair. Where it does, a rule for either app
 * would let the other's traffic pass.
 */
static int take_hosts(struct draft *d, const struct plan_input *in, struct err *e)
{
        size_t end;

        d->hosts = calloc(in->container_count + 1, sizeof *d->hosts);
        if (!d->hosts)
                return err_oom(e);
        if (in->container_count)
                memcpy(d->hosts, in->containers, in->container_count * sizeof *d->hosts);
        qsort(d->hosts, in->container_count, sizeof *d->hosts, by_ip);
        for (size_t i = 0; i < in->container_count; i = end) {
                bool agree = true;

                for (end = i + 1; end < in->container_count && d->hosts[end].ip == d->hosts[i].ip;
                     end++)
                        agree = agree && str_eq(d->hosts[end].app, d->hosts[i].app);
                if (agree)
                        d->hosts[d->host_count++] = d->hosts[i];
                else
                        d->plan->conflicts++;
        }
        return 0;
}

static int by_id(const void *a, const void *b)
{
        return strcmp(((const struct local_app *)a)->id, ((const struct local_app *)b)->id);
}

static struct local_app *find_app(const struct draft *d, const char *id)
{
        const struct local_app want = { .id = id };

        return d->app_count ? bsearch(&want, d->apps, d->app_count, sizeof want, by_id) : NULL;
}

static int take_apps(struct draft *d, struct err *e)
{
        size_t n = 0;

        d->apps = calloc(d->host_count + 1, sizeof *d->apps);
        if (!d->apps)
                return err_oom(e);
        for (size_t i = 0; i < d->host_count; i++)
                if (d->hosts[i].app)
                        d->apps[n++].id = d->hosts[i].app;
        qsort(d->apps, n, sizeof *d->apps, by_id);
        for (size_t i = 0; i < n; i++)
                if (!i || strcmp(d->apps[i].id, d->apps[d->app_count - 1].id) != 0)
                        d->apps[d->app_count++] = d->apps[i];
        return 0;
}

/* ---- Policies ---- */

static int by_tag(const void *a, const void *b)
{
        const struct policy *x = *(const struct policy *const *)a;
        const struct policy *y = *(const struct policy *const *)b;
        int cmp = (x->source_tag > y->source_tag) - (x->source_tag < y->source_tag);

        if (!cmp)
                cmp = (int)x->proto - (int)y->proto;
        if (!cmp)
                cmp = x->start - y->start;
        if (!cmp)
                cmp = x->end - y->end;
        return cmp ? cmp : strcmp(x->source, y->source);
}

static int by_destination(const void *a, const void *b)
{
        const struct policy *x = *(const struct policy *const *)a;
        const struct policy *y = *(const struct policy *const *)b;
        int cmp = strcmp(x->destination, y->destination);

        return cmp ? cmp : by_tag(a, b);
}

/**
 * take_policies() - Those that concern us; learn the tags of our apps on the way
 *
 * A tag of 0 is what an unmarked packet has, and one beyond 16 bits would turn
 * into another app's tag on the wire: neither may ever open anything.
 */
static int take_policies(struct draft *d, const struct plan_input *in, struct err *e)
{
        d->policies = calloc(in->policy_count + 1, sizeof(const struct policy *));
        d->leaving = calloc(in->policy_count + 1, sizeof(const struct policy *));
        if (!d->policies || !d->leaving)
                return err_oom(e);
        for (size_t i = 0; i < in->policy_count; i++) {
                const struct policy *p = &in->policies[i];
                struct local_app *source = find_app(d, p->source);
                const struct local_app *destination = find_app(d, p->destination);

                if (!source && !destination)
                        continue;
                if (!p->source_tag || p->source_tag > PLAN_TAG_MAX) {
                        d->plan->bad_tags++;
                        continue;
                }
                if (source && (!source->tag || p->source_tag < source->tag))
                        source->tag = p->source_tag;
                if (destination)
                        d->policies[d->policy_count++] = p;
                if (source && d->settings->cut)
                        d->leaving[d->leaving_count++] = p;
        }
        qsort(d->leaving, d->leaving_count, sizeof(const struct policy *), by_tag);
        qsort(d->policies, d->policy_count, sizeof(const struct policy *), by_destination);
        return 0;
}

/**
 * share_out() - Give each app its stretch of the sorted policies, and a short name
 */
static void share_out(struct draft *d)
{
        size_t at = 0;

        for (size_t i = 0; i < d->app_count; i++) {
                struct local_app *app = &d->apps[i];

                app->policies = d->policies + at;
                while (at < d->policy_count && strcmp(d->policies[at]->destination, app->id) == 0)
                        at++;
                app->policy_count = (size_t)(d->policies + at - app->policies);
        }
        for (size_t i = 0; i < d->app_count; i++) {
                const char *before = i ? d->apps[i - 1].id : NULL;
                const char *after = i + 1 < d->app_count ? d->apps[i + 1].id : NULL;

                plan_key(d->apps[i].id, before, after, d->apps[i].key);
        }
}

/* ---- Chains ---- */

/**
 * add_marks() - Packets of a container whose app has a tag get it as their mark
 */
static int add_marks(const struct draft *d, struct addr_leaf *leaves, struct err *e)
{
        size_t n = 0;

        for (size_t i = 0; i < d->host_count; i++) {
                const struct plan_container *c = &d->hosts[i];
                const struct local_app *app = c->app ? find_app(d, c->app) : NULL;

                if (!app || !app->tag)
                        continue;
                leaves[n] = (struct addr_leaf){ .ip = c->ip };
                leaves[n].rule =
                        (struct fw_rule){ .verb = FW_MARK, .value = app->tag, .mask = UINT32_MAX };
                fw_comment(&leaves[n].rule, "src:%s", app->id);
                n++;
        }
        return plan_addr_tree(d->plan, PLAN_SRC, true, leaves, n, e);
}

static int add_allows(const struct draft *d, struct addr_leaf *leaves, struct err *e)
{
        size_t n = 0;

        for (size_t i = 0; i < d->host_count; i++) {
                const struct plan_container *c = &d->hosts[i];
                const struct local_app *app = c->app ? find_app(d, c->app) : NULL;

                if (!app || !app->policy_count)
                        continue;
                leaves[n] = (struct addr_leaf){ .ip = c->ip, .rule = { .verb = FW_GOTO } };
                fw_to(&leaves[n].rule, PLAN_TO "%s", app->key);
                fw_comment(&leaves[n].rule, "dst:%s", app->id);
                n++;
        }
        if (plan_addr_tree(d->plan, PLAN_DST, false, leaves, n, e) < 0)
                return -1;
        for (size_t i = 0; i < d->app_count; i++) {
                const struct local_app *app = &d->apps[i];
                char chain[FW_CHAIN_MAX + 1];

                (void)snprintf(chain, sizeof chain, PLAN_TO "%s", app->key);
                if (app->policy_count &&
                    plan_decision(d->plan, d->settings,
                                  &(struct decision){ chain, app->key, app->id, app->policies,
                                                      app->policy_count },
                                  e) < 0)
                        return -1;
        }
        return 0;
}

static int add_outlets(const struct draft *d, struct err *e)
{
        const struct decision out = { .chain = PLAN_OUT,
                                      .key = "out", /* shorter than any app's */
                                      .policies = d->leaving,
                                      .count = d->leaving_count };

        return d->settings->cut ? plan_decision(d->plan, d->settings, &out, e) : 0;
}

/**
 * add_denials() - One log rule for each container, met just before the REJECT
 */
static int add_denials(const struct draft *d, struct addr_leaf *leaves, struct err *e)
{
        for (size_t i = 0; i < d->host_count; i++) {
                struct fw_rule *r = &leaves[i].rule;

                leaves[i] = (struct addr_leaf){ .ip = d->hosts[i].ip, .rule = { .verb = FW_LOG } };
                r->limit.per_second = d->settings->denied_per_second;
                fw_to(r, "DENY_C2C_%.19s ", d->hosts[i].handle);
        }
        return plan_addr_tree(d->plan, PLAN_DENY, false, leaves, d->host_count, e);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(((const struct plan_chain *)a)->name, ((const struct plan_chain *)b)->name);
}

/**
 * seal() - Sort the chains; refuse two of one name, which would mix two apps' rules
 */
static int seal(struct plan *p, struct err *e)
{
        qsort(p->chains, p->count, sizeof *p->chains, compare_names);
        for (size_t i = 1; i < p->count; i++)
                if (strcmp(p->chains[i - 1].name, p->chains[i].name) == 0)
                        return err_set(e, FAULT_SYSTEM, 0, "plan: two chains are called %s",
                                       p->chains[i].name);
        return 0;
}

static int compile(const struct draft *d, struct err *e)
{
        OWN(mem) struct addr_leaf *leaves = calloc(d->host_count + 1, sizeof *leaves);

        if (!leaves)
                return err_oom(e);
        if (plan_add_root(d->plan, d->settings, e) < 0 || add_marks(d, leaves, e) < 0 ||
            add_allows(d, leaves, e) < 0 || add_outlets(d, e) < 0)
                return -1;
        if (d->settings->logging && add_denials(d, leaves, e) < 0)
                return -1;
        return seal(d->plan, e);
}

int plan_make(const struct plan_input *in, struct plan *ret, struct err *e)
{
        OWN(plan) struct plan p = { 0 };
        OWN(draft) struct draft d = { .settings = &in->settings, .plan = &p };

        if (take_hosts(&d, in, e) < 0 || take_apps(&d, e) < 0 || take_policies(&d, in, e) < 0)
                return -1;
        share_out(&d);
        if (compile(&d, e) < 0)
                return -1;
        plan_done(ret);
        *ret = p;
        p = (struct plan){ 0 };
        return 0;
}
