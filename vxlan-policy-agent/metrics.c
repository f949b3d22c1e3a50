/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/metrics.h"

#include "netman/clock.h"

#define TELL_S 30 /* between two tellings of the uptime */

/* The spans first, in their order, so that one index serves both tables. */
enum {
        CYCLES = SPAN_COUNT_,
        COMMITS,
        RETRIES,
        DRIFT_REPAIRS,
        CONNECTIONS_CUT,
        ASKS,
        CONTAINERS,
        POLICIES,
        RULES,
        CHAINS,
        BAD_TAGS,
        CONFLICTS,
        ENFORCED,
        SUCCESS_AGE,
        SERVER_GONE,
        UPTIME,
        METRON_SENT,
        METRON_LOST,
};

static const struct metric table[] = {
        [SPAN_STORE] = METRIC(HISTOGRAM, "netman_agent_store_read_duration_seconds",
                              "Reading the container store."),
        [SPAN_POLL] = METRIC(HISTOGRAM, "netman_agent_poll_duration_seconds",
                             "Answers of the policy server, without waiting for news."),
        [SPAN_PLAN] = METRIC(HISTOGRAM, "netman_agent_plan_duration_seconds", "Making the plan."),
        [SPAN_LOCK] = METRIC(HISTOGRAM, "netman_agent_lock_wait_seconds",
                             "Waiting for the locks of the tables."),
        [SPAN_ENFORCE] = METRIC(HISTOGRAM, "netman_agent_enforce_duration_seconds",
                                "Reading, editing and committing the table."),
        [SPAN_CYCLE] = METRIC(HISTOGRAM, "netman_agent_cycle_duration_seconds",
                              "From news to the kernel: all of the above."),
        [CYCLES] = METRIC(COUNTER, "netman_agent_cycles_total", "Plans made to be enforced.",
                          "result"),
        [COMMITS] = METRIC(COUNTER, "netman_agent_commits_total", "Changes of the table."),
        [RETRIES] = METRIC(COUNTER, "netman_agent_commit_retries_total",
                           "Commits tried again: somebody else had changed the table."),
        [DRIFT_REPAIRS] = METRIC(COUNTER, "netman_agent_drift_repairs_total",
                                 "Times that somebody's change of our rules was undone."),
        [CONNECTIONS_CUT] = METRIC(COUNTER, "netman_agent_connections_cut_total",
                                   "Connections ended because their policy was deleted."),
        [ASKS] = METRIC(COUNTER, "netman_agent_polls_total", "Questions to the policy server.",
                        "result"),
        [CONTAINERS] = METRIC(GAUGE, "netman_agent_containers", "Containers of this cell."),
        [POLICIES] = METRIC(GAUGE, "netman_agent_policies", "Policies that concern them."),
        [RULES] = METRIC(GAUGE, "netman_agent_rules", "Rules in the plan."),
        [CHAINS] = METRIC(GAUGE, "netman_agent_chains", "Chains in the plan."),
        [BAD_TAGS] = METRIC(GAUGE, "netman_agent_policies_with_bad_tag",
                            "Policies left out, their tag is no possible one."),
        [CONFLICTS] = METRIC(GAUGE, "netman_agent_addresses_claimed_twice",
                             "Addresses left out, two containers claim them."),
        [ENFORCED] = METRIC(GAUGE, "netman_agent_enforced", "1: a plan has been enforced."),
        [SUCCESS_AGE] = METRIC(GAUGE, "netman_agent_last_success_age_seconds",
                               "Since the kernel was known to hold the plan."),
        [SERVER_GONE] = METRIC(GAUGE, "netman_agent_policy_server_gone_seconds",
                               "Since the policy server does not answer; 0: it does."),
        [UPTIME] = METRIC(GAUGE, "netman_agent_uptime_seconds", "Since the start."),
        [METRON_SENT] = METRIC(COUNTER, "netman_metron_datagrams_total", "Sent to metron."),
        [METRON_LOST] = METRIC(COUNTER, "netman_metron_lost_total",
                               "Metrics that could not be sent to metron."),
        { 0 },
};

/* The reference's names; it does not tell what has none. */
static const char *const told_as[SPAN_COUNT_] = {
        [SPAN_STORE] = "containerMetadataTime",
        [SPAN_POLL] = "policyServerPollTime",
        [SPAN_ENFORCE] = "iptablesEnforceTime",
        [SPAN_CYCLE] = "totalPollTime",
};

/** since_s() - Age of an instant of clock_us(); 0 where there was none */
static double since_s(int64_t instant_us)
{
        return instant_us ? (double)(clock_us() - instant_us) / 1e6 : 0;
}

/** uptime_s() - Whole seconds, as the reference counts them */
static int64_t uptime_s(const struct meter *m)
{
        return (clock_us() - m->started_us) / 1000000;
}

static void tell(struct dropsonde *metron, void *arg)
{
        const struct meter *m = arg;

        dropsonde_value(metron, "uptime", (double)uptime_s(m), "seconds");
}

int meter_start(struct meter *m, const char *metron_address, struct err *e)
{
        const struct dropsonde_config c = { .address = metron_address,
                                            .origin = "vxlan-policy-agent",
                                            .turn = tell,
                                            .arg = m,
                                            .every_s = TELL_S };

        m->started_us = clock_us();
        if (metrics_new(table, &m->metrics, e) < 0)
                return -1;
        return metron_address && *metron_address ? dropsonde_start(&c, &m->metron, e) : 0;
}

void meter_stop(struct meter *m)
{
        dropsonde_stop(m->metron);
        metrics_free(m->metrics);
        *m = (struct meter){ 0 };
}

void meter_took(struct meter *m, enum span what, int64_t us)
{
        metrics_observe_us(m->metrics, what, us, NULL);
        if (told_as[what])
                dropsonde_value(m->metron, told_as[what], (double)us / 1e3, "ms");
}

/** set_results() - A counter by how it went */
static void set_results(struct metrics *m, unsigned int which, uint64_t all, uint64_t failed)
{
        metrics_set(m, which, (double)(all - failed), METRIC_LABELS("success"));
        metrics_set(m, which, (double)failed, METRIC_LABELS("error"));
}

void meter_show(struct meter *meter, const struct counts *c)
{
        struct metrics *m = meter->metrics;
        struct dropsonde_stats metron;

        dropsonde_stats(meter->metron, &metron);
        set_results(m, CYCLES, c->cycles, c->failed_cycles);
        set_results(m, ASKS, c->asks, c->failed_asks);
        metrics_set(m, COMMITS, (double)c->commits, NULL);
        metrics_set(m, RETRIES, (double)c->retries, NULL);
        metrics_set(m, DRIFT_REPAIRS, (double)c->drift_repairs, NULL);
        metrics_set(m, CONNECTIONS_CUT, (double)c->connections_cut, NULL);
        metrics_set(m, CONTAINERS, (double)c->containers, NULL);
        metrics_set(m, POLICIES, (double)c->policies, NULL);
        metrics_set(m, RULES, (double)c->rules, NULL);
        metrics_set(m, CHAINS, (double)c->chains, NULL);
        metrics_set(m, BAD_TAGS, (double)c->bad_tags, NULL);
        metrics_set(m, CONFLICTS, (double)c->conflicts, NULL);
        metrics_set(m, ENFORCED, c->last_success_us != 0, NULL);
        metrics_set(m, SUCCESS_AGE, since_s(c->last_success_us), NULL);
        metrics_set(m, SERVER_GONE, since_s(c->server_gone_us), NULL);
        metrics_set(m, UPTIME, (double)uptime_s(meter), NULL);
        metrics_set(m, METRON_SENT, (double)metron.sent, NULL);
        metrics_set(m, METRON_LOST, (double)metron.lost, NULL);
}
