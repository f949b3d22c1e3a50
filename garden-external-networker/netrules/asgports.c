/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/netrules/asgports.h"

#include "netman/grow.h"
#include "netman/own.h"

#define WAYS 4 /* that a chain leads on to by ports: a few tries of a step, for more steps */

typedef const struct asg_box *box_ref;

/**
 * struct spans - The kinds from each cut up to the next: no box begins or ends inside
 * @count:           Spans; there is one cut more
 * @lowest, @highest: By span: the box that has it and reaches to the lowest, and to the
 *                   highest address; NULL where no box is
 * @next:            By span: itself where it is not painted yet, else one behind it
 */
struct spans {
        uint32_t *cuts;
        size_t count;
        box_ref *lowest, *highest;
        size_t *next;
};

static void spans_drop(struct spans *s)
{
        free(s->cuts);
        free(s->lowest);
        free(s->highest);
        free(s->next);
}

static int by_value(const void *a, const void *b)
{
        const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

static int by_lowest(const void *a, const void *b)
{
        const struct asg_box *x = *(const box_ref *)a, *y = *(const box_ref *)b;
        int cmp = by_value(&x->lo, &y->lo);

        return cmp ? cmp : by_value(&y->hi, &x->hi);
}

static int by_highest(const void *a, const void *b)
{
        const struct asg_box *x = *(const box_ref *)a, *y = *(const box_ref *)b;
        int cmp = by_value(&y->hi, &x->hi);

        return cmp ? cmp : by_value(&x->lo, &y->lo);
}

/**
 * cut() - All ends of ranges of kinds, each once
 */
static void cut(struct spans *s, const struct asg_box *boxes, size_t count)
{
        size_t kept = 0;

        for (size_t i = 0; i < count; i++) {
                s->cuts[2 * i] = boxes[i].kind_lo;
                s->cuts[2 * i + 1] = boxes[i].kind_hi + 1;
        }
        qsort(s->cuts, 2 * count, sizeof *s->cuts, by_value);
        for (size_t i = 0; i < 2 * count; i++)
                if (!kept || s->cuts[kept - 1] != s->cuts[i])
                        s->cuts[kept++] = s->cuts[i];
        s->count = kept - 1;
}

static size_t find_cut(const struct spans *s, uint32_t value)
{
        const uint32_t *at = bsearch(&value, s->cuts, s->count + 1, sizeof *s->cuts, by_value);

        return (size_t)(at - s->cuts); /* it is there: cut() has seen it */
}

static size_t unpainted(size_t *next, size_t i)
{
        while (next[i] != i) {
                next[i] = next[next[i]]; /* the way is half as long the next time */
                i = next[i];
        }
        return i;
}

/**
 * paint() - Give each span the first box of an order that has it
 */
static void paint(struct spans *s, const box_ref *order, size_t count, box_ref *ret)
{
        for (size_t i = 0; i <= s->count; i++)
                s->next[i] = i;
        for (size_t i = 0; i < count; i++) {
                size_t end = find_cut(s, order[i]->kind_hi + 1);
                size_t at = unpainted(s->next, find_cut(s, order[i]->kind_lo));

                for (; at < end; at = unpainted(s->next, at)) {
                        ret[at] = order[i];
                        s->next[at] = at + 1;
                }
        }
}

static int spans_make(const struct asg_box *boxes, size_t count, struct spans *ret, struct err *e)
{
        OWN(mem) box_ref *order = calloc(count, sizeof(box_ref));

        ret->cuts = calloc(2 * count, sizeof *ret->cuts);
        ret->lowest = calloc(2 * count, sizeof(box_ref));
        ret->highest = calloc(2 * count, sizeof(box_ref));
        ret->next = calloc(2 * count, sizeof *ret->next);
        if (!order || !ret->cuts || !ret->lowest || !ret->highest || !ret->next)
                return err_oom(e);
        cut(ret, boxes, count);
        for (size_t i = 0; i < count; i++)
                order[i] = &boxes[i];
        qsort(order, count, sizeof(box_ref), by_lowest);
        paint(ret, order, count, ret->lowest);
        qsort(order, count, sizeof(box_ref), by_highest);
        paint(ret, order, count, ret->highest);
        return 0;
}

/** struct node - A chain for the kinds from @lo to @hi */
struct node {
        uint32_t lo, hi;
        size_t chain;
};

/** struct nodes - A growing list of them, in order of kinds */
struct nodes {
        struct node *items;
        size_t count, cap;
};

static void nodes_drop(struct nodes *n)
{
        free(n->items);
}

/**
 * add_node() - The last chain made is for these kinds
 */
static int add_node(const struct asg_plan *plan, uint32_t lo, uint32_t hi, struct nodes *ret,
                    struct err *e)
{
        if (grow(&ret->items, ret->count, &ret->cap, sizeof *ret->items, e) < 0)
                return -1;
        ret->items[ret->count++] = (struct node){ lo, hi, plan->count - 1 };
        return 0;
}

/**
 * fold() - Lead to nodes by their kinds: chains that do, and chains that lead to those
 */
static int fold(struct asg_plan *plan, const struct nodes *all, const struct asg_ways *ways,
                struct err *e)
{
        OWN(nodes) struct nodes upper = { 0 };

        if (all->count <= 1)
                return 0;
        for (size_t i = 0; i < all->count; i += WAYS) {
                OWN(fw_rules) struct fw_rules rules = { 0 };
                size_t end = i + WAYS < all->count ? i + WAYS : all->count;

                for (size_t j = i; j < end; j++) {
                        struct fw_rule r = { 0 };

                        asg_set_kinds(&r, all->items[j].lo, all->items[j].hi);
                        asg_go_to(plan, all->items[j].chain, &r);
                        if (fw_rules_add(&rules, &r, e) < 0)
                                return -1;
                }
                if (asg_chain_add(plan, &rules, ways->missed, e) < 0 ||
                    add_node(plan, all->items[i].lo, all->items[end - 1].hi, &upper, e) < 0)
                        return -1;
        }
        return fold(plan, &upper, ways, e);
}

/** struct bundle - The boxes of neighbouring spans, each once */
struct bundle {
        struct asg_box boxes[ASG_CHAIN_RULES];
        size_t count;
        uint32_t lo, hi;
};

static bool has(const struct bundle *b, box_ref box)
{
        for (size_t i = 0; i < b->count; i++)
                if (asg_box_cmp(&b->boxes[i], box) == 0)
                        return true;
        return false;
}

static void put(struct bundle *b, box_ref box)
{
        if (!has(b, box))
                b->boxes[b->count++] = *box;
}

static int close_bundle(struct asg_plan *plan, struct bundle *b, const struct asg_ways *ways,
                        struct nodes *ret, struct err *e)
{
        if (asg_chain_list(plan, b->boxes, b->count, ways, e) < 0 ||
            add_node(plan, b->lo, b->hi, ret, e) < 0)
                return -1;
        b->count = 0;
        return 0;
}

int asg_ports(struct asg_plan *plan, const struct asg_box *boxes, size_t count,
              const struct asg_ways *ways, struct err *e)
{
        OWN(spans) struct spans s = { 0 };
        OWN(nodes) struct nodes nodes = { 0 };
        struct bundle b = { 0 };

        if (count <= ASG_CHAIN_RULES)
                return asg_chain_list(plan, boxes, count, ways, e);
        if (spans_make(boxes, count, &s, e) < 0)
                return -1;
        for (size_t i = 0; i < s.count; i++) {
                if (!s.lowest[i])
                        continue;
                if (b.count + !has(&b, s.lowest[i]) + !has(&b, s.highest[i]) > ASG_CHAIN_RULES &&
                    close_bundle(plan, &b, ways, &nodes, e) < 0)
                        return -1;
                if (!b.count)
                        b.lo = s.cuts[i];
                put(&b, s.lowest[i]);
                put(&b, s.highest[i]);
                b.hi = s.cuts[i + 1] - 1;
        }
        return close_bundle(plan, &b, ways, &nodes, e) < 0 ? -1 : fold(plan, &nodes, ways, e);
}
