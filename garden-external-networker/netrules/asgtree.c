/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/netrules/asgtree.h"

#include "garden-external-networker/netrules/asgaddrs.h"
#include "netman/own.h"

#define TYPE_BITS 16 /* of what an ICMP type and code are together */
#define CODE_BITS 8

/**
 * before() - Chains for boxes, and behind them one that leads on
 * @rest: Its ways, if there are any
 */
static int before(struct asg_plan *plan, struct asg_box *boxes, size_t count,
                  const struct fw_rules *rest, const struct asg_ways *ways, struct err *e)
{
        OWN(fw_rules) struct fw_rules on = { 0 };
        const struct fw_rule all = { 0 };
        const struct asg_ways then = { { ways->found[0], ways->found[1] }, &on };

        if (!rest->count)
                return asg_addrs(plan, boxes, count, ways, e);
        if (asg_chain_add(plan, rest, ways->missed, e) < 0)
                return -1;
        if (!count)
                return 0;
        return asg_add_way(plan, &all, &on, e) < 0 ? -1 : asg_addrs(plan, boxes, count, &then, e);
}

/**
 * by_kind() - For ICMP: those of more kinds than one before the others
 */
static int by_kind(const void *a, const void *b)
{
        const struct asg_box *x = a, *y = b;

        if (x->kind_lo != y->kind_lo)
                return x->kind_lo < y->kind_lo ? -1 : 1;
        if (x->kind_hi != y->kind_hi)
                return x->kind_hi > y->kind_hi ? -1 : 1;
        return asg_box_cmp(a, b);
}

/**
 * by_type() - Chains for ICMP boxes
 * @bits: How many of type and code they do not have in common
 */
static int by_type(struct asg_plan *plan, struct asg_box *boxes, size_t count, unsigned int bits,
                   const struct asg_ways *ways, struct err *e)
{
        OWN(fw_rules) struct fw_rules kinds = { 0 };
        size_t whole = 0, end;

        if (count <= ASG_CHAIN_RULES)
                return asg_chain_list(plan, boxes, count, ways, e);
        qsort(boxes, count, sizeof *boxes, by_kind);
        while (whole < count && boxes[whole].kind_hi - boxes[whole].kind_lo == (1U << bits) - 1)
                whole++;
        for (size_t i = whole; i < count; i = end) {
                const uint32_t mask = (1U << (bits - CODE_BITS)) - 1;
                struct fw_rule r = { 0 };

                for (end = i;
                     end < count && (boxes[end].kind_lo | mask) == (boxes[i].kind_lo | mask);)
                        end++;
                asg_set_kinds(&r, boxes[i].kind_lo & ~mask, boxes[i].kind_lo | mask);
                if (by_type(plan, &boxes[i], end - i, bits - CODE_BITS, ways, e) < 0 ||
                    asg_add_way(plan, &r, &kinds, e) < 0)
                        return -1;
        }
        return before(plan, boxes, whole, &kinds, ways, e);
}

int asg_tree(struct asg_plan *plan, struct asg_box *boxes, size_t count,
             const struct asg_ways *ways, struct err *e)
{
        OWN(fw_rules) struct fw_rules protos = { 0 };
        size_t any = 0, end;

        if (count <= ASG_CHAIN_RULES)
                return asg_chain_list(plan, boxes, count, ways, e);
        while (any < count && asg_box_proto(&boxes[any]) == FW_ANY)
                any++;
        for (size_t i = any; i < count; i = end) {
                const struct fw_rule r = { .proto = asg_box_proto(&boxes[i]) };

                for (end = i; end < count && asg_box_proto(&boxes[end]) == r.proto;)
                        end++;
                if (r.proto == FW_ICMP ? by_type(plan, &boxes[i], end - i, TYPE_BITS, ways, e) < 0
                                       : asg_addrs(plan, &boxes[i], end - i, ways, e) < 0)
                        return -1;
                if (asg_add_way(plan, &r, &protos, e) < 0)
                        return -1;
        }
        return before(plan, boxes, any, &protos, ways, e);
}
