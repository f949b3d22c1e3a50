/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: the cycle: observe, plan, enforce
 *
 * One thread does all of it, so there is nothing to lock. What it knows only
 * ever gets replaced by something that was read whole and judged; a step that
 * fails leaves what was known, and the rules that stand, as they were.
 *
 * Until both the store was read and policies are known (a store without apps needs
 * none), the rules of an earlier run, or of the reference, are the best there is: they
 * stay, but for those that speak for an address in the name of an app that the store
 * gives to another. Where there are none, deny is enforced. cycle.c is what is
 * known, enact.c what becomes of it in the kernel.
 */
#ifndef VXLAN_POLICY_AGENT_CYCLE_H
#define VXLAN_POLICY_AGENT_CYCLE_H

#include "netman/err.h"
#include "vxlan-policy-agent/config.h"
#include "vxlan-policy-agent/poll/containers.h"
#include "vxlan-policy-agent/poll/drift.h"
#include "vxlan-policy-agent/poll/source.h"
#include "vxlan-policy-agent/poll/subnet.h"
#include "vxlan-policy-agent/status.h"

/**
 * struct cycle - What the agent knows
 * @store_seen: @containers was read
 * @known:     @policies came from the server or from disk; false: nothing is known yet
 * @confirmed: They are what the server says, or said since we started
 * @policies:  The newest policies that were judged good
 * @sum:       Checksum of the answer that they came in
 * @saved:     That answer on disk
 * @revision:  Their name; "" if they are from disk or the server names none
 * @enforced:  The newest revision that is in the kernel
 * @in_kernel: The kernel holds the plan of what is known
 * @changes:   Counts what made it doubtful that it does
 * @fresh:     Something is known that was not in the last plan
 * @new_apps:  The policies are not the answer for the apps that are here now
 * @cut_due:   A policy or a container may have gone since connections were last cut; for
 *             that they have to be @confirmed: what is cut does not come back
 * @look:      The last comparison with the kernel
 * @spent_us:  Time taken by the steps of this turn, or since the plan last went in
 * @freed_ms:  When a plan and copies of the table were last freed; 0 once given back
 */
struct cycle {
        const struct agent_config *config;
        struct status *status;
        struct containers containers;
        struct subnet subnet;
        bool store_seen, known, confirmed, in_kernel, fresh, new_apps, logging, cut_due;
        uint16_t tunnel_port;
        uint64_t changes;
        struct policy_list policies;
        struct saved_sum sum;
        struct saved saved;
        char revision[SOURCE_ETAG_MAX + 1], enforced[SOURCE_ETAG_MAX + 1];
        struct counts counts;
        struct drift_look look;
        int64_t spent_us, freed_ms;
};

void cycle_init(struct cycle *c, const struct agent_config *config, struct status *status);
void cycle_done(struct cycle *c);

/** cycle_begin() - Before the server is asked for the first time: the store, and what is on disk */
void cycle_begin(struct cycle *c);

/** cycle_took() - A step took so long */
void cycle_took(struct cycle *c, enum span what, int64_t us);

/** cycle_observe() - Look again at what changed: subnet file, container store, logging */
int cycle_observe(struct cycle *c, struct err *e);

/** cycle_learn() - Take over an answer; @fresh is emptied */
void cycle_learn(struct cycle *c, struct source_news *fresh);

/**
 * cycle_enforce() - Plan and enforce what is known
 * @e: sys is ECANCELED if we were told to stop while we waited for a lock
 *
 * Does nothing if the kernel is known to hold it; cycle_doubt() changes that.
 */
int cycle_enforce(struct cycle *c, struct err *e);

/** cycle_print_plan() - The plan of what is known; nothing where rules of others stand for it */
int cycle_print_plan(struct cycle *c, struct str *out, struct err *e);

/** cycle_doubt() - Compare with the kernel the next time, even if nothing is new */
void cycle_doubt(struct cycle *c);

#endif
