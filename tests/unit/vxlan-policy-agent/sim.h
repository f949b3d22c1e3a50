/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet simulator over a plan: what the kernel would do, rule by rule, and how
 * many rules it looked at. Only the matches and verbs that plans use.
 */
#ifndef TESTS_UNIT_AGENT_SIM_H
#define TESTS_UNIT_AGENT_SIM_H

#include "vxlan-policy-agent/plan/plan.h"

#include <stdlib.h>
#include <string.h>

struct packet {
        uint32_t src, dst, mark;
        const char *in, *out;
        uint8_t proto, state;
        uint16_t dport;
};

enum outcome { SIM_UNTOUCHED, SIM_ACCEPTED, SIM_DROPPED, SIM_REJECTED };

struct sim {
        const struct plan *plan;
        struct packet packet;
        size_t looked_at;
        uint32_t connmark;
        char logged[4 * FW_PREFIX_MAX + 1]; /* prefixes, one behind the other */
};

static inline bool sim_device(const char *rule, bool other, const char *device)
{
        return !rule[0] || (strcmp(rule, device) == 0) != other;
}

static inline bool sim_net(struct fw_net net, uint32_t addr)
{
        return !net.len || fw_net_has(net, addr);
}

static inline bool sim_matches(const struct fw_rule *r, const struct packet *p)
{
        if (!sim_net(r->src, p->src) || !sim_net(r->dst, p->dst))
                return false;
        if (!sim_device(r->in, r->in_not, p->in) || !sim_device(r->out, r->out_not, p->out))
                return false;
        if (r->proto && r->proto != p->proto)
                return false;
        if (r->dports.hi && (p->dport < r->dports.lo || p->dport > r->dports.hi))
                return false;
        if (r->mark.mask && ((p->mark & r->mark.mask) != r->mark.value) != r->mark.other)
                return false;
        if (r->not_syn && p->state == FW_NEW)
                return false;
        return !r->states || (r->states & p->state);
}

/**
 * sim_chain() - Walk a chain
 *
 * Return: SIM_UNTOUCHED at its end: the caller's jump goes on with its next rule
 */
static inline enum outcome sim_chain(struct sim *s, const char *name)
{
        const struct plan_chain *c = plan_chain(s->plan, name);

        if (!c)
                abort(); /* the kernel would not have taken such a table */
        for (size_t i = 0; i < c->rules.count; i++) {
                const struct fw_rule *r = &c->rules.items[i];
                enum outcome out = SIM_UNTOUCHED;

                s->looked_at++;
                if (!sim_matches(r, &s->packet))
                        continue;
                switch (r->verb) {
                case FW_ACCEPT:
                        return SIM_ACCEPTED;
                case FW_DROP:
                        return SIM_DROPPED;
                case FW_REJECT:
                        return SIM_REJECTED;
                case FW_MARK:
                        s->packet.mark = (s->packet.mark & ~r->mask) ^ r->value;
                        break;
                case FW_SAVE_MARK:
                        s->connmark = s->packet.mark;
                        break;
                case FW_LOG:
                        strncat(s->logged, r->to, sizeof s->logged - strlen(s->logged) - 1);
                        break;
                case FW_GOTO:
                        return sim_chain(s, r->to);
                case FW_JUMP:
                        out = sim_chain(s, r->to);
                        break;
                default:
                        abort();
                }
                if (out != SIM_UNTOUCHED)
                        return out;
        }
        return SIM_UNTOUCHED;
}

static inline enum outcome sim_run(struct sim *s, const struct plan *plan, struct packet packet)
{
        *s = (struct sim){ .plan = plan, .packet = packet };
        return sim_chain(s, PLAN_ROOT);
}

#endif
