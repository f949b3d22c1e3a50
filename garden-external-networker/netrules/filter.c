/* SPDX-License-Identifier: Apache-2.0 */
/* A container's chains in the filter table. */
#include "garden-external-networker/netrules/netrules.h"

#include "garden-external-networker/netrules/netout.h"
#include "netman/agent_rules.h"
#include "netman/fw_dispatch.h"

#include <string.h>

struct fw_where netrules_where(const struct rules_conf *c)
{
        return (struct fw_where){ .lock_file = c->iptables_lock_file, .wait_ms = c->wait_ms };
}

/** struct opening - What an edit of netrules_open() works with */
struct opening {
        const struct rules_conf *c;
        struct subject *s;
        const struct egress_list *rules;
        bool hashed;
};

/**
 * is_taken() - Does the chain belong to another container?
 */
static int is_taken(struct fw_table *t, const char *chain, const char *handle, bool *ret,
                    struct err *e)
{
        OWN(fw_rules) struct fw_rules leaves = { 0 };
        struct fw_rule mine = { 0 };

        *ret = false;
        if (fw_chain_refs(t, chain) == 0)
                return 0;
        fw_comment(&mine, "%s", handle);
        if (fw_tree_leaves(t, &tree_src, &leaves, e) < 0)
                return -1;
        for (size_t i = 0; i < leaves.count; i++)
                if (strcmp(leaves.items[i].to, chain) == 0 &&
                    strcmp(leaves.items[i].comment, mine.comment) != 0)
                        *ret = true;
        return 0;
}

static int pick_names(struct fw_table *t, struct opening *o, struct err *e)
{
        chain_names_make(o->s->handle, false, &o->s->names);
        if (is_taken(t, o->s->names.netout, o->s->handle, &o->hashed, e) < 0)
                return -1;
        if (o->hashed)
                chain_names_make(o->s->handle, true, &o->s->names);
        return 0;
}

static int put_leaf(struct fw_table *t, const struct fw_tree *tree, const struct subject *s,
                    const char *chain, struct err *e)
{
        struct fw_rule leaf = { .verb = FW_GOTO };

        fw_to(&leaf, "%s", chain);
        fw_comment(&leaf, "%s", s->handle);
        return fw_tree_put(t, tree, s->ip, &leaf, e);
}

/**
 * shut_others() - Nothing passes from or to a further address
 */
static int shut_others(struct fw_table *t, const struct subject *s, struct err *e)
{
        struct fw_rule refuse = { .verb = FW_REJECT };

        fw_comment(&refuse, "%s", s->handle);
        for (size_t i = 0; i < s->other_count; i++)
                if (fw_tree_put(t, &tree_src, s->others[i], &refuse, e) < 0 ||
                    fw_tree_put(t, &tree_dst, s->others[i], &refuse, e) < 0 ||
                    fw_tree_put(t, &tree_input, s->others[i], &refuse, e) < 0)
                        return -1;
        return 0;
}

/**
 * lead_here() - Have the built-in chains lead to the trees
 *
 * Behind the agent's jump, before all others: what a policy allows is decided there.
 */
static int lead_here(struct fw_table *t, const struct rules_conf *c, struct err *e)
{
        OWN(fw_rules) struct fw_rules forward = { 0 };
        struct fw_rule agent = { .verb = FW_JUMP }, ours = { .verb = FW_JUMP };
        struct fw_rule input = { .verb = FW_JUMP };
        size_t at;

        fw_to(&agent, "%s", AGENT_ROOT);
        fw_to(&ours, "%s", CHAIN_FORWARD);
        fw_to(&input, "%s", CHAIN_INPUT);
        at = fw_find(t, "FORWARD", &agent, 0) == 0 ? 1 : 0;
        if (rules_forward(c, &forward, e) < 0 ||
            fw_chain_set(t, CHAIN_FORWARD, forward.items, forward.count, e) < 0 ||
            fw_jump_ensure(t, "FORWARD", at, &ours, e) < 0)
                return -1;
        return fw_jump_ensure(t, "INPUT", 0, &input, e);
}

/**
 * evict_former() - The agent's rules for our address that speak of its former owner's app
 *
 * The agent replaces them when it sees the store; if it is down, nobody else would.
 */
static int evict_former(struct fw_table *t, const struct subject *s, struct err *e)
{
        const struct agent_owner owner = { .ip = s->ip, .app = s->app };
        size_t count;

        return agent_leaves_drop(t, &(struct agent_owners){ &owner, 1, false }, &count, e);
}

/**
 * shared_overlay() - What meets a packet to any container is the same for all of them
 */
static int shared_overlay(struct fw_table *t, const struct rules_conf *c, struct err *e)
{
        OWN(fw_rules) struct fw_rules overlay = { 0 };

        return rules_overlay(c, &overlay, e) < 0
                       ? -1
                       : fw_chain_set(t, CHAIN_OVERLAY, overlay.items, overlay.count, e);
}

static int open_it(struct fw_table *t, void *ctx, struct err *e)
{
        OWN(fw_rules) struct fw_rules input = { 0 }, ratelog = { 0 };
        struct opening *o = ctx;
        const struct subject *s = o->s;

        if (pick_names(t, o, e) < 0)
                return -1;
        if (rules_input(o->c, s, &input, e) < 0 || rules_ratelog(o->c, s, &ratelog, e) < 0)
                return -1;
        if (ratelog.count && fw_chain_set(t, s->names.ratelog, ratelog.items, ratelog.count, e) < 0)
                return -1;
        if (netout_set(t, o->c, s, o->rules, e) < 0 ||
            fw_chain_set(t, s->names.input, input.items, input.count, e) < 0 ||
            shared_overlay(t, o->c, e) < 0)
                return -1;
        if (put_leaf(t, &tree_src, s, s->names.netout, e) < 0 ||
            put_leaf(t, &tree_dst, s, CHAIN_OVERLAY, e) < 0 ||
            put_leaf(t, &tree_input, s, s->names.input, e) < 0 || shut_others(t, s, e) < 0)
                return -1;
        return evict_former(t, s, e) < 0 ? -1 : lead_here(t, o->c, e);
}

int netrules_open(const struct rules_conf *c, struct subject *s, const struct egress_list *rules,
                  bool *ret_hashed, struct err *e)
{
        const struct fw_where where = netrules_where(c);
        struct opening o = { .c = c, .s = s, .rules = rules };

        if (fw_edit(&where, "filter", open_it, &o, NULL, e) < 0)
                return err_add(e, "egress rules");
        *ret_hashed = o.hashed;
        return 0;
}

/** struct adding - What an edit of netrules_egress_add() works with */
struct adding {
        const struct rules_conf *c;
        const struct subject *s;
        const struct egress_list *rules;
};

static int add_it(struct fw_table *t, void *ctx, struct err *e)
{
        const struct adding *a = ctx;

        return netout_add(t, a->c, a->s, a->rules, e);
}

int netrules_egress_add(const struct rules_conf *c, const struct subject *s,
                        const struct egress_list *rules, struct err *e)
{
        const struct fw_where where = netrules_where(c);
        struct adding a = { .c = c, .s = s, .rules = rules };

        return rules->count ? fw_edit(&where, "filter", add_it, &a, NULL, e) : 0;
}

/**
 * struct closing - What an edit of netrules_close() works with
 * @names: The cut ones and the hashed ones: which of them it has need not be known
 */
struct closing {
        const char *handle;
        struct chain_names names[2];
};

/**
 * drop_chain() - Delete a chain unless another container's leaf leads to it
 */
static int drop_chain(struct fw_table *t, const char *chain, struct err *e)
{
        return fw_chain_refs(t, chain) ? 0 : fw_chain_delete(t, chain, e);
}

static int drop_shared(struct fw_table *t, struct err *e)
{
        if (fw_tree_trim(t, &tree_src, CHAIN_FORWARD, e) < 0 ||
            fw_tree_trim(t, &tree_dst, CHAIN_FORWARD, e) < 0 ||
            fw_tree_trim(t, &tree_input, "INPUT", e) < 0)
                return -1;
        if (drop_chain(t, CHAIN_OVERLAY, e) < 0)
                return -1;
        if (fw_chain_exists(t, CHAIN_SRC) || fw_chain_exists(t, CHAIN_DST))
                return 0;
        return fw_chain_cut(t, CHAIN_FORWARD, "FORWARD", e);
}

static int drop_chains(struct fw_table *t, const struct chain_names *n, struct err *e)
{
        if (fw_chain_refs(t, n->netout) == 0 && netout_drop(t, n->netout, e) < 0)
                return -1;
        if (drop_chain(t, n->netlog, e) < 0 || drop_chain(t, n->ratelog, e) < 0 ||
            drop_chain(t, n->overlay, e) < 0)
                return -1;
        return drop_chain(t, n->input, e);
}

static int close_it(struct fw_table *t, void *ctx, struct err *e)
{
        const struct closing *cl = ctx;

        if (fw_tree_cut_owner(t, &tree_src, cl->handle, e) < 0 ||
            fw_tree_cut_owner(t, &tree_dst, cl->handle, e) < 0 ||
            fw_tree_cut_owner(t, &tree_input, cl->handle, e) < 0)
                return -1;
        if (drop_chains(t, &cl->names[0], e) < 0 || drop_chains(t, &cl->names[1], e) < 0)
                return -1;
        return drop_shared(t, e);
}

int netrules_close(const struct rules_conf *c, const char *handle, struct err *e)
{
        const struct fw_where where = netrules_where(c);
        struct closing cl = { .handle = handle };

        chain_names_make(handle, false, &cl.names[0]);
        chain_names_make(handle, true, &cl.names[1]);
        if (fw_edit(&where, "filter", close_it, &cl, NULL, e) < 0)
                return err_add(e, "remove egress rules");
        return 0;
}
