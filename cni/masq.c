/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/masq.h"

#include "cni/owner.h"
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

/** struct job - What an edit works with */
struct job {
        const struct masq *masq;
        char owner[FW_COMMENT_MAX + 1];
        struct masq_left left;
};

static struct job job_for(const struct masq *m)
{
        struct job j = { .masq = m };

        owner_name(m->handle, m->ifname, j.owner);
        return j;
}

/**
 * look() - Which interfaces of the container have rules?
 */
static int look(struct fw_table *t, void *ctx, struct err *e)
{
        OWN(fw_rules) struct fw_rules leaves = { 0 };
        struct job *j = ctx;

        j->left = (struct masq_left){ 0 };
        if (fw_tree_leaves(t, &tree, &leaves, e) < 0)
                return -1;
        for (size_t i = 0; i < leaves.count; i++) {
                if (strcmp(leaves.items[i].comment, j->owner) == 0)
                        j->left.ip = leaves.items[i].src.addr;
                else if (owner_is(leaves.items[i].comment, j->masq->handle))
                        j->left.others = true;
        }
        return 0;
}

static int add_it(struct fw_table *t, void *ctx, struct err *e)
{
        const struct job *j = ctx;
        struct fw_rule leaf = { .dst = fw_not(j->masq->overlay), .verb = FW_MASQUERADE };

        fw_comment(&leaf, "%s", j->owner);
        if (look(t, ctx, e) < 0 || fw_tree_cut_owner(t, &tree, j->owner, e) < 0 ||
            fw_tree_put(t, &tree, j->masq->ip, &leaf, e) < 0)
                return -1;
        return lead_here(t, j->masq->spare, e);
}

int masq_add(const struct masq *m, struct masq_left *ret, struct err *e)
{
        const struct fw_where where = { .lock_file = m->lock_file, .wait_ms = m->wait_ms };
        struct job j = job_for(m);

        if (fw_edit(&where, "nat", add_it, &j, NULL, e) < 0)
                return err_add(e, "error setting up default ip masq rule");
        *ret = j.left;
        return 0;
}

static int remove_it(struct fw_table *t, void *ctx, struct err *e)
{
        const struct job *j = ctx;

        if (fw_tree_cut_owner(t, &tree, j->owner, e) < 0)
                return -1;
        return fw_tree_trim(t, &tree, "POSTROUTING", e);
}

int masq_look(const struct masq *m, struct masq_left *ret, struct err *e)
{
        struct job j = job_for(m);

        if (fw_view("nat", look, &j, e) < 0)
                return err_add(e, "looking for IP masq");
        *ret = j.left;
        return 0;
}

int masq_remove(const struct masq *m, struct err *e)
{
        const struct fw_where where = { .lock_file = m->lock_file, .wait_ms = m->wait_ms };
        struct job j = job_for(m);

        if (fw_edit(&where, "nat", remove_it, &j, NULL, e) < 0)
                return err_add(e, "removing IP masq");
        return 0;
}

int masq_leaves(struct fw_table *t, struct fw_rules *ret, struct err *e)
{
        return fw_tree_leaves(t, &tree, ret, e);
}

int masq_check(const struct masq *m, struct err *e)
{
        struct masq_left left;

        if (masq_look(m, &left, e) < 0)
                return -1;
        return left.ip ? 0 : err_set(e, FAULT_ABSENT, 0, "masquerading is missing");
}
