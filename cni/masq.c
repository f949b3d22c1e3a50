/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/masq.h"

#include "netman/fw_dispatch.h"
#include "netman/fw_tx.h"

#include <stdint.h>
#include <string.h>

#define CHAIN_MASQ "netman--masq"

static const struct fw_tree tree = { CHAIN_MASQ, FW_BY_SRC };

/**
 * lead_here() - Have POSTROUTING lead to the tree, with today's condition
 */
static int lead_here(struct fw_table *t, struct fw_net spare, struct err *e)
{
        OWN(fw_rules) struct fw_rules now = { 0 };
        struct fw_rule jump = { .verb = FW_JUMP };

        if (spare.len)
                jump.dst = fw_not(spare);
        fw_to(&jump, "%s", CHAIN_MASQ);
        if (fw_chain_read(t, "POSTROUTING", &now, e) < 0)
                return -1;
        for (size_t i = now.count; i > 0; i--) {
                const struct fw_rule *r = &now.items[i - 1];

                if (r->verb == FW_JUMP && strcmp(r->to, CHAIN_MASQ) == 0 &&
                    !fw_rule_same(r, &jump) && fw_delete(t, "POSTROUTING", i - 1, e) < 0)
                        return -1;
        }
        return fw_jump_ensure(t, "POSTROUTING", SIZE_MAX, &jump, e);
}

static int add_it(struct fw_table *t, void *ctx, struct err *e)
{
        const struct masq *m = ctx;
        struct fw_rule leaf = { .dst = fw_not(m->overlay), .verb = FW_MASQUERADE };

        fw_comment(&leaf, "%s", m->handle);
        if (fw_tree_cut_owner(t, &tree, m->handle, e) < 0 ||
            fw_tree_put(t, &tree, m->ip, &leaf, e) < 0)
                return -1;
        return lead_here(t, m->spare, e);
}

int masq_add(const struct masq *m, struct err *e)
{
        const struct fw_where where = { .lock_file = m->lock_file, .wait_ms = FW_WAIT_MS };
        struct masq copy = *m;

        if (fw_edit(&where, "nat", add_it, &copy, NULL, e) < 0)
                return err_add(e, "error setting up default ip masq rule");
        return 0;
}

static int remove_it(struct fw_table *t, void *ctx, struct err *e)
{
        const char *const *handle = ctx;

        if (fw_tree_cut_owner(t, &tree, *handle, e) < 0)
                return -1;
        return fw_tree_trim(t, &tree, "POSTROUTING", e);
}

int masq_remove(const char *lock_file, const char *handle, struct err *e)
{
        const struct fw_where where = { .lock_file = lock_file, .wait_ms = FW_WAIT_MS };

        if (fw_edit(&where, "nat", remove_it, &handle, NULL, e) < 0)
                return err_add(e, "removing IP masq");
        return 0;
}
