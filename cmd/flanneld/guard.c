/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/guard.h"

#include "netman/fw_dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GATE  "flanneld--vtep"
#define PEERS "flanneld--peers"
#define CELL  "flanneld--cell"
#define OWNER "flanneld"

/* The lock is waited for by the thread that repairs routes: not long. */
enum { LOCK_WAIT_MS = 3000 };

static const struct fw_tree peers_tree = { .root = PEERS, .key = FW_BY_SRC };

/** struct addresses - Sorted, each once */
struct addresses {
        uint32_t *at; /* owned */
        size_t count;
};

static void addresses_drop(struct addresses *a)
{
        free(a->at);
}

/**
 * struct guard_edit - What an edit is given
 * @known: @was is what the table holds; else it must be read
 * @close: The leaves, whatever they are, are left alone
 */
struct guard_edit {
        const struct guard *guard;
        bool known, close;
        struct addresses was, now; /* borrowed */
};

static int compare_ip(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

/**
 * drop_others() - Delete our rules of @want's kind (verb, chain to go to, comment) but itself
 * @want: With all that it says, or for no rule of this kind to stay: the kind alone
 */
static int drop_others(struct fw_table *t, const char *hook, const struct fw_rule *want,
                       struct err *e)
{
        OWN(fw_rules) struct fw_rules now = { 0 };

        if (fw_chain_read(t, hook, &now, e) < 0)
                return -1;
        for (size_t i = now.count; i > 0; i--) {
                const struct fw_rule *r = &now.items[i - 1];

                if (r->verb == want->verb && strcmp(r->to, want->to) == 0 &&
                    strcmp(r->comment, want->comment) == 0 && !fw_rule_same(r, want) &&
                    fw_delete(t, hook, i - 1, e) < 0)
                        return -1;
        }
        return 0;
}

static int have_one(struct fw_table *t, const char *hook, const struct fw_rule *want, struct err *e)
{
        return drop_others(t, hook, want, e) < 0 ? -1 : fw_jump_ensure(t, hook, 0, want, e);
}

static void sort(struct addresses *a)
{
        size_t kept = 0;

        if (a->count == 0)
                return;
        qsort(a->at, a->count, sizeof *a->at, compare_ip);
        for (size_t i = 0; i < a->count; i++)
                if (kept == 0 || a->at[i] != a->at[kept - 1])
                        a->at[kept++] = a->at[i];
        a->count = kept;
}

static struct fw_rule leaf_of(uint32_t ip)
{
        /* A comment would cost each commit. */
        return (struct fw_rule){ .src = { ip, 32, false }, .verb = FW_ACCEPT };
}

/* A step of the tree, or a leaf as we make it? Anything else may let in anybody. */
static bool belongs(const struct fw_rule *r)
{
        struct fw_rule leaf = leaf_of(r->src.addr);

        return (r->verb == FW_GOTO && str_starts(r->to, PEERS "-")) || fw_rule_same(r, &leaf);
}

/* Which addresses a chain of the tree lets through; rules that are not ours go. */
static int read_chain(struct fw_table *t, const char *chain, struct addresses *ret, struct err *e)
{
        OWN(fw_rules) struct fw_rules rules = { 0 };
        void *room;

        if (fw_chain_read(t, chain, &rules, e) < 0)
                return -1;
        room = realloc(ret->at, (ret->count + rules.count + 1) * sizeof *ret->at);
        if (!room)
                return err_oom(e);
        ret->at = room;
        for (size_t i = rules.count; i > 0; i--) {
                const struct fw_rule *r = &rules.items[i - 1];

                if (!belongs(r)) {
                        if (fw_delete(t, chain, i - 1, e) < 0)
                                return -1;
                } else if (r->verb == FW_ACCEPT) {
                        ret->at[ret->count++] = r->src.addr;
                }
        }
        return 0;
}

static int read_tree(struct fw_table *t, struct addresses *ret, struct err *e)
{
        OWN(mem) char **chains = NULL;
        size_t count;

        if (fw_chain_names(t, PEERS, &chains, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (read_chain(t, chains[i], ret, e) < 0)
                        return -1;
        sort(ret);
        return 0;
}

/**
 * edit_leaves() - Cut the leaves that only @was has, put those that only @now has
 * @all: Put those that both have, too: the way to them may be broken
 */
static int edit_leaves(struct fw_table *t, const struct addresses *was, const struct addresses *now,
                       bool all, struct err *e)
{
        size_t i = 0, k = 0;

        while (i < was->count || k < now->count) {
                bool gone = k == now->count || (i < was->count && was->at[i] < now->at[k]);
                bool came = i == was->count || (k < now->count && now->at[k] < was->at[i]);
                struct fw_rule leaf = leaf_of(gone ? 0 : now->at[k]);

                if (gone && fw_tree_cut(t, &peers_tree, was->at[i], e) < 0)
                        return -1;
                if (!gone && (came || all) && fw_tree_put(t, &peers_tree, now->at[k], &leaf, e) < 0)
                        return -1;
                i += !came;
                k += !gone;
        }
        return 0;
}

static int remove_tunnel(struct fw_table *t, struct err *e)
{
        return fw_chain_cut(t, GATE, "INPUT", e) < 0 ? -1 : fw_chains_delete(t, PEERS, e);
}

/* Table mangle: who may send through the tunnel. */
static int edit_tunnel(struct fw_table *t, void *ctx, struct err *e)
{
        const struct guard_edit *w = ctx;
        const struct fw_rule gate[] = { { .verb = FW_JUMP, .to = PEERS }, { .verb = FW_DROP } };
        const struct fw_rule jump = { .proto = FW_UDP,
                                      .dports = { w->guard->port, w->guard->port },
                                      .verb = FW_JUMP,
                                      .to = GATE };
        OWN(addresses) struct addresses there = { 0 };

        if (!w->guard->on)
                return remove_tunnel(t, e);
        if (fw_chain_ensure(t, PEERS, e) < 0 || fw_chain_set(t, GATE, gate, 2, e) < 0)
                return -1;
        if (!w->known && read_tree(t, &there, e) < 0)
                return -1;
        if (!w->close && edit_leaves(t, w->known ? &w->was : &there, &w->now, !w->known, e) < 0)
                return -1;
        return have_one(t, "INPUT", &jump, e);
}

/* Without a guard nothing of it may stay. */
static int remove_cell(struct fw_table *t, struct err *e)
{
        const struct fw_rule forged = { .comment = OWNER, .verb = FW_REJECT };

        if (drop_others(t, "FORWARD", &forged, e) < 0)
                return -1;
        return fw_chain_cut(t, CELL, "INPUT", e);
}

/* Table filter: no tunnels made by containers, and the cell's own services. */
static int edit_cell(struct fw_table *t, void *ctx, struct err *e)
{
        const struct guard_edit *w = ctx;
        const struct guard *g = w->guard;
        const struct fw_rule cell[] = {
                { .states = FW_RELATED | FW_ESTABLISHED, .verb = FW_RETURN }, { .verb = FW_REJECT }
        };
        const struct fw_rule forged = { .src = { g->network.ip, g->network.len, false },
                                        .proto = FW_UDP,
                                        .dports = { g->port, g->port },
                                        .comment = OWNER,
                                        .verb = FW_REJECT };
        struct fw_rule jump = { .mark = { 0, UINT32_MAX, true }, .verb = FW_JUMP, .to = CELL };

        /* An older version's; as long as it has to stand, it lets in whom it did. */
        if (!w->close && remove_tunnel(t, e) < 0)
                return -1;
        if (!g->on)
                return remove_cell(t, e);
        (void)snprintf(jump.in, sizeof jump.in, "%s", g->device);
        if (fw_chain_set(t, CELL, cell, 2, e) < 0 || have_one(t, "FORWARD", &forged, e) < 0)
                return -1;
        return have_one(t, "INPUT", &jump, e);
}

static bool same(const struct addresses *a, const struct addresses *b)
{
        return a->count == b->count &&
               (a->count == 0 || memcmp(a->at, b->at, a->count * sizeof *a->at) == 0);
}

static int take_locks(const struct guard *g, struct fw_locks *ret, struct err *e)
{
        const struct fw_where where = { .lock_file = g->lock_file, .wait_ms = LOCK_WAIT_MS };

        return fw_locks_take(&where, ret, e);
}

static int told(const struct guard *g, struct err *e)
{
        return err_add(e, "guard of UDP port %u (--guard=false goes without)", g->port);
}

int guard_close(const struct guard *g, struct err *e)
{
        OWN(fw_locks) struct fw_locks held = FW_LOCKS_NONE;
        struct guard_edit w = { .guard = g, .close = true };
        struct table_size size;

        if (!g->on)
                return 0;
        if (take_locks(g, &held, e) < 0 ||
            table_edit(&held, "mangle", edit_tunnel, &w, &size, e) < 0 ||
            table_edit(&held, "filter", edit_cell, &w, &size, e) < 0)
                return told(g, e);
        return 0;
}

int guard_sync(struct guard *g, const struct leases *peers, bool all, struct err *e)
{
        OWN(fw_locks) struct fw_locks held = FW_LOCKS_NONE;
        OWN(addresses) struct addresses now = { 0 };
        struct guard_edit w = {
                .guard = g,
                .known = g->known && !all,
                .was = { g->ips, g->count },
        };

        now.at = calloc(peers->count + 1, sizeof *now.at);
        if (!now.at)
                return err_oom(e);
        for (size_t i = 0; i < peers->count; i++)
                now.at[now.count++] = peers->at[i].public_ip;
        sort(&now);
        if (w.known && (!g->on || same(&w.was, &now)))
                return 0;
        w.now = now;
        if (take_locks(g, &held, e) < 0)
                return told(g, e);
        /* Whether leaves of ours were among what went is left to the next look at all. */
        g->doubt = w.known && table_differs("mangle", &g->mangle);
        g->known = false; /* should this fail */
        if (table_edit(&held, "mangle", edit_tunnel, &w, &g->mangle, e) < 0 ||
            (!w.known && table_edit(&held, "filter", edit_cell, &w, &g->filter, e) < 0))
                return told(g, e);
        free(g->ips);
        g->ips = GIVE(now.at);
        g->count = now.count;
        g->known = true;
        return 0;
}

bool guard_stray(const struct guard *g)
{
        return g->on && (g->doubt || !g->known || table_differs("mangle", &g->mangle) ||
                         table_differs("filter", &g->filter));
}

void guard_drop(struct guard *g)
{
        free(g->ips);
}
