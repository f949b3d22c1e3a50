/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of net-out rules, found by a tree: are they those that looking at all pairs finds? */
#include "tests/unit/test.h"

#include "garden-external-networker/netrules/asgbox.h"
#include "netman/own.h"

static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
        seed = seed * 1664525U + 1013904223U;
        return (seed >> 8) % sides;
}

static struct egress random_rule(void)
{
        static const uint8_t protos[] = { FW_ANY, FW_TCP, FW_UDP };
        struct egress g = { .proto = protos[dice(3)], .log = dice(3) == 0 };

        g.dst.lo = 0x0a000000U + dice(200);
        g.dst.hi = g.dst.lo + dice(20);
        g.ports.hi = UINT16_MAX;
        if (g.proto != FW_ANY) {
                g.ports.lo = (uint16_t)(1 + dice(60));
                g.ports.hi = (uint16_t)(g.ports.lo + dice(6));
        }
        return g;
}

static int by_rank(const void *a, const void *b)
{
        const struct asg_box *x = a, *y = b;

        return (x->rank > y->rank) - (x->rank < y->rank);
}

static bool differ_and_overlap(const struct asg_box *a, const struct asg_box *b)
{
        return a->log != b->log && a->lo <= b->hi && b->lo <= a->hi && a->kind_lo <= b->kind_hi &&
               b->kind_lo <= a->kind_hi;
}

static void a_layer_is_the_first_above_those_that_must_be_below(void **state)
{
        (void)state;
        for (uint32_t s = 1; s <= 100; s++) {
                OWN(egress) struct egress_list list = { 0 };
                OWN(asg_boxes) struct asg_boxes boxes = { 0 };
                struct err e = { 0 };

                seed = s;
                for (uint32_t i = 0, count = 1 + dice(300); i < count; i++) {
                        struct egress g = random_rule();

                        assert_int_equal(egress_add(&list, &g, &e), 0);
                }
                assert_int_equal(asg_boxes_make(&list, false, &boxes, &e), 0);
                qsort(boxes.items, boxes.count, sizeof *boxes.items, by_rank);
                for (size_t i = 0; i < boxes.count; i++) {
                        uint32_t below = 0;

                        for (size_t j = 0; j < i; j++)
                                if (differ_and_overlap(&boxes.items[i], &boxes.items[j]) &&
                                    boxes.items[j].layer > below)
                                        below = boxes.items[j].layer;
                        if (boxes.items[i].layer != below + 1)
                                fail_msg("seed %u: rule %u is in layer %u, not %u", s,
                                         boxes.items[i].rank, boxes.items[i].layer, below + 1);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_layer_is_the_first_above_those_that_must_be_below),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
