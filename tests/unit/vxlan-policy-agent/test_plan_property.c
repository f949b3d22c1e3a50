/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 125,000 random packets through 500 random plans: the trees must decide what the
 * policies, read one by one, say. The seed is fixed, so that a failure repeats;
 * NETMAN_SEED in the environment tries another.
 */
#include "vxlan-policy-agent/plan/plan.h"

#include "tests/unit/test.h"
#include "tests/unit/vxlan-policy-agent/sim.h"

#include <stdlib.h>

#define PLANS   500
#define PACKETS 250 /* through each plan */
#define APPS    60
#define IP_BASE ((uint32_t)10 << 24 | (uint32_t)255 << 16)

/** struct world - One random cell and its policies */
struct world {
        char ids[APPS][40];
        uint32_t tags[APPS];
        size_t app_count;
        struct plan_container containers[300];
        struct policy policies[3000];
        struct plan_input in;
};

static uint64_t seed = 42;

/** struct edge - A value where mistakes gather, and what was decided on packets with it */
struct edge {
        uint32_t value;
        size_t accepted, refused;
};
static struct edge tag_edges[] = {
        { 1, 0, 0 }, { 0x7fff, 0, 0 }, { 0x8000, 0, 0 }, { 0xffff, 0, 0 }
};
static struct edge port_edges[] = { { 1, 0, 0 }, { 65535, 0, 0 } };

/**
 * pick() - A random number below @n (xorshift64*)
 */
static uint32_t pick(uint32_t n)
{
        seed ^= seed >> 12;
        seed ^= seed << 25;
        seed ^= seed >> 27;
        return (uint32_t)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % (n ? n : 1);
}

/**
 * pick_tag() - Unique tags of every kind: in sequence, scattered, at the edges, impossible
 */
static uint32_t pick_tag(size_t i, uint32_t kind)
{
        static const uint32_t edges[] = { 1, 0xffff, 0x8000, 0x7fff, 0x10000, 0x10001, 0x20001 };

        if (i < COUNT(edges) && kind == 0)
                return edges[i];
        return kind == 1 ? (uint32_t)i + 1 : 0x100 + (uint32_t)i * (kind == 2 ? 16 : 1021);
}

static uint16_t pick_port(void)
{
        static const uint16_t edges[] = { 1, 2, 79, 80, 81, 8080, 8472, 65534, 65535 };

        return pick(2) ? edges[pick(COUNT(edges))] : (uint16_t)(1 + pick(65535));
}

static void make_apps(struct world *w)
{
        uint32_t kind = pick(4);

        w->app_count = 2 + pick(APPS - 2);
        for (size_t i = 0; i < w->app_count; i++) {
                (void)snprintf(w->ids[i], sizeof w->ids[i], "%08x-%04zx-app", pick(1u << 30), i);
                w->tags[i] = pick_tag(i, kind);
        }
}

static void make_containers(struct world *w)
{
        size_t n = pick(COUNT(w->containers));
        uint32_t spread = pick(2) ? 256 : 65536;

        for (size_t i = 0; i < n; i++)
                w->containers[i] = (struct plan_container){
                        .handle = "handle",
                        .app = pick(20) ? w->ids[pick((uint32_t)w->app_count)] : NULL,
                        .ip = IP_BASE + pick(spread),
                };
        w->in.container_count = n;
}

static void make_policies(struct world *w)
{
        size_t n = pick(4) ? pick(200) : pick(COUNT(w->policies));
        uint32_t few = pick(3) ? (uint32_t)w->app_count : 2; /* many ranges for one pair */

        for (size_t i = 0; i < n; i++) {
                uint32_t src = pick(few), dst = pick(few);
                uint16_t a = pick_port(), b = pick(3) ? a : pick_port();

                w->policies[i] = (struct policy){ .source = w->ids[src],
                                                  .destination = w->ids[dst],
                                                  .source_tag = w->tags[src],
                                                  .destination_tag = w->tags[dst],
                                                  .proto = pick(3) ? POLICY_TCP : POLICY_UDP,
                                                  .start = a < b ? a : b,
                                                  .end = a < b ? b : a };
        }
        w->in.policy_count = n;
}

static void make_world(struct world *w)
{
        *w = (struct world){ 0 };
        make_apps(w);
        make_containers(w);
        make_policies(w);
        w->in.containers = w->containers;
        w->in.policies = w->policies;
        w->in.settings = (struct plan_settings){ .overlay = { IP_BASE, 16, false },
                                                 .subnet = { IP_BASE, 16, false },
                                                 .device = "flannel.1",
                                                 .vtep_port = 8472,
                                                 .logging = pick(4) == 0,
                                                 .cut = pick(2) == 0,
                                                 .accepted_udp_per_second = 1,
                                                 .denied_per_second = 1,
                                                 .tag_length = 1 + pick(3) };
}

/* ---- The naive meaning ---- */

/**
 * app_at() - The app of the container at an address; NULL where none, or several claim it
 */
static const char *app_at(const struct world *w, uint32_t ip)
{
        const char *app = NULL;
        bool seen = false;

        for (size_t i = 0; i < w->in.container_count; i++) {
                const struct plan_container *c = &w->containers[i];

                if (c->ip != ip)
                        continue;
                if (seen && !str_eq(app, c->app))
                        return NULL;
                app = c->app;
                seen = true;
        }
        return app;
}

static bool tag_ok(uint32_t tag)
{
        return tag >= 1 && tag <= 0xffff;
}

/**
 * mark_of() - The mark that a packet from a local container must get; 0 for none
 */
static uint32_t mark_of(const struct world *w, uint32_t src)
{
        const char *app = app_at(w, src);

        for (size_t i = 0; app && i < w->in.policy_count; i++)
                if (strcmp(w->policies[i].source, app) == 0 && tag_ok(w->policies[i].source_tag))
                        return w->policies[i].source_tag;
        return 0;
}

/**
 * may_leave() - Could any other cell have an app that this is allowed to reach?
 */
static bool may_leave(const struct world *w, const struct packet *p, uint32_t mark)
{
        const char *app = app_at(w, p->src);

        if (!w->in.settings.cut)
                return mark;
        for (size_t i = 0; app && i < w->in.policy_count; i++) {
                const struct policy *policy = &w->policies[i];

                if (mark && policy->source_tag == mark &&
                    p->proto == (policy->proto == POLICY_TCP ? FW_TCP : FW_UDP) &&
                    p->dport >= policy->start && p->dport <= policy->end)
                        return true;
        }
        return false;
}

static enum outcome naive(const struct world *w, const struct packet *p, uint32_t mark)
{
        const char *app = app_at(w, p->dst);

        if (p->proto == FW_UDP && p->dport == 8472)
                return SIM_REJECTED;
        if (p->state == FW_ESTABLISHED ||
            (strcmp(p->out, "flannel.1") == 0 && may_leave(w, p, mark)))
                return SIM_ACCEPTED;
        for (size_t i = 0; app && i < w->in.policy_count; i++) {
                const struct policy *policy = &w->policies[i];

                if (strcmp(policy->destination, app) == 0 && tag_ok(policy->source_tag) &&
                    policy->source_tag == mark &&
                    p->proto == (policy->proto == POLICY_TCP ? FW_TCP : FW_UDP) &&
                    p->dport >= policy->start && p->dport <= policy->end)
                        return SIM_ACCEPTED;
        }
        return SIM_REJECTED;
}

/* ---- Packets ---- */

static uint32_t pick_ip(const struct world *w)
{
        if (w->in.container_count && pick(8))
                return w->containers[pick((uint32_t)w->in.container_count)].ip;
        return IP_BASE + pick(65536);
}

/**
 * pick_packet() - Mostly near a policy: its ports, its neighbours' ports, its tag
 */
static struct packet pick_packet(const struct world *w)
{
        bool remote = pick(3) == 0;
        struct packet p = { .src = pick_ip(w),
                            .dst = pick_ip(w),
                            .in = remote ? "flannel.1" : "cni0",
                            .out = !remote && pick(8) == 0 ? "flannel.1" : "cni0",
                            .proto = pick(3) ? FW_TCP : FW_UDP,
                            .state = pick(10) ? FW_NEW : FW_ESTABLISHED,
                            .dport = pick_port() };

        if (remote)
                p.mark = pick(4) ? w->tags[pick((uint32_t)w->app_count)] & 0xffff : pick(0x10000);
        if (w->in.policy_count && pick(3)) {
                const struct policy *near = &w->policies[pick((uint32_t)w->in.policy_count)];

                p.dport = (uint16_t)(near->start + pick(3) - 1 +
                                     (pick(2) ? near->end - near->start : 0));
                p.proto = near->proto == POLICY_TCP ? FW_TCP : FW_UDP;
                if (remote && pick(2))
                        p.mark = near->source_tag & 0xffff;
        }
        return p;
}

static void note(struct edge *edges, size_t count, uint32_t value, bool accepted)
{
        for (size_t i = 0; i < count; i++) {
                edges[i].accepted += edges[i].value == value && accepted;
                edges[i].refused += edges[i].value == value && !accepted;
        }
}

static void check_edges(const struct edge *edges, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (edges[i].accepted < 10 || edges[i].refused < 10)
                        fail_msg("%x was met too seldom: accepted %zu, refused %zu", edges[i].value,
                                 edges[i].accepted, edges[i].refused);
}

static void check_packet(const struct world *w, const struct plan *plan)
{
        struct packet p = pick_packet(w);
        bool remote = strcmp(p.in, "flannel.1") == 0;
        uint32_t mark = remote ? p.mark : mark_of(w, p.src);
        enum outcome want = naive(w, &p, mark);
        struct sim s;
        enum outcome got = sim_run(&s, plan, p);

        if (s.looked_at > (w->in.settings.logging ? 200 : 130))
                fail_msg("%zu rules looked at for one packet", s.looked_at);
        if (got != want || (s.packet.mark != mark && p.dport != 8472))
                fail_msg("seed state %llx: %08x -> %08x proto %u port %u mark %x: got %d with mark "
                         "%x, want %d",
                         (unsigned long long)seed, p.src, p.dst, p.proto, p.dport, mark, got,
                         s.packet.mark, want);
        if (strcmp(p.out, "flannel.1") == 0 || p.state != FW_NEW || p.dport == 8472)
                return;
        note(tag_edges, COUNT(tag_edges), mark, got == SIM_ACCEPTED);
        note(port_edges, COUNT(port_edges), p.dport, got == SIM_ACCEPTED);
        if (plan_allows(plan, p.dst, mark, p.proto, p.dport) != (got == SIM_ACCEPTED))
                fail_msg("seed state %llx: plan_allows() thinks otherwise",
                         (unsigned long long)seed);
}

static void shuffle(struct world *w)
{
        for (size_t i = w->in.policy_count; i > 1; i--) {
                size_t j = pick((uint32_t)i);
                struct policy p = w->policies[i - 1];

                w->policies[i - 1] = w->policies[j];
                w->policies[j] = p;
        }
        for (size_t i = w->in.container_count; i > 1; i--) {
                size_t j = pick((uint32_t)i);
                struct plan_container c = w->containers[i - 1];

                w->containers[i - 1] = w->containers[j];
                w->containers[j] = c;
        }
}

static void trees_decide_what_the_policies_say(void **state)
{
        struct world *w = malloc(sizeof *w);
        size_t packets = 0;
        struct err e = { 0 };

        (void)state;
        assert_non_null(w);
        for (size_t i = 0; i < PLANS; i++) {
                OWN(plan) struct plan p = { 0 };
                OWN(plan) struct plan again = { 0 };

                make_world(w);
                if (plan_make(&w->in, &p, &e) < 0)
                        fail_msg("%s", e.msg);
                for (size_t j = 0; j < PACKETS; j++, packets++)
                        check_packet(w, &p);
                shuffle(w);
                assert_int_equal(plan_make(&w->in, &again, &e), 0);
                assert_true(plan_same(&p, &again));
        }
        assert_true(packets >= 100000);
        check_edges(tag_edges, COUNT(tag_edges));
        check_edges(port_edges, COUNT(port_edges));
        free(w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(trees_decide_what_the_policies_say),
        };
        const char *other = getenv("NETMAN_SEED");

        if (other)
                seed = strtoull(other, NULL, 0) | 1;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
