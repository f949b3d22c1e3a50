/* SPDX-License-Identifier: Apache-2.0 */
/* What a list of net-out rules says of a packet, and what chains say, by a walk as the kernel's. */
#ifndef TESTS_UNIT_ASG_SIM_H
#define TESTS_UNIT_ASG_SIM_H

#include "tests/unit/test.h"

#include "garden-external-networker/netrules/asgplan.h"

#include <stdlib.h>

#define LOG_CHAIN "netout--x--log"

enum verdict { REFUSED, PASSED, LOGGED };

struct packet {
        uint8_t proto; /* 47 stands for all others */
        uint32_t dst;
        uint16_t port;
        int type, code;
};

/* ---- what the list says ---- */

static inline bool fits(const struct egress *g, const struct packet *p)
{
        if (g->proto && g->proto != p->proto)
                return false;
        if (p->dst < g->dst.lo || p->dst > g->dst.hi)
                return false;
        if ((g->proto == FW_TCP || g->proto == FW_UDP) &&
            (p->port < g->ports.lo || p->port > g->ports.hi))
                return false;
        return g->proto != FW_ICMP ||
               ((g->icmp.type < 0 || g->icmp.type == p->type) &&
                (g->icmp.type < 0 || g->icmp.code < 0 || g->icmp.code == p->code));
}

static inline enum verdict by_list(const struct egress_list *list, const struct packet *p)
{
        for (size_t i = 0; i < list->count; i++)
                if (fits(&list->items[i], p))
                        return list->items[i].log ? LOGGED : PASSED;
        return REFUSED;
}

/* ---- what the chains say ---- */

static inline bool matches(const struct fw_rule *r, const struct packet *p)
{
        if (r->proto && r->proto != p->proto)
                return false;
        if (!fw_net_has(r->dst, p->dst))
                return false;
        if (r->dst_range.hi && (p->dst < r->dst_range.lo || p->dst > r->dst_range.hi))
                return false;
        if (r->dports.hi && (p->port < r->dports.lo || p->port > r->dports.hi))
                return false;
        return !r->icmp.on || ((r->icmp.type < 0 || r->icmp.type == p->type) &&
                               (r->icmp.code < 0 || r->icmp.code == p->code));
}

/* All but the root, which is the last, are in falling order of names. */
static inline const struct asg_chain *find(const struct asg_plan *plan, const char *name)
{
        size_t lo = 0, hi = plan->count - 1;

        if (strcmp(asg_plan_root(plan), name) == 0)
                return &plan->chains[hi];
        while (lo < hi) {
                size_t at = (lo + hi) / 2;
                int cmp = strcmp(name, plan->chains[at].name);

                if (cmp == 0)
                        return &plan->chains[at];
                if (cmp > 0)
                        hi = at;
                else
                        lo = at + 1;
        }
        return NULL;
}

static inline enum verdict by_chain(const struct asg_plan *plan, const char *name,
                                    const struct packet *p, size_t *steps)
{
        const struct asg_chain *chain = find(plan, name);

        assert_non_null(chain);
        for (size_t i = 0; i < chain->rules.count; i++) {
                const struct fw_rule *r = &chain->rules.items[i];

                ++*steps;
                if (!matches(r, p))
                        continue;
                if (r->verb == FW_RETURN)
                        return PASSED;
                if (r->verb == FW_REJECT)
                        return REFUSED;
                assert_int_equal(r->verb, FW_GOTO);
                return strcmp(r->to, LOG_CHAIN) == 0 ? LOGGED : by_chain(plan, r->to, p, steps);
        }
        fail_msg("chain %s has no end", name);
        return REFUSED;
}

/* ---- both with the same rules ---- */

static const struct fw_rule sim_refuse = { .verb = FW_REJECT };
static const struct fw_rules sim_tail = { .items = (struct fw_rule *)&sim_refuse, .count = 1 };

static inline size_t rule_count(const struct asg_plan *plan)
{
        size_t rules = 0;

        for (size_t i = 0; i < plan->count; i++)
                rules += plan->chains[i].rules.count;
        return rules;
}

#endif
