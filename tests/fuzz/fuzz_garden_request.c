/* SPDX-License-Identifier: Apache-2.0 */
/* What Garden writes to the networker: every request, and rules on to their chains. */
#include "garden-external-networker/ipc/request.h"
#include "garden-external-networker/netrules/asgplan.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void plan(const struct egress_list *rules)
{
        OWN(asg_plan) struct asg_plan made = { 0 };
        OWN(fw_rules) struct fw_rules tail = { 0 };
        const struct fw_rule refuse = { .verb = FW_REJECT };
        struct err e;

        if (fw_rules_add(&tail, &refuse, &e) < 0 || rules->count > 2000 ||
            asg_plan_make(rules, "netout--x--log", false, &tail, &made, &e) < 0)
                return;
        for (size_t i = 0; i < made.count; i++)
                for (size_t j = 0; j < made.chains[i].rules.count; j++)
                        if (fw_rule_check(&made.chains[i].rules.items[j], &e) < 0)
                                __builtin_trap(); /* the kernel would refuse the whole table */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *text = (const char *)data;
        OWN(up_request) struct up_request up = { 0 };
        OWN(net_out_request) struct net_out_request one = { 0 }, many = { 0 };
        struct net_in_request in;
        struct err e;

        if (up_request_parse(text, size, &up, &e) == 0)
                plan(&up.rules);
        if (net_out_request_parse(text, size, true, &many, &e) == 0)
                plan(&many.rules);
        (void)net_out_request_parse(text, size, false, &one, &e);
        (void)net_in_request_parse(text, size, &in, &e);
        return 0;
}
