/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/poll/cycle.h"

#include "netman/clock.h"
#include "netman/log.h"
#include "netman/own.h"
#include "vxlan-policy-agent/poll/lost.h"

#include <string.h>

void cycle_init(struct cycle *c, const struct agent_config *config, struct status *status)
{
        *c = (struct cycle){ .config = config,
                             .status = status,
                             .saved = { .dir = config->state_directory },
                             .cut_due = true }; /* what went while no agent ran is not known */
}

void cycle_done(struct cycle *c)
{
        policy_list_done(&c->policies);
        containers_done(&c->containers);
        saved_done(&c->saved);
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

/**
 * news() - Something is known that the kernel was not told yet
 */
static void news(struct cycle *c)
{
        c->fresh = true;
        cycle_doubt(c);
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
        news(c);
        log_info("subnet-read", LOG_STR("subnet_file", c->config->subnet_file));
        warn_of_strangers(c);
}

static void observe_logging(struct cycle *c)
{
        bool logging = status_logging(c->status);

        if (logging != c->logging)
                news(c);
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
        c->cut_due = c->cut_due || lost_container(&c->containers, &fresh);
        containers_swap(&fresh, &c->containers);
        c->store_seen = true;
        c->counts.containers = c->containers.count;
        news(c);
        if (c->containers.list.skipped)
                log_error("containers-skipped", LOG_INT("count", c->containers.list.skipped),
                          LOG_STR("error", c->containers.list.why));
        warn_of_strangers(c);
        log_debug("containers-read", LOG_INT("count", c->containers.count),
                  LOG_INT("version", c->containers.list.stamp.version));
        return 0;
}

/* ---- Learn ---- */

/**
 * take_over() - @list, which is emptied, is what is known from now on
 */
static void take_over(struct cycle *c, struct policy_list *list, const struct saved_sum *sum)
{
        c->cut_due = c->cut_due || (c->config->cut_established && lost_policy(&c->policies, list));
        policy_list_done(&c->policies);
        c->policies = *list;
        *list = (struct policy_list){ 0 };
        c->sum = *sum;
        c->known = true;
        c->counts.policies = c->policies.count;
        news(c);
}

void cycle_learn(struct cycle *c, struct source_news *fresh)
{
        struct err e = { 0 };

        memcpy(c->revision, fresh->revision, sizeof c->revision);
        if (!c->confirmed && c->config->cut_established)
                cycle_doubt(c); /* now it may be cut */
        c->confirmed = true;
        if (!fresh->changed) {
                if (c->in_kernel)
                        memcpy(c->enforced, c->revision, sizeof c->enforced);
                return;
        }
        take_over(c, &fresh->policies, &fresh->sum);
        if (saved_put(&c->saved, &fresh->body, &fresh->sum, &e) < 0)
                log_error("policies-not-saved", LOG_WHY(&e));
        source_news_done(fresh);
}

/**
 * fall_back() - Until the server answers, what it said the last time is the best there is
 */
static void fall_back(struct cycle *c)
{
        OWN(policy_list) struct policy_list list = { 0 };
        struct saved_sum sum;
        struct err e = { 0 };

        if (saved_read(&c->saved, &list, &sum, &e) < 0 || source_judge(&list, &e) < 0) {
                if (e.fault != FAULT_ABSENT)
                        log_error("saved-policies-unusable", LOG_WHY(&e));
                return;
        }
        log_info("using-saved-policies", LOG_INT("policies", list.count));
        take_over(c, &list, &sum);
}

void cycle_begin(struct cycle *c)
{
        struct err e = { 0 };

        if (cycle_observe(c, &e) < 0)
                log_error("container-store-unreadable", LOG_WHY(&e));
        fall_back(c);
}
