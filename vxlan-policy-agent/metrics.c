/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/clock.h"
#include "vxlan-policy-agent/debug.h"

#include <inttypes.h>

static void put(struct str *out, const char *name, const char *type, double value)
{
        str_addf(out, "# TYPE vxlan_policy_agent_%s %s\nvxlan_policy_agent_%s %.9g\n", name, type,
                 name, value);
}

static void put_seconds(struct str *out, const char *name, int64_t us)
{
        put(out, name, "gauge", (double)us / 1e6);
}

/**
 * since_us() - Age of an instant of clock_us(); 0 where there was none
 */
static int64_t since_us(int64_t instant_us)
{
        return instant_us ? clock_us() - instant_us : 0;
}

void metrics_print(const struct counts *c, struct str *out)
{
        put(out, "cycles_total", "counter", (double)c->cycles);
        put(out, "failed_cycles_total", "counter", (double)c->failed_cycles);
        put(out, "commits_total", "counter", (double)c->commits);
        put(out, "commit_retries_total", "counter", (double)c->retries);
        put(out, "drift_repairs_total", "counter", (double)c->drift_repairs);
        put(out, "connections_cut_total", "counter", (double)c->connections_cut);
        put(out, "policy_server_requests_total", "counter", (double)c->asks);
        put(out, "policy_server_failures_total", "counter", (double)c->failed_asks);
        put(out, "containers", "gauge", (double)c->containers);
        put(out, "policies", "gauge", (double)c->policies);
        put(out, "rules", "gauge", (double)c->rules);
        put(out, "chains", "gauge", (double)c->chains);
        put(out, "policies_with_bad_tag", "gauge", (double)c->bad_tags);
        put(out, "addresses_claimed_twice", "gauge", (double)c->conflicts);
        put_seconds(out, "store_read_seconds", c->last_store_us);
        put_seconds(out, "poll_seconds", c->last_ask_us);
        put_seconds(out, "plan_seconds", c->last_plan_us);
        put_seconds(out, "lock_wait_seconds", c->last_lock_us);
        put_seconds(out, "enforce_seconds", c->last_enforce_us);
        put(out, "enforced", "gauge", c->last_success_us != 0);
        put_seconds(out, "last_success_age_seconds", since_us(c->last_success_us));
        put_seconds(out, "policy_server_gone_seconds", since_us(c->server_gone_us));
}
