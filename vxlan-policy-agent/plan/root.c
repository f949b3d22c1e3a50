/* SPDX-License-Identifier: Apache-2.0 */
/* What every forwarded packet meets, in this order; see plan.h for the picture. */
#include "vxlan-policy-agent/plan/compile.h"

#include <string.h>

#define TUNNEL "=" /* in the table below: the overlay's device */

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

static void set_device(char name[FW_IFACE_MAX + 1], const struct plan_settings *s)
{
        if (strcmp(name, TUNNEL) == 0)
                memcpy(name, s->device, FW_IFACE_MAX + 1);
}

/*
 * Refusing what leaves without a tag changes nothing for its sender, since its
 * destination would refuse it; but it leaves no connection behind here that
 * packets of the other direction could pass for answers to.
 *
 * The three logs tell of a refusal in the words that operators know: which
 * container of ours it was meant for, and from where it came.
 */
int plan_add_root(struct plan *p, const struct plan_settings *s, struct err *e)
{
        const struct fw_limit few = { .per_second = s->denied_per_second };
        const struct fw_ports vtep = { s->vtep_port, s->vtep_port };
        const struct fw_net lay = s->overlay, off = fw_not(s->overlay);
        const struct step steps[] = {
                { ALWAYS, { .src = lay, .proto = FW_UDP, .dports = vtep, .verb = FW_REJECT } },
                { ALWAYS, { .src = off, .in = TUNNEL, .verb = FW_DROP } },
                { ALWAYS, { .src = off, .out = TUNNEL, .verb = FW_DROP } },
                { ALWAYS,
                  { .src = lay, .in = TUNNEL, .in_not = true, .verb = FW_JUMP, .to = PLAN_SRC } },
                { ALWAYS,
                  { .dst = lay, .states = FW_RELATED | FW_ESTABLISHED, .verb = FW_ACCEPT } },
                { IF_CUT,
                  { .src = lay, .dst = lay, .proto = FW_TCP, .not_syn = true, .verb = FW_REJECT } },
                { ALWAYS, { .src = lay, .dst = lay, .verb = FW_SAVE_MARK } },
                { IF_CUT,
                  { .src = lay,
                    .dst = lay,
                    .in = TUNNEL,
                    .in_not = true,
                    .out = TUNNEL,
                    .verb = FW_JUMP,
                    .to = PLAN_OUT } },
                { IF_NOT_CUT,
                  { .src = lay,
                    .dst = lay,
                    .in = TUNNEL,
                    .in_not = true,
                    .out = TUNNEL,
                    .mark = { 0, UINT32_MAX, true },
                    .verb = FW_ACCEPT } },
                { ALWAYS, { .src = lay, .dst = lay, .verb = FW_JUMP, .to = PLAN_DST } },
                { IF_LOGGING, { .src = lay, .dst = lay, .verb = FW_JUMP, .to = PLAN_DENY } },
                { IF_LOGGING,
                  { .src = s->subnet,
                    .dst = lay,
                    .in = TUNNEL,
                    .in_not = true,
                    .limit = few,
                    .verb = FW_LOG,
                    .to = "REJECT_LOCAL: " } },
                { IF_LOGGING,
                  { .src = lay,
                    .dst = lay,
                    .in = TUNNEL,
                    .limit = few,
                    .verb = FW_LOG,
                    .to = "REJECT_REMOTE: " } },
                { ALWAYS, { .src = lay, .dst = lay, .verb = FW_REJECT } },
        };
        size_t chain;

        if (plan_add_chain(p, PLAN_ROOT, &chain, e) < 0)
                return -1;
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
                struct fw_rule r = steps[i].rule;

                if (!stands(&steps[i], s))
                        continue;
                set_device(r.in, s);
                set_device(r.out, s);
                if (plan_add_rule(p, chain, &r, e) < 0)
                        return -1;
        }
        return 0;
}
