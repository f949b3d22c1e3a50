/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/netrules/asgbox.h"

#include "netman/own.h"

#define KINDS     0x10000U /* of a protocol */
#define KINDS_ALL (4 * KINDS)

static const uint8_t protos[] = { FW_TCP, FW_UDP, FW_ICMP };

uint8_t asg_box_proto(const struct asg_box *box)
{
        return box->kind_hi - box->kind_lo < KINDS ? protos[box->kind_lo / KINDS] : FW_ANY;
}

static int order(uint32_t a, uint32_t b)
{
        return (a > b) - (a < b);
}

/**
 * by_words() - Equal if they say the same but for the log
 */
static int by_words(const struct asg_box *x, const struct asg_box *y)
{
        int cmp = order(x->lo, y->lo);

        cmp = cmp ? cmp : order(x->hi, y->hi);
        cmp = cmp ? cmp : order(x->kind_lo, y->kind_lo);
        return cmp ? cmp : order(x->kind_hi, y->kind_hi);
}

static uint32_t group(const struct asg_box *box)
{
        return box->kind_hi - box->kind_lo < KINDS ? 1 + box->kind_lo / KINDS : 0;
}

int asg_box_cmp(const void *a, const void *b)
{
        int cmp = order(group(a), group(b));

        return cmp ? cmp : by_words(a, b);
}

static int by_layer(const void *a, const void *b)
{
        const struct asg_box *x = a, *y = b;
        int cmp = order(x->layer, y->layer);

        return cmp ? cmp : asg_box_cmp(a, b);
}

static int by_words_and_rank(const void *a, const void *b)
{
        const struct asg_box *x = a, *y = b;
        int cmp = by_words(x, y);

        return cmp ? cmp : order(x->rank, y->rank);
}

static struct asg_box box_of(const struct egress *g, uint32_t rank, bool log_all)
{
        struct asg_box b = { .lo = g->dst.lo,
                             .hi = g->dst.hi,
                             .kind_hi = KINDS_ALL - 1,
                             .rank = rank,
                             .log = g->log || log_all };

        if (g->proto == FW_TCP || g->proto == FW_UDP) {
                b.kind_lo = (g->proto == FW_UDP ? KINDS : 0) + g->ports.lo;
                b.kind_hi = (g->proto == FW_UDP ? KINDS : 0) + g->ports.hi;
        } else if (g->proto == FW_ICMP) {
                b.kind_lo = 2 * KINDS;
                b.kind_hi = b.kind_lo + KINDS - 1;
                if (g->icmp.type >= 0) {
                        const uint32_t type = (uint32_t)g->icmp.type << 8;
                        const uint32_t code = g->icmp.code >= 0 ? (uint32_t)g->icmp.code : 0;

                        b.kind_lo += type | code;
                        b.kind_hi = b.kind_lo + (g->icmp.code >= 0 ? 0 : 255);
                }
        }
        return b;
}

/**
 * struct cover - What the boxes of a part of the array span together
 * @top: Highest layer among those that are in already, of the silent and the logging
 */
struct cover {
        uint32_t lo, hi, kind_lo, kind_hi;
        uint32_t top[2];
};

/**
 * struct covers - A tree of them: @of[1] is the root, the parts of @of[i] are
 *                 @of[2 * i] and the next, and @of[@leaves + i] is box i alone
 */
struct covers {
        struct cover *of;
        size_t leaves;
};

static void covers_drop(struct covers *c)
{
        free(c->of);
}

static uint32_t least(uint32_t a, uint32_t b)
{
        return a < b ? a : b;
}

static uint32_t most(uint32_t a, uint32_t b)
{
        return a > b ? a : b;
}

static int covers_make(const struct asg_box *boxes, size_t n, struct covers *ret, struct err *e)
{
        for (ret->leaves = 1; ret->leaves < n; ret->leaves *= 2)
                ;
        ret->of = calloc(2 * ret->leaves, sizeof *ret->of);
        if (!ret->of)
                return err_oom(e);
        for (size_t i = 0; i < ret->leaves; i++)
                ret->of[ret->leaves + i] =
                        i < n ? (struct cover){ boxes[i].lo,
                                                boxes[i].hi,
                                                boxes[i].kind_lo,
                                                boxes[i].kind_hi,
                                                { 0, 0 } }
                              : (struct cover){ UINT32_MAX, 0, UINT32_MAX, 0, { 0, 0 } };
        for (size_t i = ret->leaves - 1; i > 0; i--) {
                const struct cover *a = &ret->of[2 * i], *b = a + 1;

                ret->of[i] = (struct cover){ least(a->lo, b->lo),
                                             most(a->hi, b->hi),
                                             least(a->kind_lo, b->kind_lo),
                                             most(a->kind_hi, b->kind_hi),
                                             { 0, 0 } };
        }
        return 0;
}

/**
 * highest() - The highest layer of those of one sort that overlap a box
 * @at:   The part to look at
 * @best: What is known already
 */
static uint32_t highest(const struct covers *c, size_t at, const struct asg_box *box, bool log,
                        uint32_t best)
{
        const struct cover *part = &c->of[at];
        size_t first;

        if (part->top[log] <= best || part->lo > box->hi || part->hi < box->lo ||
            part->kind_lo > box->kind_hi || part->kind_hi < box->kind_lo)
                return best;
        if (at >= c->leaves)
                return part->top[log];
        first = c->of[2 * at].top[log] >= c->of[2 * at + 1].top[log] ? 2 * at : 2 * at + 1;
        best = highest(c, first, box, log, best);
        return highest(c, first ^ 1, box, log, best);
}

/**
 * set_layers() - Give each box its layer, in order of the list
 * @boxes: By words, so that the parts of the tree are near together
 * @ranks: Room for the whole list
 */
static int set_layers(struct asg_box *boxes, size_t n, size_t *ranks, size_t rank_count,
                      struct err *e)
{
        OWN(covers) struct covers c = { 0 };

        if (covers_make(boxes, n, &c, e) < 0)
                return -1;
        for (size_t i = 0; i < n; i++)
                ranks[boxes[i].rank] = i + 1;
        for (size_t rank = 0; rank < rank_count; rank++) {
                struct asg_box *box;

                if (!ranks[rank])
                        continue;
                box = &boxes[ranks[rank] - 1];
                box->layer = 1 + highest(&c, 1, box, !box->log, 0);
                for (size_t at = c.leaves + ranks[rank] - 1; at > 0; at /= 2)
                        c.of[at].top[box->log] = most(c.of[at].top[box->log], box->layer);
        }
        return 0;
}

/**
 * drop_repeated() - Leave out what an earlier one says in the same words
 */
static void drop_repeated(struct asg_boxes *boxes)
{
        size_t kept = 0;

        for (size_t i = 0; i < boxes->count; i++)
                if (!kept || by_words(&boxes->items[kept - 1], &boxes->items[i]) != 0)
                        boxes->items[kept++] = boxes->items[i];
        boxes->count = kept;
}

int asg_boxes_make(const struct egress_list *list, bool log_all, struct asg_boxes *ret,
                   struct err *e)
{
        OWN(asg_boxes) struct asg_boxes boxes = { 0 };
        OWN(mem) size_t *ranks = calloc(list->count + 1, sizeof *ranks);

        boxes.items = calloc(list->count + 1, sizeof *boxes.items);
        if (!boxes.items || !ranks)
                return err_oom(e);
        for (size_t i = 0; i < list->count; i++)
                if (!egress_is_void(&list->items[i]))
                        boxes.items[boxes.count++] = box_of(&list->items[i], (uint32_t)i, log_all);
        qsort(boxes.items, boxes.count, sizeof *boxes.items, by_words_and_rank);
        drop_repeated(&boxes);
        if (set_layers(boxes.items, boxes.count, ranks, list->count, e) < 0)
                return -1;
        qsort(boxes.items, boxes.count, sizeof *boxes.items, by_layer);
        *ret = boxes;
        boxes.items = NULL;
        return 0;
}
