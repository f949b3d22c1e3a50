/* SPDX-License-Identifier: Apache-2.0 */
/* What every forwarded packet meets, in this order; see plan.h for the picture. */
#include "vxlan-policy-agent/plan/compile.h"

#include <string.h>

/* In the table below, what only the settings know: fill() puts it there. */
enum { OVERLAY = 1, SUBNET };
/* clang-format off */
#define TUNNEL "="                    /* the overlay's device */
#define LAY    { OVERLAY, 32, false }
#define OFF    { OVERLAY, 32, true }
#define HERE   { SUBNET, 32, false }
#define VTEP   { 1, 1 }               /* the port of its tunnels */
#define FEW    { 1, 0 }               /* as many refusals as are logged in a second */
/* clang-format on */

/** struct step - A rule, and when it stands */
struct step {
        enum { ALWAYS, IF_CUT, IF_NOT_CUT, IF_LOGGING } when;
        struct fw_rule rule;
};

static bool stands(const struct step *step, const struct plan_settings *s)
{
        switch (step->when) {
        case IF_CUT:
                return s->cut;
        case IF_NOT_CUT:
                return !s->cut;
        case IF_LOGGING:
                return s->logging;
        default:
                return true;
        }
}

/*
 * Refusing what leaves without a tag changes nothing for its sender, since its
 * destination would refuse it; but it leaves no connection behind here that
 * packets of the other direction could pass for answers to.
 *
 * The three logs tell of a refusal in the words that operators know: which
 * container of ours it was meant for, and from where it came.
 */
static const struct step steps[] = {
        { ALWAYS, { .src = LAY, .proto = FW_UDP, .dports = VTEP, .verb = FW_REJECT } },
        { ALWAYS, { .src = OFF, .in = TUNNEL, .verb = FW_DROP } },
        { ALWAYS, { .src = OFF, .out = TUNNEL, .verb = FW_DROP } },
        { ALWAYS, { .src = LAY, .in = TUNNEL, .in_not = true, .verb = FW_JUMP, .to = PLAN_SRC } },
        { ALWAYS, { .dst = LAY, .states = FW_RELATED | FW_ESTABLISHED, .verb = FW_ACCEPT } },
        { IF_CUT, { .src = LAY, .dst = LAY, .proto = FW_TCP, .not_syn = true, .verb = FW_REJECT } },
        { ALWAYS, { .src = LAY, .dst = LAY, .verb = FW_SAVE_MARK } },
        { IF_CUT,
          { .src = LAY,
            .dst = LAY,
            .in = TUNNEL,
            .in_not = true,
            .out = TUNNEL,
            .verb = FW_JUMP,
            .to = PLAN_OUT } },
        { IF_NOT_CUT,
          { .src = LAY,
            .dst = LAY,
            .in = TUNNEL,
            .in_not = true,
            .out = TUNNEL,
            .mark = { 0, UINT32_MAX, true },
            .verb = FW_ACCEPT } },
        { ALWAYS, { .src = LAY, .dst = LAY, .verb = FW_JUMP, .to = PLAN_DST } },
        { IF_LOGGING, { .src = LAY, .dst = LAY, .verb = FW_JUMP, .to = PLAN_DENY } },
        { IF_LOGGING,
          { .src = HERE,
            .dst = LAY,
            .in = TUNNEL,
            .in_not = true,
            .limit = FEW,
            .verb = FW_LOG,
            .to = "REJECT_LOCAL: " } },
        { IF_LOGGING,
          { .src = LAY,
            .dst = LAY,
            .in = TUNNEL,
            .limit = FEW,
            .verb = FW_LOG,
            .to = "REJECT_REMOTE: " } },
        { ALWAYS, { .src = LAY, .dst = LAY, .verb = FW_REJECT } },
};

static struct fw_net fill_net(struct fw_net net, const struct plan_settings *s)
{
        struct fw_net real = net.addr == SUBNET ? s->subnet : s->overlay;

        real.other = net.other;
        return net.len ? real : net;
}

/**
 * fill() - The rule, with what the settings tell
 */
static struct fw_rule fill(const struct fw_rule *pattern, const struct plan_settings *s)
{
        struct fw_rule r = *pattern;

        r.src = fill_net(r.src, s);
        r.dst = fill_net(r.dst, s);
        if (strcmp(r.in, TUNNEL) == 0)
                memcpy(r.in, s->device, sizeof r.in);
        if (strcmp(r.out, TUNNEL) == 0)
                memcpy(r.out, s->device, sizeof r.out);
        if (r.dports.hi)
                r.dports = (struct fw_ports){ s->vtep_port, s->vtep_port };
        if (r.limit.per_second)
                r.limit.per_second = s->denied_per_second;
        return r;
}

int plan_add_root(struct plan *p, const struct plan_settings *s, struct err *e)
{
        size_t chain;

        if (plan_add_chain(p, PLAN_ROOT, &chain, e) < 0)
                return -1;
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
                struct fw_rule r = fill(&steps[i].rule, s);

                if (stands(&steps[i], s) && plan_add_rule(p, chain, &r, e) < 0)
                        return -1;
        }
        return 0;
}
