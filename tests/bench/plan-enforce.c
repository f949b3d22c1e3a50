/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planning and enforcing for one cell: time, rules, memory.
 *
 *   plan-enforce POLICIES [CONTAINERS [naive]]
 *
 * Policies are spread over as many apps as there are containers, half of them
 * with sources elsewhere. "naive" enforces the same policies the reference's way,
 * every rule in one list, and leaves it there for a packet test. Prints one line
 * of JSON. Runs in the network namespace it is started in.
 */
#include "netman/clock.h"
#include "netman/own.h"
#include "vxlan-policy-agent/enforce/enforce.h"
#include "vxlan-policy-agent/plan/plan.h"
#include "vxlan-policy-agent/poll/drift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define FIRST_IP ((uint32_t)10 << 24 | (uint32_t)255 << 16 | (uint32_t)1 << 8 | 2)

/** struct cell - The made-up cell */
struct cell {
        char (*ids)[40];
        struct plan_container *containers;
        struct policy *policies;
        struct plan_input in;
};

static void make_cell(struct cell *c, size_t policies, size_t containers)
{
        size_t apps = containers + policies / 4 + 1; /* the rest live on other cells */

        if (apps > 65000)
                apps = 65000;
        c->ids = calloc(apps, sizeof *c->ids);
        c->containers = calloc(containers + 1, sizeof *c->containers);
        c->policies = calloc(policies + 1, sizeof *c->policies);
        if (!c->ids || !c->containers || !c->policies)
                abort();
        for (size_t i = 0; i < apps; i++)
                (void)snprintf(c->ids[i], sizeof c->ids[i], "%08x-0000-4000-8000-%012zx",
                               (unsigned int)(i * 2654435761u), i);
        for (size_t i = 0; i < containers; i++)
                c->containers[i] =
                        (struct plan_container){ c->ids[i], c->ids[i], FIRST_IP + (uint32_t)i };
        for (size_t i = 0; i < policies; i++) {
                size_t dst = i % containers, src = (i / containers * 7 + i * 31 + 1) % apps;

                c->policies[i] = (struct policy){ .source = c->ids[src],
                                                  .destination = c->ids[dst],
                                                  .source_tag = (uint32_t)src + 1,
                                                  .destination_tag = (uint32_t)dst + 1,
                                                  .start = 8080,
                                                  .end = 8080 };
        }
        /* The pair that the packet test talks through: the last in any list. */
        if (policies && containers > 1)
                c->policies[policies - 1] =
                        (struct policy){ c->ids[0], c->ids[1], 1, 2, POLICY_UDP, 7000, 7999 };
        c->in = (struct plan_input){ .settings = { .overlay = { FIRST_IP & 0xffff0000, 16, false },
                                                   .device = "flannel.1",
                                                   .vtep_port = 8472,
                                                   .tag_length = 2 },
                                     .containers = c->containers,
                                     .container_count = containers,
                                     .policies = c->policies,
                                     .policy_count = policies };
}

/**
 * enforce_naive() - Every mark and every allow in one list, as the reference lays them out
 */
static int enforce_naive(struct fw_table *t, void *ctx, struct err *e)
{
        const struct cell *c = ctx;
        struct fw_rule jump = { .verb = FW_JUMP, .to = "naive" };

        if (fw_chain_create(t, "naive", e) < 0 || fw_insert(t, "FORWARD", 0, &jump, e) < 0)
                return -1;
        for (size_t i = 0; i < c->in.container_count; i++) {
                struct fw_rule r = { .src = fw_host(c->containers[i].ip),
                                     .verb = FW_MARK,
                                     .value = (uint32_t)i + 1,
                                     .mask = UINT32_MAX };

                if (c->in.policy_count && fw_append(t, "naive", &r, e) < 0)
                        return -1;
        }
        if (fw_append(t, "naive",
                      &(struct fw_rule){ .dst = c->in.settings.overlay,
                                         .states = FW_RELATED | FW_ESTABLISHED,
                                         .verb = FW_ACCEPT },
                      e) < 0)
                return -1;
        for (size_t i = 0; i < c->in.policy_count; i++) {
                const struct policy *p = &c->policies[i];
                struct fw_rule r = { .dst = fw_host(FIRST_IP + p->destination_tag - 1),
                                     .proto = p->proto == POLICY_TCP ? FW_TCP : FW_UDP,
                                     .dports = { p->start, p->end },
                                     .mark = { p->source_tag, UINT32_MAX, false },
                                     .verb = FW_ACCEPT };

                if (fw_append(t, "naive", &r, e) < 0)
                        return -1;
        }
        return fw_append(t, "naive",
                         &(struct fw_rule){ .src = c->in.settings.overlay,
                                            .dst = c->in.settings.overlay,
                                            .verb = FW_REJECT },
                         e);
}

static long rss_kb(void)
{
        struct rusage usage;

        (void)getrusage(RUSAGE_SELF, &usage);
        return usage.ru_maxrss;
}

static double cpu_ms(void)
{
        struct rusage u;

        (void)getrusage(RUSAGE_SELF, &u);
        return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static int fail(const struct err *e)
{
        (void)fprintf(stderr, "plan-enforce: %s\n", e->msg);
        return 1;
}

/**
 * idle() - CPU of a cycle in which nothing is new, in the mean
 * @compare: What comparing everything costs: it says in how many of them that is done
 *
 * As the agent does it: the table's size in each cycle, all rules in every Nth.
 */
static int idle(const struct cell *c, int64_t compare_us, double *ret_ms, struct err *e)
{
        const struct fw_where where = { .wait_ms = FW_WAIT_MS };
        OWN(plan) struct plan p = { 0 };
        int64_t every = drift_every(compare_us);
        double start = cpu_ms();
        struct fw_cost cost;

        for (int64_t i = 0; i < every; i++) {
                unsigned int rules, bytes;

                if (fw_size("filter", &rules, &bytes, e) < 0)
                        return -1;
        }
        if (plan_make(&c->in, &p, e) < 0 || enforce_plan(&where, &p, &cost, e) < 0)
                return -1;
        *ret_ms = (cpu_ms() - start) / (double)every;
        return 0;
}

static int measure(const struct cell *c, struct err *e)
{
        const struct fw_where where = { .wait_ms = FW_WAIT_MS };
        OWN(plan) struct plan p = { 0 };
        struct fw_cost first, again;
        double cpu = cpu_ms(), idle_ms = 0;
        int64_t start = clock_us(), plan_us;
        long peak;

        if (plan_make(&c->in, &p, e) < 0)
                return -1;
        plan_us = clock_us() - start;
        if (enforce_plan(&where, &p, &first, e) < 0)
                return -1;
        cpu = cpu_ms() - cpu;
        if (enforce_plan(&where, &p, &again, e) < 0)
                return -1;
        peak = rss_kb(); /* what follows holds two plans, which the agent never does while idle */
        if (idle(c, plan_us + again.edit_us, &idle_ms, e) < 0)
                return -1;
        printf("{\"policies\":%zu,\"containers\":%zu,\"rules\":%zu,\"chains\":%zu,\"plan_ms\":%.1f,"
               "\"enforce_ms\":%.1f,\"cpu_ms\":%.1f,\"compare_ms\":%.1f,\"compare_committed\":%d,"
               "\"idle_cpu_ms\":%.3f,\"peak_rss_kb\":%ld}\n",
               c->in.policy_count, c->in.container_count, p.rules, p.count, (double)plan_us / 1e3,
               (double)first.edit_us / 1e3, cpu, (double)again.edit_us / 1e3, again.committed,
               idle_ms, peak);
        return 0;
}

int main(int argc, char **argv)
{
        const struct fw_where where = { .wait_ms = FW_WAIT_MS };
        size_t policies = argc > 1 ? (size_t)strtol(argv[1], NULL, 10) : 10000;
        size_t containers = argc > 2 ? (size_t)strtol(argv[2], NULL, 10) : 250;
        struct cell cell = { 0 };
        struct fw_cost cost;
        struct err e = { 0 };

        if (!containers) {
                (void)fprintf(stderr, "at least one container\n");
                return 2;
        }
        make_cell(&cell, policies, containers);
        if (argc > 3) {
                if (fw_edit(&where, "filter", enforce_naive, &cell, &cost, &e) < 0)
                        return fail(&e);
                printf("{\"policies\":%zu,\"enforce_ms\":%.1f}\n", policies,
                       (double)cost.edit_us / 1e3);
                return 0;
        }
        return measure(&cell, &e) < 0 ? fail(&e) : 0;
}
