/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the plan itself, as a packet would: the same trees decide, so the answer
 * cannot differ from the kernel's.
 */
#include "vxlan-policy-agent/plan/plan.h"

/** struct question - The connection in question */
struct question {
        uint32_t dst, tag;
        uint8_t proto;
        uint16_t port;
};

static bool matches(const struct fw_rule *r, const struct question *q)
{
        return (!r->dst.len || fw_net_has(r->dst, q->dst)) && (!r->proto || r->proto == q->proto) &&
               (!r->dports.hi || (q->port >= r->dports.lo && q->port <= r->dports.hi)) &&
               (q->tag & r->mark.mask) == r->mark.value;
}

/**
 * walk() - Follow gotos to an ACCEPT; there are no jumps below a decision's start
 */
static bool walk(const struct plan *p, const char *name, const struct question *q)
{
        const struct plan_chain *c = plan_chain(p, name);

        for (size_t i = 0; c && i < c->rules.count; i++) {
                const struct fw_rule *r = &c->rules.items[i];

                if (r->verb == FW_LOG || !matches(r, q))
                        continue;
                return r->verb == FW_ACCEPT || (r->verb == FW_GOTO && walk(p, r->to, q));
        }
        return false;
}

bool plan_lets_out(const struct plan *p, uint32_t tag, uint8_t proto, uint16_t port)
{
        return walk(p, PLAN_OUT, &(struct question){ .tag = tag, .proto = proto, .port = port });
}

bool plan_allows(const struct plan *p, uint32_t dst, uint32_t tag, uint8_t proto, uint16_t port)
{
        const struct question q = { .dst = dst, .tag = tag, .proto = proto, .port = port };

        return walk(p, PLAN_DST, &q);
}
