/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/poll/cycle.h"

#include "netman/clock.h"
#include "netman/log.h"
#include "netman/nl.h"
#include "netman/own.h"
#include "vxlan-policy-agent/enforce/bridge.h"
#include "vxlan-policy-agent/enforce/cut.h"
#include "vxlan-policy-agent/enforce/enforce.h"
#include "vxlan-policy-agent/poll/saved.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_TUNNEL_PORT 8472

void cycle_init(struct cycle *c, const struct agent_config *config, struct status *status)
{
        *c = (struct cycle){ .config = config, .status = status };
}

void cycle_done(struct cycle *c)
{
        policy_list_done(&c->policies);
        containers_done(&c->containers);
}

void cycle_took(struct cycle *c, enum span what, int64_t us)
{
        c->spent_us += us;
        meter_took(&c->status->meter, what, us);
}

void cycle_doubt(struct cycle *c)
{
        c->in_kernel = false;
        c->changes++;
}

/* ---- Observe ---- */

/**
 * warn_of_strangers() - Containers that other cells' packets cannot find
 *
 * The store is believed all the same: until the cell is drained, its containers
 * still reach each other.
 */
static void warn_of_strangers(const struct cycle *c)
{
        size_t outside = 0;

        for (size_t i = 0; c->subnet.net.len && i < c->containers.count; i++)
                outside += !fw_net_has(c->subnet.net, c->containers.items[i].ip);
        if (outside)
                log_error("containers-outside-subnet", LOG_INT("count", outside),
                          LOG_STR("subnet_file", c->config->subnet_file));
}

/**
 * observe_subnet() - A file that is missing or torn leaves what was known
 */
static void observe_subnet(struct cycle *c)
{
        struct fw_net old = c->subnet.net;
        struct err e = { 0 };

        if (!subnet_stale(c->config->subnet_file, &c->subnet))
                return;
        if (subnet_read(c->config->subnet_file, &c->subnet, &e) < 0) {
                log_error("subnet-file-unreadable", LOG_WHY(&e));
                return;
        }
        if (old.addr == c->subnet.net.addr && old.len == c->subnet.net.len)
                return;
        cycle_doubt(c);
        log_info("subnet-read", LOG_STR("subnet_file", c->config->subnet_file));
        warn_of_strangers(c);
}

static void observe_logging(struct cycle *c)
{
        bool logging = status_logging(c->status);

        if (logging != c->logging)
                cycle_doubt(c);
        c->logging = logging;
}

int cycle_observe(struct cycle *c, struct err *e)
{
        OWN(containers) struct containers fresh = { 0 };
        int64_t start = clock_us();

        observe_subnet(c);
        observe_logging(c);
        if (!containers_stale(c->config->datastore, &c->containers))
                return 0;
        if (containers_read(c->config->datastore, &fresh, e) < 0)
                return err_add(e, "container store");
        cycle_took(c, SPAN_STORE, clock_us() - start);
        c->new_apps = c->new_apps || !containers_same_ids(&fresh, &c->containers);
        containers_swap(&fresh, &c->containers);
        c->counts.containers = c->containers.count;
        cycle_doubt(c);
        c->cut_due = true;
        if (c->containers.list.skipped)
                log_error("containers-skipped", LOG_INT("count", c->containers.list.skipped),
                          LOG_STR("error", c->containers.list.why));
        warn_of_strangers(c);
        log_debug("containers-read", LOG_INT("count", c->containers.count),
                  LOG_INT("version", c->containers.list.stamp.version));
        return 0;
}

void cycle_learn(struct cycle *c, struct source_news *news)
{
        struct err e = { 0 };

        policy_list_done(&c->policies);
        c->policies = news->policies;
        news->policies = (struct policy_list){ 0 };
        memcpy(c->revision, news->revision, sizeof c->revision);
        c->known = true;
        cycle_doubt(c);
        c->cut_due = true;
        c->counts.policies = c->policies.count;
        if (saved_write(c->config->state_directory, &news->body, &e) < 0)
                log_error("policies-not-saved", LOG_WHY(&e));
        source_news_done(news);
}

void cycle_fall_back(struct cycle *c)
{
        OWN(policy_list) struct policy_list list = { 0 };
        struct err e = { 0 };

        if (c->known)
                return;
        if (saved_read(c->config->state_directory, &list, &e) < 0 || source_judge(&list, &e) < 0) {
                if (e.fault != FAULT_ABSENT)
                        log_error("saved-policies-unusable", LOG_WHY(&e));
                return;
        }
        log_info("using-saved-policies", LOG_INT("policies", list.count));
        c->policies = list;
        list = (struct policy_list){ 0 };
        c->known = true;
        cycle_doubt(c);
        c->counts.policies = c->policies.count;
}

/* ---- Plan ---- */

/**
 * tunnel_port() - UDP port of the overlay's device; flannel's own default without one
 */
static uint16_t tunnel_port(const char *device)
{
        OWN(nlx) struct nlx *nl = NULL;
        struct nlx_link link = { 0 };

        if (nlx_open(&nl, NULL) == 0 && nlx_link_get(nl, device, &link, NULL) == 0 &&
            link.vxlan.port)
                return link.vxlan.port;
        return DEFAULT_TUNNEL_PORT;
}

static struct plan_settings settings_of(const struct cycle *c)
{
        struct plan_settings s = {
                .overlay = c->config->overlay,
                .subnet = c->subnet.net.len ? c->subnet.net : c->config->overlay,
                .cut = c->config->cut_established,
                .logging = c->logging,
                .accepted_udp_per_second = (uint32_t)c->config->accepted_udp_per_second,
                .denied_per_second = (uint32_t)c->config->denied_per_second,
                .tag_length = (unsigned int)c->config->tag_length,
        };

        (void)snprintf(s.device, sizeof s.device, "flannel.%" PRId64, c->config->vni);
        s.vtep_port = tunnel_port(s.device);
        return s;
}

static int make_plan(struct cycle *c, struct plan *ret, int64_t *ret_us, struct err *e)
{
        const struct plan_input in = { .settings = settings_of(c),
                                       .containers = c->containers.items,
                                       .container_count = c->containers.count,
                                       .policies = c->policies.items,
                                       .policy_count = c->policies.count };
        int64_t start = clock_us();

        if (plan_make(&in, ret, e) < 0)
                return -1;
        *ret_us = clock_us() - start;
        cycle_took(c, SPAN_PLAN, *ret_us);
        c->counts.rules = ret->rules;
        c->counts.chains = ret->count;
        c->counts.bad_tags = ret->bad_tags;
        c->counts.conflicts = ret->conflicts;
        if (ret->bad_tags)
                log_error("tags-out-of-range", LOG_INT("policies", ret->bad_tags));
        if (ret->conflicts)
                log_error("addresses-claimed-twice", LOG_INT("addresses", ret->conflicts));
        return 0;
}

/* ---- Enforce ---- */

static void note_cost(struct cycle *c, const struct fw_cost *cost)
{
        cycle_took(c, SPAN_LOCK, cost->lock_us);
        cycle_took(c, SPAN_ENFORCE, cost->edit_us);
        c->counts.retries += cost->tries - 1;
        c->counts.commits += cost->committed;
}

/**
 * settle() - The kernel holds what is known: remember it, and what it took to see to that
 */
static void settle(struct cycle *c, int64_t cost_us)
{
        memcpy(c->enforced, c->revision, sizeof c->enforced);
        c->in_kernel = true;
        c->counts.last_success_us = clock_us();
        meter_took(&c->status->meter, SPAN_CYCLE, c->spent_us);
        c->spent_us = 0;
        c->look.number++;
        c->look.cost_us = cost_us;
        (void)fw_size("filter", &c->look.rules, &c->look.bytes, NULL); /* wrong: one look more */
}

/**
 * report() - Say what was changed; a change without a new plan repaired somebody's doing
 */
static void report(struct cycle *c, const struct plan *p, int64_t plan_us,
                   const struct fw_cost *cost)
{
        bool drift = plan_same(p, &c->status->plan); /* only this thread writes it */

        if (!cost->committed)
                return;
        c->counts.drift_repairs += drift;
        log_info(drift ? "drift-repaired" : "rules-enforced", LOG_INT("rules", p->rules),
                 LOG_INT("chains", p->count), LOG_INT("containers", c->containers.count),
                 LOG_INT("store_version", c->containers.list.stamp.version),
                 LOG_STR("revision", c->revision), LOG_INT("plan_us", plan_us),
                 LOG_INT("enforce_us", cost->edit_us));
}

/**
 * cut() - End the connections that the plan in the kernel does not allow any more
 */
static int cut(struct cycle *c, const struct plan *p, struct err *e)
{
        const struct cut_input in = { .plan = p,
                                      .overlay = c->config->overlay,
                                      .containers = c->containers.items,
                                      .container_count = c->containers.count };
        size_t count = 0;

        if (!c->config->cut_established || !c->cut_due)
                return 0;
        if (cut_connections(&in, &count, e) < 0)
                return err_add(e, "cut established connections");
        c->cut_due = false;
        c->counts.connections_cut += count;
        if (count)
                log_info("connections-cut", LOG_INT("count", count));
        return 0;
}

static int enforce(struct cycle *c, struct err *e)
{
        const struct fw_where where = { .lock_file = c->config->iptables_lock_file,
                                        .wait_ms = FW_WAIT_MS };
        OWN(plan) struct plan p = { 0 };
        struct fw_cost cost = { 0 };
        int64_t plan_us = 0;

        if (make_plan(c, &p, &plan_us, e) < 0 || enforce_plan(&where, &p, &cost, e) < 0)
                return -1;
        note_cost(c, &cost);
        if (cut(c, &p, e) < 0 || bridge_filters(e) < 0)
                return -1;
        settle(c, plan_us + cost.edit_us);
        report(c, &p, plan_us, &cost);
        status_set_plan(c->status, &p);
        return 0;
}

int cycle_enforce(struct cycle *c, struct err *e)
{
        int rc;

        if (c->in_kernel || !c->known)
                return 0;
        c->counts.cycles++;
        rc = enforce(c, e);
        c->counts.failed_cycles += rc < 0;
        status_set_counts(c->status, &c->counts);
        return rc;
}

int cycle_begin(struct cycle *c, struct err *e)
{
        bool present = false;
        int rc;

        if (enforce_present(&present, e) < 0)
                return -1;
        if (present)
                return cycle_observe(c, e);
        if (cycle_observe(c, e) < 0)
                log_error("container-store-unreadable", LOG_WHY(e)); /* closed without it, too */
        cycle_fall_back(c);
        if (c->known)
                return cycle_enforce(c, e);
        c->known = true; /* nothing is known, and that is enforced: deny */
        rc = cycle_enforce(c, e);
        c->known = false;
        return rc;
}
