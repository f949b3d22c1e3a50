/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/netrules/asgplan.h"

#include "garden-external-networker/netrules/asgmap.h"
#include "netman/grow.h"
#include "netman/own.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FANOUT     16
#define CHAINS_MAX 0x100000 /* names have five digits */

/** struct node - A rule that is to be found by its place in an order */
struct node {
        uint32_t lo, hi;
        struct fw_rule rule;
};

/** struct nodes - A growing list of them, in order */
struct nodes {
        struct node *items;
        size_t count, cap;
};

static void nodes_drop(struct nodes *n)
{
        free(n->items);
}

/**
 * struct maker - A plan on its way
 * @stem: Name of the root; the other chains add a number
 */
struct maker {
        struct asg_plan plan;
        char stem[FW_CHAIN_MAX + 1];
        const char *log_chain;
        const struct fw_rules *tail;
};

static void maker_drop(struct maker *m)
{
        asg_plan_done(&m->plan);
}

void asg_plan_done(struct asg_plan *plan)
{
        for (size_t i = 0; i < plan->count; i++)
                fw_rules_done(&plan->chains[i].rules);
        free(plan->chains);
        *plan = (struct asg_plan){ 0 };
}

const char *asg_plan_root(const struct asg_plan *plan)
{
        return plan->chains[plan->count - 1].name;
}

static int add_node(struct nodes *list, uint32_t lo, uint32_t hi, const struct fw_rule *rule,
                    struct err *e)
{
        if (grow(&list->items, list->count, &list->cap, sizeof *list->items, e) < 0)
                return -1;
        list->items[list->count++] = (struct node){ lo, hi, *rule };
        return 0;
}

/**
 * new_chain() - A chain at the end of the plan
 * @root: It is the last one
 *
 * Names go down: libiptc keeps its chains sorted and walks them for each rule that
 * is added, so what is worked on has to be found before what is done with.
 */
static struct asg_chain *new_chain(struct maker *m, bool root, struct err *e)
{
        struct asg_plan *p = &m->plan;
        struct asg_chain *chain;

        if (p->count == CHAINS_MAX) {
                (void)err_set(e, FAULT_CONFLICT, 0, "more chains than there are names for");
                return NULL;
        }
        if (grow(&p->chains, p->count, &p->cap, sizeof *p->chains, e) < 0)
                return NULL;
        chain = &p->chains[p->count];
        *chain = (struct asg_chain){ 0 };
        if (root)
                (void)snprintf(chain->name, sizeof chain->name, "%.28s", m->stem);
        else
                (void)snprintf(chain->name, sizeof chain->name, "%.20s-%05zx", m->stem,
                               CHAINS_MAX - 1 - p->count);
        p->count++;
        return chain;
}

/**
 * close_chain() - Make a chain of some nodes, and the refusal behind them
 */
static int close_chain(struct maker *m, const struct node *nodes, size_t count, bool root,
                       struct err *e)
{
        struct asg_chain *chain = new_chain(m, root, e);

        if (!chain)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (fw_rules_add(&chain->rules, &nodes[i].rule, e) < 0)
                        return -1;
        for (size_t i = 0; i < m->tail->count; i++)
                if (fw_rules_add(&chain->rules, &m->tail->items[i], e) < 0)
                        return -1;
        return 0;
}

static void set_addrs(struct fw_rule *r, uint32_t lo, uint32_t hi)
{
        if (lo != 0 || hi != UINT32_MAX)
                r->dst_range = (struct fw_addrs){ lo, hi };
}

static void set_ports(struct fw_rule *r, uint8_t proto, uint32_t lo, uint32_t hi)
{
        r->proto = proto;
        if (lo != 0 || hi != UINT16_MAX)
                r->dports = (struct fw_ports){ (uint16_t)lo, (uint16_t)hi };
}

static void go_to_last(const struct maker *m, struct fw_rule *r)
{
        r->verb = FW_GOTO;
        fw_to(r, "%s", m->plan.chains[m->plan.count - 1].name);
}

/**
 * fold() - Put nodes into chains of FANOUT, those into chains again, until one holds them
 * @proto: 0: nodes are in order of addresses; else of this protocol's ports
 *
 * The last chain made is where to start.
 */
static int fold(struct maker *m, const struct nodes *all, uint8_t proto, struct err *e)
{
        OWN(nodes) struct nodes upper = { 0 };

        if (all->count <= FANOUT)
                return close_chain(m, all->items, all->count, false, e);
        for (size_t i = 0; i < all->count; i += FANOUT) {
                size_t n = all->count - i < FANOUT ? all->count - i : FANOUT;
                uint32_t lo = all->items[i].lo, hi = all->items[i + n - 1].hi;
                struct fw_rule r = { 0 };

                if (close_chain(m, &all->items[i], n, false, e) < 0)
                        return -1;
                go_to_last(m, &r);
                if (proto)
                        set_ports(&r, proto, lo, hi);
                else
                        set_addrs(&r, lo, hi);
                if (add_node(&upper, lo, hi, &r, e) < 0)
                        return -1;
        }
        return fold(m, &upper, proto, e);
}

static void set_verdict(const struct maker *m, struct fw_rule *r, bool log)
{
        r->verb = log ? FW_GOTO : FW_RETURN;
        if (log)
                fw_to(r, "%s", m->log_chain);
}

/**
 * add_icmp() - A span of types and codes, in pieces that a rule can say:
 *              everything, all codes of a type, one code
 */
static int add_icmp(const struct maker *m, const struct span *span, const struct fw_rule *base,
                    struct nodes *ret, struct err *e)
{
        uint32_t at = span->lo;

        while (at <= span->hi) {
                struct fw_rule r = *base;
                uint32_t end = at + 1;

                r.proto = FW_ICMP;
                if (at == 0 && span->hi == UINT16_MAX) {
                        end = UINT16_MAX + 1;
                } else if ((at & 255) == 0 && at + 255 <= span->hi) {
                        end = at + 256;
                        r.icmp = (struct fw_icmp){ true, (int16_t)(at >> 8), -1 };
                } else {
                        r.icmp = (struct fw_icmp){ true, (int16_t)(at >> 8), (int16_t)(at & 255) };
                }
                set_verdict(m, &r, span->log);
                if (add_node(ret, at, end - 1, &r, e) < 0)
                        return -1;
                at = end;
        }
        return 0;
}

static const uint8_t protos[] = { FW_TCP, FW_UDP, FW_ICMP, FW_ANY };

/**
 * add_spans() - A slab's spans as nodes, in order of ports
 */
static int add_spans(const struct maker *m, const struct asg_map *map, const struct slab *slab,
                     enum asg_class class, const struct fw_rule *base, struct nodes *ret,
                     struct err *e)
{
        for (size_t i = 0; i < slab->count; i++) {
                const struct span *span = &map->spans[slab->first + i];
                struct fw_rule r = *base;

                if (class == ASG_ICMP) {
                        if (add_icmp(m, span, base, ret, e) < 0)
                                return -1;
                        continue;
                }
                if (span->lo == 0 && span->hi == 0)
                        continue; /* no packet has port 0, and a rule would read it as any */
                if (span->lo != 0 || span->hi != UINT16_MAX)
                        set_ports(&r, protos[class], span->lo, span->hi);
                set_verdict(m, &r, span->log);
                if (add_node(ret, span->lo, span->hi, &r, e) < 0)
                        return -1;
        }
        return 0;
}

/**
 * add_slab() - A slab as one node: its only rule, or the way to the chain of its ports
 * @chains: By first span: chain that holds them, where one was made already
 */
static int add_slab(struct maker *m, const struct asg_map *map, const struct slab *slab,
                    enum asg_class class, size_t *chains, struct nodes *ret, struct err *e)
{
        OWN(nodes) struct nodes ports = { 0 };
        struct fw_rule base = { 0 };

        if (slab->hi == 0)
                return 0; /* address 0.0.0.0 alone: as with port 0 */
        set_addrs(&base, slab->lo, slab->hi);
        if (!chains[slab->first]) {
                const struct fw_rule anywhere = { 0 };

                if (add_spans(m, map, slab, class, slab->count == 1 ? &base : &anywhere, &ports,
                              e) < 0)
                        return -1;
                if (ports.count == 0)
                        return 0;
                if (ports.count == 1 && slab->count == 1)
                        return add_node(ret, slab->lo, slab->hi, &ports.items[0].rule, e);
                for (size_t i = 0; i < ports.count; i++)
                        ports.items[i].rule.dst_range = (struct fw_addrs){ 0, 0 };
                /* ICMP's kinds cannot be dispatched on; there are never many. */
                if (class == ASG_ICMP ? close_chain(m, ports.items, ports.count, false, e) < 0
                                      : fold(m, &ports, protos[class], e) < 0)
                        return -1;
                chains[slab->first] = m->plan.count;
        }
        base.verb = FW_GOTO;
        fw_to(&base, "%s", m->plan.chains[chains[slab->first] - 1].name);
        return add_node(ret, slab->lo, slab->hi, &base, e);
}

/**
 * make_class() - All chains for one kind of protocol; the last is where to start
 * @ret_any: Are there any?
 */
static int make_class(struct maker *m, const struct asg_map *map, enum asg_class class,
                      bool *ret_any, struct err *e)
{
        OWN(nodes) struct nodes all = { 0 };
        OWN(mem) size_t *chains = calloc(map->span_count + 1, sizeof *chains);

        if (!chains)
                return err_oom(e);
        for (size_t i = 0; i < map->slab_count; i++)
                if (add_slab(m, map, &map->slabs[i], class, chains, &all, e) < 0)
                        return -1;
        *ret_any = all.count > 0;
        return all.count ? fold(m, &all, 0, e) : 0;
}

/** struct maps - All four of a list */
struct maps {
        struct asg_map of[ASG_CLASSES];
};

static void maps_drop(struct maps *maps)
{
        for (size_t i = 0; i < ASG_CLASSES; i++)
                asg_map_done(&maps->of[i]);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
        h = (h ^ v) * 1099511628211U;
        return h ^ h >> 29;
}

/**
 * name_it() - The stem: a hash of everything that the chains will say
 */
static void name_it(struct maker *m, const struct maps *maps)
{
        uint64_t h = 14695981039346656037U;

        for (const char *p = m->log_chain; *p; p++)
                h = mix(h, (unsigned char)*p);
        for (size_t i = 0; i < m->tail->count; i++)
                h = mix(h, m->tail->items[i].verb);
        for (enum asg_class c = 0; c < ASG_CLASSES; c++) {
                const struct asg_map *map = &maps->of[c];

                h = mix(h, map->slab_count);
                for (size_t i = 0; i < map->slab_count; i++)
                        h = mix(mix(h, (uint64_t)map->slabs[i].lo << 32 | map->slabs[i].hi),
                                (uint64_t)map->slabs[i].first << 32 | map->slabs[i].count);
                for (size_t i = 0; i < map->span_count; i++)
                        h = mix(h, (uint64_t)map->spans[i].lo << 32 |
                                           (uint64_t)map->spans[i].hi << 1 | map->spans[i].log);
        }
        (void)snprintf(m->stem, sizeof m->stem, ASG_PREFIX "%016" PRIx64, h);
}

static int make_all(struct maker *m, const struct maps *maps, struct err *e)
{
        OWN(nodes) struct nodes top = { 0 };

        name_it(m, maps);
        for (enum asg_class c = 0; c < ASG_CLASSES; c++) {
                struct fw_rule r = { .proto = protos[c] };
                bool any;

                if (make_class(m, &maps->of[c], c, &any, e) < 0)
                        return -1;
                if (!any)
                        continue;
                go_to_last(m, &r);
                if (add_node(&top, 0, 0, &r, e) < 0)
                        return -1;
        }
        return close_chain(m, top.items, top.count, true, e);
}

/**
 * copy_logging() - The list as it counts: log everything, or what says so
 */
static int copy_logging(const struct egress_list *list, bool log_all, struct egress_list *ret,
                        struct err *e)
{
        for (size_t i = 0; i < list->count; i++) {
                struct egress g = list->items[i];

                g.log = g.log || log_all;
                if (egress_add(ret, &g, e) < 0)
                        return -1;
        }
        return 0;
}

int asg_plan_make(const struct egress_list *list, const char *log_chain, bool log_all,
                  const struct fw_rules *tail, struct asg_plan *ret, struct err *e)
{
        OWN(egress) struct egress_list all = { 0 };
        OWN(maps) struct maps maps = { 0 };
        OWN(maker) struct maker m = { .tail = tail, .log_chain = "" };

        if (copy_logging(list, log_all, &all, e) < 0)
                return -1;
        for (size_t i = 0; i < all.count; i++)
                if (all.items[i].log)
                        m.log_chain = log_chain; /* only then is it a part of what we share */
        for (enum asg_class c = 0; c < ASG_CLASSES; c++)
                if (asg_map_make(&all, c, &maps.of[c], e) < 0)
                        return -1;
        if (make_all(&m, &maps, e) < 0)
                return -1;
        *ret = m.plan;
        m.plan = (struct asg_plan){ 0 };
        return 0;
}
