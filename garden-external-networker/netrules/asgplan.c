/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/netrules/asgplan.h"

#include "garden-external-networker/netrules/asgtree.h"
#include "netman/own.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define IN_TURN 4 /* layers that a packet tries one after the other */

const char *asg_plan_root(const struct asg_plan *plan)
{
        return plan->chains[plan->count - 1].name;
}

static size_t layer_count(const struct asg_box *boxes, size_t count)
{
        size_t layers = count > 0;

        for (size_t i = 1; i < count; i++)
                layers += boxes[i].layer != boxes[i - 1].layer;
        return layers;
}

/**
 * go_on() - Have packets that miss go to the last chain made
 */
static int go_on(const struct asg_plan *plan, struct fw_rules *missed, struct err *e)
{
        const struct fw_rule all = { 0 };

        missed->count = 0;
        return asg_add_way(plan, &all, missed, e);
}

/**
 * in_turn() - One layer behind the other
 */
static int in_turn(struct asg_plan *plan, struct asg_box *boxes, size_t count,
                   const struct asg_ways *ways, struct err *e)
{
        OWN(fw_rules) struct fw_rules next = { 0 };
        struct asg_ways each = *ways;

        for (size_t end = count, at; end > 0; end = at) {
                for (at = end - 1; at > 0 && boxes[at - 1].layer == boxes[end - 1].layer;)
                        at--;
                if (asg_tree(plan, &boxes[at], end - at, &each, e) < 0 || go_on(plan, &next, e) < 0)
                        return -1;
                each.missed = &next;
        }
        return 0;
}

/**
 * halfway() - Where the layers are parted: in the middle of the boxes, or next to it
 */
static size_t halfway(const struct asg_box *boxes, size_t count)
{
        size_t at = count / 2;

        while (at > 0 && boxes[at - 1].layer == boxes[count / 2].layer)
                at--;
        if (at == 0)
                while (boxes[at].layer == boxes[0].layer)
                        at++;
        return at;
}

/**
 * decide() - Chains for boxes in layers
 * @boxes: As from asg_boxes_make(); unsorted afterwards
 */
static int decide(struct asg_plan *plan, struct asg_box *boxes, size_t count,
                  const struct asg_ways *ways, struct err *e)
{
        OWN(mem) struct asg_box *guide = NULL;
        OWN(fw_rules) struct fw_rules upper = { 0 };
        struct asg_ways led = { .missed = &upper };
        size_t half;

        if (count <= ASG_CHAIN_RULES)
                return asg_chain_list(plan, boxes, count, ways, e);
        if (layer_count(boxes, count) <= IN_TURN)
                return in_turn(plan, boxes, count, ways, e);
        half = halfway(boxes, count);
        guide = calloc(half, sizeof *guide);
        if (!guide)
                return err_oom(e);
        memcpy(guide, boxes, half * sizeof *guide);
        qsort(guide, half, sizeof *guide, asg_box_cmp);
        if (decide(plan, &boxes[half], count - half, ways, e) < 0 || go_on(plan, &upper, e) < 0)
                return -1;
        if (layer_count(boxes, half) == 1) {
                memcpy(led.found, ways->found, sizeof led.found);
                return asg_tree(plan, boxes, half, &led, e);
        }
        if (decide(plan, boxes, half, ways, e) < 0)
                return -1;
        asg_go_to(plan, plan->count - 1, &led.found[0]);
        led.found[1] = led.found[0];
        return asg_tree(plan, guide, half, &led, e);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
        h = (h ^ v) * 1099511628211U;
        return h ^ h >> 29;
}

/**
 * name_it() - The stem: a hash of everything that the chains will say
 */
static void name_it(struct asg_plan *plan, const struct asg_boxes *boxes,
                    const struct asg_ways *ways)
{
        uint64_t h = 14695981039346656037U;

        for (const char *p = ways->found[1].to; *p; p++)
                h = mix(h, (unsigned char)*p);
        for (size_t i = 0; i < ways->missed->count; i++)
                h = mix(h, ways->missed->items[i].verb);
        for (size_t i = 0; i < boxes->count; i++) {
                const struct asg_box *b = &boxes->items[i];

                h = mix(h, (uint64_t)b->lo << 32 | b->hi);
                h = mix(h, (uint64_t)b->kind_lo << 32 | b->kind_hi);
                h = mix(h, (uint64_t)b->layer << 1 | b->log);
        }
        (void)snprintf(plan->stem, sizeof plan->stem, ASG_PREFIX "%016" PRIx64, h);
}

int asg_plan_make(const struct egress_list *list, const char *log_chain, bool log_all,
                  const struct fw_rules *tail, struct asg_plan *ret, struct err *e)
{
        OWN(asg_boxes) struct asg_boxes boxes = { 0 };
        OWN(asg_plan) struct asg_plan plan = { 0 };
        struct asg_ways ways = { .found = { { .verb = FW_RETURN }, { .verb = FW_GOTO } },
                                 .missed = tail };
        struct asg_chain *root;

        if (asg_boxes_make(list, log_all, &boxes, e) < 0)
                return -1;
        for (size_t i = 0; i < boxes.count; i++)
                if (boxes.items[i].log && !*ways.found[1].to)
                        fw_to(&ways.found[1], "%s", log_chain); /* only then is it shared */
        name_it(&plan, &boxes, &ways);
        if (decide(&plan, boxes.items, boxes.count, &ways, e) < 0)
                return -1;
        root = &plan.chains[plan.count - 1];
        memcpy(root->name, plan.stem, sizeof root->name);
        *ret = plan;
        plan = (struct asg_plan){ 0 };
        return 0;
}
