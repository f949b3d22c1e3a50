/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Net-out rules that overlap in every way we could think of: do the chains still say
 * what the list says, how many rules do they take, and how many does a packet cross?
 */
#include "tests/unit/garden-external-networker/asg_sim.h"

#include "netman/own.h"

#define MANY 10000U

static const struct fw_addrs anywhere = { 0, UINT32_MAX };
static const struct fw_ports any_port = { 0, UINT16_MAX };

static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
        seed = seed * 1664525U + 1013904223U;
        return (uint32_t)((uint64_t)(seed >> 4) * sides >> 28);
}

static uint16_t port(uint32_t i)
{
        return (uint16_t)(1 + i % 65000);
}

static struct egress tcp(uint32_t lo, uint32_t hi, uint32_t first, uint32_t last)
{
        return (struct egress){ .proto = FW_TCP,
                                .dst = { lo, hi },
                                .ports = { port(first), port(last) } };
}

/* ---- shapes: rule i of n ---- */

static struct egress host(uint32_t i, uint32_t n)
{
        uint32_t addr = 0x0a000000U + (uint32_t)((uint64_t)i * 7919 % n) * 10;

        return tcp(addr, addr, i * 3, i * 3);
}

static struct egress five_anywhere(uint32_t i, uint32_t n)
{
        return i < 5 ? tcp(0, UINT32_MAX, i * 7, i * 7) : host(i, n);
}

static struct egress many_anywhere(uint32_t i, uint32_t n)
{
        struct egress g = host(i, n);

        g.ports = (struct fw_ports){ 443, 443 };
        return i < n / 20 ? tcp(0, UINT32_MAX, i * 2, i * 2) : g;
}

/* Ports of every address, and hosts with others: they overlap, no packet is in both. */
static struct egress ports_and_hosts(uint32_t i, uint32_t n)
{
        struct egress g = host(i, n);

        g.proto = i % 2 ? FW_UDP : FW_TCP;
        g.dst.hi += i % 8;
        g.ports = i < n / 20 ? (struct fw_ports){ port(20000 + i * 3), port(20000 + i * 3) }
                             : (struct fw_ports){ port(i % 1000), port(i % 1000 + 1) };
        if (i < n / 20)
                g.dst = anywhere;
        return g;
}

static struct egress ports_anywhere(uint32_t i, uint32_t n)
{
        (void)n;
        return tcp(0, UINT32_MAX, i * 2, i * 2);
}

static struct egress onion_of_ports(uint32_t i, uint32_t n)
{
        (void)n;
        return tcp(0x0a000000U + i, 0x0affffffU - i, i * 2, i * 2);
}

static struct egress onion(uint32_t i, uint32_t n)
{
        return tcp(0x0a000000U + n - i, 0x0b000000U + i, n - i, n + i);
}

static struct egress hosts_and_an_onion(uint32_t i, uint32_t n)
{
        return i < n / 50 ? onion(i, n / 50) : host(i, n);
}

static struct egress cross(uint32_t i, uint32_t n)
{
        uint32_t at = (uint32_t)((uint64_t)i * 7919 % n);

        return i % 2 ? tcp(0, UINT32_MAX, at * 3, at * 3 + 1)
                     : tcp(0x0a000000U + at * 9, 0x0a000004U + at * 9, 0, 64999);
}

static struct egress stairs(uint32_t i, uint32_t n)
{
        return tcp(0x0a000000U + i, 0x0a000000U + i + n / 2, i, i + n / 2);
}

static struct egress hollow(uint32_t i, uint32_t n)
{
        return tcp(0x0a000000U + i, 0x0b000000U - i, n - i, n + i);
}

/* A box of every size at every place: the sizes' logarithm is even. */
static struct egress any_size(uint32_t i, uint32_t n)
{
        uint32_t size = 1U << dice(31), first = dice(65000), width = 1U << dice(15);
        uint32_t lo = dice(1U << 28) * 11U;

        (void)i;
        (void)n;
        return tcp(lo, lo + size, first, first + width < 65000 ? first + width : 64999);
}

static struct egress wide_with_a_port(uint32_t i, uint32_t n)
{
        uint32_t a = dice(1U << 28) * 16, b = dice(1U << 28) * 16 + 15;

        (void)n;
        return tcp(a < b ? a : b, a < b ? b : a, i * 5, i * 5);
}

static struct egress pings(uint32_t i, uint32_t n)
{
        struct egress g = wide_with_a_port(i, n);

        g.proto = FW_ICMP;
        g.ports = any_port;
        g.icmp = (struct fw_icmp){ true, (int16_t)((int)dice(257) - 1), -1 };
        if (g.icmp.type >= 0 && dice(4))
                g.icmp.code = (int16_t)dice(256);
        return g;
}

static struct egress all_protocols(uint32_t i, uint32_t n)
{
        static const uint8_t protos[] = { FW_ANY, FW_TCP, FW_UDP };
        struct egress g = dice(4) ? any_size(i, n) : pings(i, n);

        if (g.proto == FW_TCP)
                g.proto = protos[dice(3)];
        if (g.proto == FW_ANY)
                g.ports = any_port;
        return g;
}

/* Few addresses and ports, so that edges touch and rules repeat. */
static struct egress crowded(uint32_t i, uint32_t n)
{
        struct egress g = all_protocols(i, n);

        g.dst.lo = dice(6) ? 0x0a000000U + dice(64) : dice(2);
        g.dst.hi = g.dst.lo + dice(dice(2) ? 3 : 30);
        if (!dice(12))
                g.dst = anywhere;
        if (g.proto == FW_TCP || g.proto == FW_UDP) {
                g.ports.lo = (uint16_t)dice(40);
                g.ports.hi = (uint16_t)(g.ports.lo + dice(dice(2) ? 2 : 10));
        }
        if (g.proto == FW_ICMP && g.icmp.type >= 0)
                g.icmp = (struct fw_icmp){ true, (int16_t)dice(4), (int16_t)((int)dice(4) - 1) };
        return g;
}

typedef struct egress (*shape_fn)(uint32_t i, uint32_t n);

static void fill(struct egress_list *list, shape_fn shape, uint32_t n)
{
        struct err e;

        for (uint32_t i = 0; i < n; i++) {
                struct egress g = shape(i, n);

                assert_int_equal(egress_add(list, &g, &e), 0);
        }
}

/**
 * log_some() - Of so many, one logs
 * @in: 0: none, 1: all
 */
static void log_some(struct egress_list *list, uint32_t in)
{
        for (size_t i = 0; i < list->count; i++)
                list->items[i].log = in && dice(in) == 0;
}

/* ---- packets: at the edges of a rule, where mistakes are ---- */

static uint32_t edge(uint32_t lo, uint32_t hi, uint32_t max)
{
        uint32_t at = dice(2) ? lo + dice(3) - 1 : hi + dice(3) - 1;

        return at > max ? lo : at;
}

static struct packet near(const struct egress *g, const struct egress *other)
{
        static const uint8_t protos[] = { 47, FW_TCP, FW_UDP, FW_ICMP };
        struct packet p = { .proto = g->proto ? g->proto : protos[dice(4)] };

        p.dst = edge(g->dst.lo, g->dst.hi, UINT32_MAX);
        if (!dice(3))
                g = other;
        p.port = (uint16_t)edge(g->ports.lo, g->ports.hi, UINT16_MAX);
        p.port = p.port ? p.port : 1; /* no packet has port 0, nor address 0.0.0.0 */
        p.dst = p.dst ? p.dst : 1;
        p.type = dice(4) && g->icmp.type >= 0 ? g->icmp.type : (int)dice(256);
        p.code = dice(4) && g->icmp.code >= 0 ? g->icmp.code : (int)dice(256);
        return p;
}

static const struct egress *any_of(const struct egress_list *list)
{
        return &list->items[dice((uint32_t)list->count)];
}

static struct egress as_egress(const struct fw_rule *r, bool log)
{
        struct egress g = { r->proto, r->dst_range, r->dports, r->icmp, log };

        if (!r->dst_range.hi)
                g.dst = (struct fw_addrs){ r->dst.addr, r->dst.addr | ~fw_mask(r->dst.len) };
        if (!r->dports.hi)
                g.ports = any_port;
        if (g.proto == FW_ICMP && !r->icmp.on)
                g.icmp = (struct fw_icmp){ true, -1, -1 };
        return g;
}

/**
 * read_back() - The verdicts in order of the chains' names, as netout_read() has them;
 *               all rules must be such as the kernel takes
 */
static void read_back(const struct asg_plan *plan, struct egress_list *ret)
{
        struct err e;

        for (size_t i = plan->count; i-- > 0;)
                for (size_t j = 0; j < plan->chains[i].rules.count; j++) {
                        const struct fw_rule *r = &plan->chains[i].rules.items[j];
                        bool log = r->verb == FW_GOTO && strcmp(r->to, LOG_CHAIN) == 0;
                        struct egress g = as_egress(r, log);

                        assert_int_equal(fw_rule_check(r, &e), 0);
                        if (log || r->verb == FW_RETURN)
                                assert_int_equal(egress_add(ret, &g, &e), 0);
                }
}

static const struct {
        const char *name;
        shape_fn shape;
} shapes[] = {
        { "hosts", host },
        { "five anywhere", five_anywhere },
        { "many anywhere", many_anywhere },
        { "ports and hosts", ports_and_hosts },
        { "ports anywhere", ports_anywhere },
        { "an onion of ports", onion_of_ports },
        { "an onion", onion },
        { "hosts and an onion", hosts_and_an_onion },
        { "a cross", cross },
        { "stairs", stairs },
        { "a hollow", hollow },
        { "any size", any_size },
        { "wide with a port", wide_with_a_port },
        { "pings", pings },
        { "all protocols", all_protocols },
        { "crowded", crowded },
};

static void agree(const char *name, shape_fn shape, uint32_t first_seed)
{
        OWN(egress) struct egress_list list = { 0 }, back = { 0 };
        OWN(asg_plan) struct asg_plan plan = { 0 };
        struct err e = { 0 };

        seed = first_seed;
        fill(&list, shape, 2 + dice(600));
        log_some(&list, dice(5));
        assert_int_equal(asg_plan_make(&list, LOG_CHAIN, false, &sim_tail, &plan, &e), 0);
        read_back(&plan, &back);
        for (int i = 0; i < 500; i++) {
                struct packet p = near(any_of(&list), any_of(&list));
                size_t steps = 0;
                enum verdict want = by_list(&list, &p), again = by_list(&back, &p);
                enum verdict got = by_chain(&plan, asg_plan_root(&plan), &p, &steps);

                if (want != got || want != again)
                        fail_msg("%s, seed %u: proto %d to %08x port %d icmp %d/%d: %d, read back "
                                 "%d, not %d",
                                 name, first_seed, p.proto, p.dst, p.port, p.type, p.code, got,
                                 again, want);
        }
}

static void chains_say_what_the_list_says_however_it_overlaps(void **state)
{
        (void)state;
        print_message("# seeds 1 to 20, %zu shapes, 500 packets each\n", COUNT(shapes));
        for (size_t i = 0; i < COUNT(shapes); i++)
                for (uint32_t s = 1; s <= 20; s++)
                        agree(shapes[i].name, shapes[i].shape, s);
}

/* ---- bounds ---- */

static size_t longest_walk(const struct egress_list *list, const struct asg_plan *plan)
{
        size_t most = 0;

        for (int i = 0; i < 5000; i++) {
                struct packet p = near(any_of(list), any_of(list));
                size_t steps = 0;

                (void)by_chain(plan, asg_plan_root(plan), &p, &steps);
                most = steps > most ? steps : most;
        }
        return most;
}

/* @percent: Most rules in the kernel for a hundred of the list; @walk: most that a packet crosses
 */
struct bound {
        const char *name;
        shape_fn shape;
        uint32_t log_one_in, count;
        size_t percent, walk;
};

static void hold(const struct bound *b)
{
        OWN(egress) struct egress_list list = { 0 };
        OWN(asg_plan) struct asg_plan plan = { 0 };
        struct err e = { 0 };
        size_t rules, walk, longest = 0;

        seed = 1;
        fill(&list, b->shape, b->count);
        log_some(&list, b->log_one_in);
        assert_int_equal(asg_plan_make(&list, LOG_CHAIN, false, &sim_tail, &plan, &e), 0);
        rules = rule_count(&plan);
        walk = longest_walk(&list, &plan);
        for (size_t i = 0; i < plan.count; i++)
                if (plan.chains[i].rules.count > longest)
                        longest = plan.chains[i].rules.count;
        print_message(
                "# %-20s 1 in %u logs, %5u rules: %6zu in %5zu chains, longest %zu, walk %zu\n",
                b->name, b->log_one_in, b->count, rules, plan.count, longest, walk);
        if (rules * 100 > b->percent * b->count || walk > b->walk)
                fail_msg("%s: %zu rules, walk %zu", b->name, rules, walk);
}

static void rules_and_walks_are_bounded_however_it_overlaps(void **state)
{
        static const struct bound bounds[] = {
                { "hosts", host, 0, MANY, 120, 40 },
                { "five anywhere", five_anywhere, 0, MANY, 120, 45 },
                { "five anywhere", five_anywhere, 0, 1505, 120, 40 },
                { "many anywhere", many_anywhere, 0, MANY, 120, 70 },
                { "ports and hosts", ports_and_hosts, 0, MANY, 120, 60 },
                { "ports anywhere", ports_anywhere, 0, MANY, 120, 40 },
                { "an onion of ports", onion_of_ports, 0, MANY, 120, 40 },
                { "an onion", onion, 0, MANY, 1, 30 },
                { "a cross", cross, 0, MANY, 120, 70 },
                { "stairs", stairs, 0, MANY, 250, 80 },
                { "a hollow", hollow, 0, MANY, 240, 50 },
                { "any size", any_size, 0, MANY, 120, 180 },
                { "wide with a port", wide_with_a_port, 0, MANY, 120, 160 },
                { "pings", pings, 0, MANY, 260, 400 },
                { "all protocols", all_protocols, 0, MANY, 120, 400 },
                { "hosts", host, 2, MANY, 120, 40 },
                { "five anywhere", five_anywhere, 2, MANY, 120, 45 },
                { "many anywhere", many_anywhere, 2, MANY, 120, 100 },
                { "ports and hosts", ports_and_hosts, 10, MANY, 120, 60 },
                { "an onion", onion, 2, MANY, 200, 90 },
                { "hosts and an onion", hosts_and_an_onion, 2, MANY, 120, 90 },
                { "a cross", cross, 2, MANY, 700, 450 },
                { "stairs", stairs, 2, MANY, 1250, 300 },
                { "any size", any_size, 2, MANY, 320, 700 },
                { "all protocols", all_protocols, 2, MANY, 700, 1400 },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(bounds); i++)
                hold(&bounds[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(chains_say_what_the_list_says_however_it_overlaps),
                cmocka_unit_test(rules_and_walks_are_bounded_however_it_overlaps),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
