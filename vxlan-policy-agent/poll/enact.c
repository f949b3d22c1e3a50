/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes in the kernel of what is known. */
#include "vxlan-policy-agent/poll/cycle.h"

#include "netman/clock.h"
#include "netman/log.h"
#include "netman/nl.h"
#include "netman/own.h"
#include "vxlan-policy-agent/enforce/bridge.h"
#include "vxlan-policy-agent/enforce/cut.h"
#include "vxlan-policy-agent/enforce/enforce.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_TUNNEL_PORT 8472
#define REST_MS             1000

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

static int plan_of(struct cycle *c, struct plan *ret, struct err *e)
{
        const struct plan_input in = { .settings = settings_of(c),
                                       .containers = c->containers.items,
                                       .container_count = c->containers.count,
                                       .policies = c->policies.items,
                                       .policy_count = c->policies.count };

        c->fresh = c->fresh || in.settings.vtep_port != c->tunnel_port;
        c->tunnel_port = in.settings.vtep_port;
        return plan_make(&in, ret, e);
}

static int make_plan(struct cycle *c, struct plan *ret, int64_t *ret_us, struct err *e)
{
        int64_t start = clock_us();

        if (plan_of(c, ret, e) < 0)
                return -1;
        *ret_us = clock_us() - start;
        cycle_took(c, SPAN_PLAN, *ret_us);
        c->counts.rules = ret->rules;
        c->counts.chains = ret->count;
        c->counts.bad_tags = ret->bad_tags;
        c->counts.conflicts = ret->conflicts;
        /* What makes no sense may be new, and have ended what did. */
        c->cut_due = c->cut_due || ret->bad_tags || ret->conflicts;
        if (ret->bad_tags)
                log_error("tags-out-of-range", LOG_INT("policies", ret->bad_tags));
        if (ret->conflicts)
                log_error("addresses-claimed-twice", LOG_INT("addresses", ret->conflicts));
        return 0;
}

/* ---- Enforce ---- */

static bool stopping(void *events)
{
        return events_stopping(events);
}

static struct fw_where where(const struct cycle *c)
{
        return (struct fw_where){ .lock_file = c->config->iptables_lock_file,
                                  .wait_ms = FW_WAIT_MS,
                                  .give_up = stopping,
                                  .arg = (void *)(uintptr_t)c->status->events };
}

static void note_cost(struct cycle *c, const struct fw_cost *cost)
{
        cycle_took(c, SPAN_LOCK, cost->lock_us);
        cycle_took(c, SPAN_ENFORCE, cost->edit_us);
        c->counts.retries += cost->tries - 1;
        c->counts.commits += cost->committed;
}

/**
 * report() - Say what was changed; a change without anything new repaired somebody's doing
 */
static void report(struct cycle *c, const struct plan *p, int64_t plan_us,
                   const struct fw_cost *cost)
{
        bool drift = !c->fresh;

        c->fresh = false;
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
 * flush() - Have what is saved outlive a crash; else have the server tell it again
 */
static void flush(struct cycle *c)
{
        struct err e = { 0 };

        if (saved_flush(&c->saved, &e) == 0)
                return;
        log_error("policies-not-saved", LOG_WHY(&e));
        c->revision[0] = '\0';
        c->sum = (struct saved_sum){ { 0 } };
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
 * cut() - End the connections that the plan in the kernel does not allow any more
 */
static int cut(struct cycle *c, const struct plan *p, struct err *e)
{
        const struct cut_input in = { .plan = p,
                                      .overlay = c->config->overlay,
                                      .containers = c->containers.items,
                                      .container_count = c->containers.count };
        size_t count = 0;

        if (!c->config->cut_established || !c->cut_due || !c->confirmed)
                return 0;
        if (cut_connections(&in, &count, e) < 0)
                return err_add(e, "cut established connections");
        c->cut_due = false;
        c->counts.connections_cut += count;
        if (count)
                log_info("connections-cut", LOG_INT("count", count));
        return 0;
}

/**
 * enforce() - What is known, all of it
 */
static int enforce(struct cycle *c, struct err *e)
{
        const struct fw_where locks = where(c);
        OWN(plan) struct plan p = { 0 };
        struct fw_cost cost = { 0 };
        int64_t plan_us = 0;

        if (make_plan(c, &p, &plan_us, e) < 0 || enforce_plan(&locks, &p, &cost, e) < 0)
                return -1;
        note_cost(c, &cost);
        report(c, &p, plan_us, &cost);
        flush(c);
        if (cut(c, &p, e) < 0 || bridge_filters(e) < 0)
                return -1;
        settle(c, plan_us + cost.edit_us);
        return 0;
}

/* ---- While too little is known ---- */

static int by_address(const void *a, const void *b)
{
        const struct agent_owner *x = a, *y = b;

        return (x->ip > y->ip) - (x->ip < y->ip);
}

/**
 * list_owners() - Whose each address is; one that two apps claim is nobody's
 * @ret: Room for all containers
 */
static size_t list_owners(const struct containers *c, struct agent_owner *ret)
{
        size_t n = 0;

        for (size_t i = 0; i < c->count; i++)
                ret[i] = (struct agent_owner){ c->items[i].ip, c->items[i].app };
        if (c->count)
                qsort(ret, c->count, sizeof *ret, by_address);
        for (size_t i = 0; i < c->count; i++) {
                if (!n || ret[n - 1].ip != ret[i].ip)
                        ret[n++] = ret[i];
                else if (!str_eq(ret[n - 1].app, ret[i].app))
                        ret[n - 1].app = NULL;
        }
        return n;
}

/**
 * hold() - Leave the rules that stand to those for whom they were made; where none do, deny
 */
static int hold(struct cycle *c, struct err *e)
{
        const struct fw_where locks = where(c);
        OWN(mem) struct agent_owner *owners = calloc(c->containers.count + 1, sizeof *owners);
        OWN(plan) struct plan p = { 0 };
        struct fw_cost cost = { 0 };
        struct enforce_held held;
        int64_t plan_us = 0;

        if (!owners)
                return err_oom(e);
        held = (struct enforce_held){ .owners = { owners, list_owners(&c->containers, owners),
                                                  c->store_seen } };
        if (make_plan(c, &p, &plan_us, e) < 0 || enforce_hold(&locks, &p, &held, &cost, e) < 0)
                return -1;
        note_cost(c, &cost);
        if (!held.stood)
                report(c, &p, plan_us, &cost);
        if (held.dropped)
                log_info("former-owners-rules-dropped", LOG_INT("rules", held.dropped));
        if (bridge_filters(e) < 0)
                return -1;
        if (!held.stood)
                settle(c, plan_us + cost.edit_us);
        c->in_kernel = true;
        return 0;
}

/**
 * is_enough() - Is enough known for a plan?
 */
static bool is_enough(const struct cycle *c)
{
        return c->store_seen && (c->known || !c->containers.id_count);
}

/**
 * rest() - Nothing to do: the memory of the last plan and of the table goes back
 *
 * Not at once, since the next container may be near and its plan would need it again.
 */
static void rest(struct cycle *c)
{
        if (!c->freed_ms || clock_ms() - c->freed_ms < REST_MS)
                return;
        (void)malloc_trim(0);
        c->freed_ms = 0;
}

int cycle_enforce(struct cycle *c, struct err *e)
{
        int rc;

        if (c->in_kernel) {
                rest(c);
                return 0;
        }
        c->counts.cycles++;
        rc = is_enough(c) ? enforce(c, e) : hold(c, e);
        c->counts.failed_cycles += rc < 0;
        status_set_counts(c->status, &c->counts);
        c->freed_ms = clock_ms();
        return rc;
}

int cycle_print_plan(struct cycle *c, struct str *out, struct err *e)
{
        OWN(plan) struct plan p = { 0 };

        if (!is_enough(c))
                return 0;
        if (plan_of(c, &p, e) < 0)
                return -1;
        plan_print(&p, out);
        return str_ok(out, e);
}
