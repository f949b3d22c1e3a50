/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/netrules/asgaddrs.h"

#include "garden-external-networker/netrules/asgports.h"
#include "netman/own.h"

#define PARTS 4                      /* that a chain leads on to: a few tries, for fewer steps */
#define LARGE (32 * ASG_CHAIN_RULES) /* boxes beside which a chain that is not full is little */

/**
 * struct part - Boxes, by first address, that others lie before and behind
 * @lo, @hi: From the first of their addresses to the last
 */
struct part {
        struct asg_box *boxes;
        size_t count;
        uint32_t lo, hi;
};

/** struct parts - In order of addresses */
struct parts {
        struct part items[PARTS];
        size_t count;
};

static void part_add(struct parts *parts, struct asg_box *boxes, size_t count)
{
        struct part part = { .boxes = boxes, .count = count };

        if (!count)
                return;
        part.lo = boxes[0].lo;
        for (size_t i = 0; i < count; i++)
                if (boxes[i].hi > part.hi)
                        part.hi = boxes[i].hi;
        parts->items[parts->count++] = part;
}

static size_t chains_for(size_t boxes)
{
        return (boxes + ASG_CHAIN_RULES - 1) / ASG_CHAIN_RULES;
}

/**
 * is_even() - Does a cut leave enough on both sides, and few chains that are not full?
 */
static bool is_even(size_t before, size_t count)
{
        const size_t behind = count - before, spare = count > LARGE;

        return before >= count / 3 && behind >= count / 3 &&
               chains_for(before) + chains_for(behind) <= chains_for(count) + spare;
}

/**
 * struct cut - Between two boxes
 * @before: How many are before it; 0: no cut
 * @bits:   The addresses on both sides have not got in common
 */
struct cut {
        size_t before, uneven;
        int bits;
};

/**
 * find_cut() - Where no box is on both sides, near the middle
 *
 * Best where the addresses before and behind differ in a high bit: there it is likely
 * that a network tells them apart.
 */
static size_t find_cut(const struct part *part)
{
        struct cut best = { 0 };
        uint32_t end = 0;

        for (size_t i = 0; i < part->count; i++) {
                const uint32_t begin = part->boxes[i].lo;

                if (begin > end && is_even(i, part->count)) {
                        const size_t other = part->count - i;
                        const struct cut cut = { i, i > other ? i - other : other - i,
                                                 32 - __builtin_clz(begin ^ end) };

                        if (cut.bits > best.bits ||
                            (cut.bits == best.bits && cut.uneven < best.uneven))
                                best = cut;
                }
                if (part->boxes[i].hi > end)
                        end = part->boxes[i].hi;
        }
        return best.before;
}

/**
 * split() - Cut each part in two that can be, as long as there is room
 */
static void split(struct parts *parts)
{
        for (size_t was = 0; parts->count > was && parts->count <= PARTS / 2;) {
                const struct parts whole = *parts;

                was = parts->count;
                parts->count = 0;
                for (size_t i = 0; i < was; i++) {
                        const struct part *p = &whole.items[i];
                        const size_t cut = p->count > ASG_CHAIN_RULES ? find_cut(p) : 0;

                        part_add(parts, p->boxes, cut);
                        part_add(parts, p->boxes + cut, p->count - cut);
                }
        }
}

/**
 * is_apart() - Does the network that holds a part hold nothing of the others?
 */
static bool is_apart(const struct parts *parts, size_t at)
{
        const struct part *p = &parts->items[at];
        const struct fw_net net = asg_prefix(p->lo, p->hi);

        return (at == 0 || !fw_net_has(net, p[-1].hi)) &&
               (at + 1 == parts->count || !fw_net_has(net, p[1].lo));
}

/**
 * next() - The part to look for before the others: one that a network tells from them,
 *          if there is one
 */
static size_t next(const struct parts *parts)
{
        for (size_t i = 0; i < parts->count; i++)
                if (is_apart(parts, i))
                        return i;
        return 0;
}

/**
 * lead() - Chains for parts, and the rules that lead to them
 * @parts: Used up
 *
 * The last rule takes all packets, and a network more than its part: what is in no
 * part may go to any, where no rule is there for it.
 */
static int lead(struct asg_plan *plan, struct parts *parts, const struct asg_ways *ways,
                struct fw_rules *ret, struct err *e)
{
        struct fw_rule to[PARTS] = { { .verb = FW_GOTO } };

        for (size_t i = 0; i < parts->count; i++) {
                const struct part *p = &parts->items[i];

                if (asg_addrs(plan, p->boxes, p->count, ways, e) < 0)
                        return -1;
                asg_go_to(plan, plan->count - 1, &to[i]);
        }
        while (parts->count > 0) {
                const size_t at = next(parts);
                const struct part *p = &parts->items[at];

                if (parts->count > 1 && is_apart(parts, at))
                        to[at].dst = asg_prefix(p->lo, p->hi);
                else if (parts->count > 1)
                        asg_set_addrs(&to[at], p->lo, p->hi);
                if (fw_rules_add(ret, &to[at], e) < 0)
                        return -1;
                parts->count--;
                for (size_t i = at; i < parts->count; i++) {
                        parts->items[i] = parts->items[i + 1];
                        to[i] = to[i + 1];
                }
        }
        return 0;
}

static size_t count_before(const struct asg_box *boxes, size_t count, uint32_t at)
{
        size_t before = 0;

        for (size_t i = 0; i < count; i++)
                before += boxes[i].hi < at;
        return before;
}

/**
 * struct pivot - An address to part boxes at
 * @keep: Boxes that begin there are not parted further
 */
struct pivot {
        uint32_t at;
        bool keep;
};

/**
 * find_pivot() - The last address that half of the boxes at most begin at or behind, and
 *                no more than those end before
 *
 * What begins right there can be parted further, unless that leaves too many.
 */
static struct pivot find_pivot(const struct asg_box *boxes, size_t count)
{
        size_t first = count / 2, end = count;
        uint32_t at;

        while (first + 1 < end) {
                const size_t mid = first + (end - first) / 2;

                if (count_before(boxes, count, boxes[mid].lo) <= count - mid)
                        first = mid;
                else
                        end = mid;
        }
        at = boxes[first].lo;
        while (first > 0 && boxes[first - 1].lo == at)
                first--;
        return (struct pivot){ at, first < count / 4 };
}

/**
 * across() - Chains for boxes that no cut parts: those that hold an address, and behind
 *            them the parts to both sides
 */
static int across(struct asg_plan *plan, struct asg_box *boxes, size_t count,
                  const struct asg_ways *ways, struct err *e)
{
        OWN(mem) struct asg_box *here = calloc(count, sizeof *here);
        OWN(fw_rules) struct fw_rules on = { 0 };
        const struct asg_ways near = { { ways->found[0], ways->found[1] }, &on };
        const struct pivot pivot = find_pivot(boxes, count);
        const struct fw_rule all = { 0 };
        struct parts parts = { .count = 0 };
        size_t before = 0, behind = 0, here_count = 0;

        if (!here)
                return err_oom(e);
        for (; behind < count && boxes[behind].lo <= pivot.at - !pivot.keep; behind++) {
                if (boxes[behind].hi < pivot.at)
                        boxes[before++] = boxes[behind];
                else
                        here[here_count++] = boxes[behind];
        }
        part_add(&parts, boxes, before);
        part_add(&parts, &boxes[behind], count - behind);
        if (!parts.count)
                return asg_ports(plan, here, here_count, ways, e);
        split(&parts);
        if (lead(plan, &parts, ways, &on, e) < 0)
                return -1;
        if (here_count + on.count > ASG_CHAIN_RULES && on.count > 1) { /* for all chains once */
                if (asg_chain_add(plan, &on, &(struct fw_rules){ 0 }, e) < 0)
                        return -1;
                on.count = 0;
                if (asg_add_way(plan, &all, &on, e) < 0)
                        return -1;
        }
        return asg_ports(plan, here, here_count, &near, e);
}

int asg_addrs(struct asg_plan *plan, struct asg_box *boxes, size_t count,
              const struct asg_ways *ways, struct err *e)
{
        OWN(fw_rules) struct fw_rules on = { 0 };
        struct parts parts = { .count = 0 };

        if (count <= ASG_CHAIN_RULES)
                return asg_chain_list(plan, boxes, count, ways, e);
        part_add(&parts, boxes, count);
        split(&parts);
        if (parts.count == 1)
                return across(plan, boxes, count, ways, e);
        return lead(plan, &parts, ways, &on, e) < 0
                       ? -1
                       : asg_chain_add(plan, &on, &(struct fw_rules){ 0 }, e);
}
