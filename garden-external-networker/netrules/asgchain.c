/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/netrules/asgchain.h"

#include "netman/grow.h"
#include "netman/own.h"

#include <stdio.h>

#define CHAINS_MAX 0x100000 /* names have five digits */

void asg_plan_done(struct asg_plan *plan)
{
        for (size_t i = 0; i < plan->count; i++)
                fw_rules_done(&plan->chains[i].rules);
        free(plan->chains);
        *plan = (struct asg_plan){ 0 };
}

/**
 * new_chain() - A chain at the end of the plan
 *
 * Names go down: libiptc keeps its chains sorted and walks them for each rule that
 * is added, so what is worked on has to be found before what is done with.
 */
static struct asg_chain *new_chain(struct asg_plan *p, struct err *e)
{
        struct asg_chain *chain;

        if (p->count == CHAINS_MAX) {
                (void)err_set(e, FAULT_BAD_INPUT, 0, "net-out rules need more than %d chains",
                              CHAINS_MAX);
                return NULL;
        }
        if (grow(&p->chains, p->count, &p->cap, sizeof *p->chains, e) < 0)
                return NULL;
        chain = &p->chains[p->count];
        *chain = (struct asg_chain){ 0 };
        (void)snprintf(chain->name, sizeof chain->name, "%.20s-%05zx", p->stem,
                       CHAINS_MAX - 1 - p->count);
        p->count++;
        return chain;
}

int asg_add_all(struct fw_rules *to, const struct fw_rules *from, struct err *e)
{
        for (size_t i = 0; i < from->count; i++)
                if (fw_rules_add(to, &from->items[i], e) < 0)
                        return -1;
        return 0;
}

int asg_chain_add(struct asg_plan *plan, const struct fw_rules *rules, const struct fw_rules *end,
                  struct err *e)
{
        struct asg_chain *chain = new_chain(plan, e);

        if (!chain || asg_add_all(&chain->rules, rules, e) < 0)
                return -1;
        return asg_add_all(&chain->rules, end, e);
}

int asg_chain_list(struct asg_plan *plan, const struct asg_box *boxes, size_t count,
                   const struct asg_ways *ways, struct err *e)
{
        struct asg_chain *chain = new_chain(plan, e);

        if (!chain)
                return -1;
        for (size_t i = 0; i < count; i++) {
                struct fw_rule r = ways->found[boxes[i].log];

                asg_set_addrs(&r, boxes[i].lo, boxes[i].hi);
                asg_set_kinds(&r, boxes[i].kind_lo, boxes[i].kind_hi);
                if (fw_rules_add(&chain->rules, &r, e) < 0)
                        return -1;
        }
        return asg_add_all(&chain->rules, ways->missed, e);
}

void asg_go_to(const struct asg_plan *plan, size_t chain, struct fw_rule *r)
{
        r->verb = FW_GOTO;
        fw_to(r, "%s", plan->chains[chain].name);
}

int asg_add_way(const struct asg_plan *plan, const struct fw_rule *r, struct fw_rules *list,
                struct err *e)
{
        struct fw_rule way = *r;

        asg_go_to(plan, plan->count - 1, &way);
        return fw_rules_add(list, &way, e);
}

struct fw_net asg_prefix(uint32_t lo, uint32_t hi)
{
        const uint8_t len = lo == hi ? 32 : (uint8_t)__builtin_clz(lo ^ hi);

        return (struct fw_net){ .addr = lo & fw_mask(len), .len = len };
}

void asg_set_addrs(struct fw_rule *r, uint32_t lo, uint32_t hi)
{
        r->dst = asg_prefix(lo, hi);
        if (lo != r->dst.addr || hi != (lo | ~fw_mask(r->dst.len)))
                r->dst_range = (struct fw_addrs){ lo, hi };
}

void asg_set_kinds(struct fw_rule *r, uint32_t kind_lo, uint32_t kind_hi)
{
        const struct asg_box box = { .kind_lo = kind_lo, .kind_hi = kind_hi };
        uint16_t lo = (uint16_t)kind_lo, hi = (uint16_t)kind_hi;

        r->proto = asg_box_proto(&box);
        if (r->proto == FW_ANY || (lo == 0 && hi == UINT16_MAX))
                return;
        if (r->proto == FW_ICMP)
                r->icmp = (struct fw_icmp){ true, (int16_t)(lo >> 8),
                                            (int16_t)(lo == hi ? lo & 255 : -1) };
        else
                r->dports = (struct fw_ports){ lo, hi };
}
