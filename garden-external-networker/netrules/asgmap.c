/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/netrules/asgmap.h"

#include "netman/grow.h"

#include <stdlib.h>
#include <string.h>

#define WORK_MAX  4000000 /* rules looked at, over all address ranges: some 100 ms */
#define SEEN_SETS 1024    /* recent sets of spans that later slabs may share */

/**
 * struct box - A rule's addresses and ports; ends are not included
 * @rank: Position in the list: the lowest wins
 */
struct box {
        uint64_t lo, end;
        uint32_t port_lo, port_end;
        uint32_t rank;
        bool log;
};

typedef struct box *box_ref;

/**
 * struct sweep - Going through the addresses in order
 * @boxes:   Sorted by @lo
 * @active:  Those that hold the current addresses
 * @by_port, @heap, @cuts: Room for working on the active ones
 * @seen:    Index + 1 of a slab with a set of spans of that hash
 */
struct sweep {
        struct box *boxes;
        size_t count, next, active_count, work;
        box_ref *active, *by_port, *heap;
        uint32_t *cuts;
        size_t seen[SEEN_SETS];
        struct asg_map map;
};

static void sweep_drop(struct sweep **p)
{
        struct sweep *s = *p;

        if (!s)
                return;
        free(s->boxes);
        free(s->active);
        free(s->by_port);
        free(s->heap);
        free(s->cuts);
        asg_map_done(&s->map);
        free(s);
}

void asg_map_done(struct asg_map *map)
{
        free(map->slabs);
        free(map->spans);
        *map = (struct asg_map){ 0 };
}

static bool in_class(const struct egress *g, enum asg_class class)
{
        static const uint8_t protos[] = { FW_TCP, FW_UDP, FW_ICMP };

        return g->proto == FW_ANY || (class != ASG_OTHER && g->proto == protos[class]);
}

static struct box box_of(const struct egress *g, uint32_t rank)
{
        struct box b = { .lo = g->dst.lo,
                         .end = (uint64_t)g->dst.hi + 1,
                         .port_lo = 0,
                         .port_end = UINT16_MAX + 1,
                         .rank = rank,
                         .log = g->log };

        if (g->proto == FW_ICMP && g->icmp.type >= 0) {
                b.port_lo = (uint32_t)g->icmp.type << 8 |
                            (uint32_t)(g->icmp.code >= 0 ? g->icmp.code : 0);
                b.port_end = b.port_lo + (g->icmp.code >= 0 ? 1 : 256);
        } else if (g->proto == FW_TCP || g->proto == FW_UDP) {
                b.port_lo = g->ports.lo;
                b.port_end = (uint32_t)g->ports.hi + 1;
        }
        return b;
}

static int by_addr(const void *a, const void *b)
{
        const struct box *x = a, *y = b;

        return (x->lo > y->lo) - (x->lo < y->lo);
}

static int by_port(const void *a, const void *b)
{
        const struct box *x = *(struct box *const *)a, *y = *(struct box *const *)b;

        return (x->port_lo > y->port_lo) - (x->port_lo < y->port_lo);
}

static int by_value(const void *a, const void *b)
{
        const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

static int by_value64(const void *a, const void *b)
{
        const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return (x > y) - (x < y);
}

/** heap_push(), heap_pop() - A heap of boxes, the lowest rank on top */
static void heap_push(struct box **heap, size_t *count, struct box *b)
{
        size_t i = (*count)++;

        for (; i > 0 && heap[(i - 1) / 2]->rank > b->rank; i = (i - 1) / 2)
                heap[i] = heap[(i - 1) / 2];
        heap[i] = b;
}

static void heap_pop(struct box **heap, size_t *count)
{
        struct box *last = heap[--*count];
        size_t i = 0;

        for (;;) {
                size_t child = 2 * i + 1;

                if (child + 1 < *count && heap[child + 1]->rank < heap[child]->rank)
                        child++;
                if (child >= *count || heap[child]->rank >= last->rank)
                        break;
                heap[i] = heap[child];
                i = child;
        }
        if (*count)
                heap[i] = last;
}

static int add_span(struct asg_map *map, size_t first, uint32_t lo, uint32_t end, bool log,
                    struct err *e)
{
        struct span *last = map->span_count > first ? &map->spans[map->span_count - 1] : NULL;

        if (last && last->log == log && (uint32_t)last->hi + 1 == lo) {
                last->hi = (uint16_t)(end - 1);
                return 0;
        }
        if (grow(&map->spans, map->span_count, &map->span_cap, sizeof *map->spans, e) < 0)
                return -1;
        map->spans[map->span_count++] = (struct span){ (uint16_t)lo, (uint16_t)(end - 1), log };
        return 0;
}

/**
 * cut_ports() - The active boxes' ports, as spans at the end of the map
 *
 * From cut to cut, the box of the lowest rank that holds the ports decides.
 */
static int cut_ports(struct sweep *s, struct err *e)
{
        size_t first = s->map.span_count, n = s->active_count, next = 0, heap_count = 0;

        for (size_t i = 0; i < n; i++)
                s->by_port[i] = s->active[i];
        qsort(s->by_port, n, sizeof(box_ref), by_port);
        for (size_t i = 0; i < n; i++) {
                s->cuts[2 * i] = s->active[i]->port_lo;
                s->cuts[2 * i + 1] = s->active[i]->port_end;
        }
        qsort(s->cuts, 2 * n, sizeof *s->cuts, by_value);
        for (size_t i = 0; i + 1 < 2 * n; i++) {
                if (s->cuts[i] == s->cuts[i + 1])
                        continue;
                while (next < n && s->by_port[next]->port_lo <= s->cuts[i])
                        heap_push(s->heap, &heap_count, s->by_port[next++]);
                while (heap_count && s->heap[0]->port_end <= s->cuts[i])
                        heap_pop(s->heap, &heap_count);
                if (heap_count &&
                    add_span(&s->map, first, s->cuts[i], s->cuts[i + 1], s->heap[0]->log, e) < 0)
                        return -1;
        }
        return 0;
}

static bool same_spans(const struct asg_map *map, const struct slab *a, const struct slab *b)
{
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++) {
                const struct span *x = &map->spans[a->first + i], *y = &map->spans[b->first + i];

                if (x->lo != y->lo || x->hi != y->hi || x->log != y->log)
                        return false;
        }
        return true;
}

static size_t hash_spans(const struct asg_map *map, const struct slab *slab)
{
        size_t h = 14695981039346656037U;

        for (size_t i = 0; i < slab->count; i++) {
                const struct span *x = &map->spans[slab->first + i];

                h = (h ^ ((size_t)x->lo << 17 | (size_t)x->hi << 1 | x->log)) * 1099511628211U;
        }
        return (h ^ h >> 32) % SEEN_SETS;
}

/**
 * share_spans() - If a slab before has the same spans, use those and free ours
 */
static void share_spans(struct sweep *s, struct slab *slab)
{
        size_t *seen = &s->seen[hash_spans(&s->map, slab)];

        if (*seen && s->map.slabs && same_spans(&s->map, &s->map.slabs[*seen - 1], slab)) {
                s->map.span_count = slab->first;
                slab->first = s->map.slabs[*seen - 1].first;
        } else {
                *seen = s->map.slab_count + 1;
        }
}

static int add_slab(struct sweep *s, uint64_t lo, uint64_t end, size_t first, struct err *e)
{
        struct asg_map *map = &s->map;
        struct slab slab = { (uint32_t)lo, (uint32_t)(end - 1), first, map->span_count - first };
        struct slab *last = map->slab_count ? &map->slabs[map->slab_count - 1] : NULL;

        share_spans(s, &slab);
        if (last && (uint64_t)last->hi + 1 == lo && same_spans(map, last, &slab)) {
                last->hi = slab.hi;
                if (slab.first == first)
                        map->span_count = first; /* last's own are the same */
                return 0;
        }
        if (grow(&map->slabs, map->slab_count, &map->slab_cap, sizeof *map->slabs, e) < 0)
                return -1;
        map->slabs[map->slab_count++] = slab;
        return 0;
}

/**
 * step() - Work out the addresses from one cut to the next
 */
static int step(struct sweep *s, uint64_t lo, uint64_t end, struct err *e)
{
        size_t first = s->map.span_count;

        for (size_t i = 0; i < s->active_count;) {
                if (s->active[i]->end <= lo)
                        s->active[i] = s->active[--s->active_count];
                else
                        i++;
        }
        while (s->next < s->count && s->boxes[s->next].lo <= lo)
                s->active[s->active_count++] = &s->boxes[s->next++];
        if (!s->active_count)
                return 0;
        s->work += s->active_count;
        if (s->work > WORK_MAX || s->map.slab_count + s->map.span_count > 4 * s->count + 1024)
                return err_set(e, FAULT_CONFLICT, 0, "rules overlap too much for a map");
        if (cut_ports(s, e) < 0)
                return -1;
        return s->map.span_count > first ? add_slab(s, lo, end, first, e) : 0;
}

/**
 * sweep_new() - All boxes of the class, and room to work
 */
static struct sweep *sweep_new(const struct egress_list *list, enum asg_class class)
{
        struct sweep *s = calloc(1, sizeof *s);
        size_t n = list->count + 1;

        if (!s)
                return NULL;
        s->boxes = calloc(n, sizeof *s->boxes);
        s->active = calloc(n, sizeof(box_ref));
        s->by_port = calloc(n, sizeof(box_ref));
        s->heap = calloc(n, sizeof(box_ref));
        s->cuts = calloc(2 * n, sizeof *s->cuts);
        if (!s->boxes || !s->active || !s->by_port || !s->heap || !s->cuts) {
                sweep_drop(&s);
                return NULL;
        }
        for (size_t i = 0; i < list->count; i++)
                if (in_class(&list->items[i], class))
                        s->boxes[s->count++] = box_of(&list->items[i], (uint32_t)i);
        if (s->count)
                qsort(s->boxes, s->count, sizeof *s->boxes, by_addr);
        return s;
}

int asg_map_make(const struct egress_list *list, enum asg_class class, struct asg_map *ret,
                 struct err *e)
{
        OWN(sweep) struct sweep *s = sweep_new(list, class);
        OWN(mem) uint64_t *cuts = NULL;

        if (!s)
                return err_oom(e);
        cuts = calloc(2 * s->count + 1, sizeof *cuts);
        if (!cuts)
                return err_oom(e);
        for (size_t i = 0; i < s->count; i++) {
                cuts[2 * i] = s->boxes[i].lo;
                cuts[2 * i + 1] = s->boxes[i].end;
        }
        qsort(cuts, 2 * s->count, sizeof *cuts, by_value64);
        for (size_t i = 0; i + 1 < 2 * s->count; i++)
                if (cuts[i] != cuts[i + 1] && step(s, cuts[i], cuts[i + 1], e) < 0)
                        return -1;
        *ret = s->map;
        s->map = (struct asg_map){ 0 };
        return 0;
}
