/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/masq.h"

#include "netman/fw_dispatch.h"

#define CHAIN "flanneld--masq"

enum { LOCK_WAIT_MS = 3000, RULES = 4 };

static struct fw_net net(struct ip4_net n)
{
        return (struct fw_net){ .addr = n.ip, .len = n.len };
}

static int edit(struct fw_table *t, void *ctx, struct err *e)
{
        const struct masq *m = ctx;
        const struct fw_net overlay = net(m->network), multicast = { .addr = 0xe0000000, .len = 4 };
        const struct fw_rule jump = { .verb = FW_JUMP, .to = CHAIN };
        const struct fw_rule rules[RULES] = {
                { .src = overlay, .dst = overlay, .verb = FW_RETURN },
                { .src = overlay, .dst = fw_not(multicast), .verb = FW_MASQUERADE },
                { .src = fw_not(overlay), .dst = net(m->subnet), .verb = FW_RETURN },
                { .src = fw_not(overlay), .dst = overlay, .verb = FW_MASQUERADE },
        };

        if (!m->on)
                return fw_chain_cut(t, CHAIN, "POSTROUTING", e);
        if (fw_chain_set(t, CHAIN, rules, RULES, e) < 0)
                return -1;
        return fw_jump_ensure(t, "POSTROUTING", SIZE_MAX, &jump, e);
}

int masq_sync(struct masq *m, struct err *e)
{
        const struct fw_where where = { .lock_file = m->lock_file, .wait_ms = LOCK_WAIT_MS };
        OWN(fw_locks) struct fw_locks held = FW_LOCKS_NONE;

        if (fw_locks_take(&where, &held, e) < 0 ||
            table_edit(&held, "nat", edit, m, &m->nat, e) < 0)
                return err_add(e, "masquerading");
        return 0;
}

bool masq_stray(const struct masq *m)
{
        return m->on && table_differs("nat", &m->nat);
}
