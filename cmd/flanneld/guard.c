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
 */
struct guard_edit {
        const struct guard *guard;
        bool known;
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

/* What leads packets to our chains; and tunnels made by containers go nowhere. */
static int edit_hooks(struct fw_table *t, const struct guard *g, struct err *e)
{
        const struct fw_ports port = { g->port, g->port };
        const struct fw_rule gate = {
                .proto = FW_UDP, .dports = port, .verb = FW_JUMP, .to = GATE
        };
        const struct fw_rule forged = { .src = { g->network.ip, g->network.len, false },
                                        .proto = FW_UDP,
                                        .dports = port,
                                        .comment = OWNER,
                                        .verb = FW_REJECT };
        struct fw_rule cell = { .mark = { 0, UINT32_MAX, true }, .verb = FW_JUMP, .to = CELL };

        (void)snprintf(cell.in, sizeof cell.in, "%s", g->device);
        if (have_one(t, "INPUT", &gate, e) < 0 || have_one(t, "FORWARD", &forged, e) < 0)
                return -1;
        return have_one(t, "INPUT", &cell, e);
}

static void sort(struct addresses *a)
{
        size_t kept = 0;

        qsort(a->at, a->count, sizeof *a->at, compare_ip);
        for (size_t i = 0; i < a->count; i++)
                if (kept == 0 || a->at[i] != a->at[kept - 1])
                        a->at[kept++] = a->at[i];
        a->count = kept;
}

/* Which addresses the table lets through; leaves that say something else go. */
static int read_leaves(struct fw_table *t, struct addresses *ret, struct err *e)
{
        OWN(fw_rules) struct fw_rules leaves = { 0 };

        if (fw_tree_leaves(t, &peers_tree, &leaves, e) < 0)
                return -1;
        ret->at = calloc(leaves.count + 1, sizeof *ret->at);
        if (!ret->at)
                return err_oom(e);
        for (size_t i = 0; i < leaves.count; i++) {
                const struct fw_rule *r = &leaves.items[i];

                if (r->verb == FW_ACCEPT)
                        ret->at[ret->count++] = r->src.addr;
                else if (fw_tree_cut(t, &peers_tree, r->src.addr, e) < 0)
                        return -1;
        }
        sort(ret);
        return 0;
}

/* Cut the leaves that only @was has, put those that only @now has. */
static int edit_leaves(struct fw_table *t, const struct addresses *was, const struct addresses *now,
                       struct err *e)
{
        const struct fw_rule leaf = { .verb = FW_ACCEPT }; /* a comment would cost each commit */
        size_t i = 0, k = 0;

        while (i < was->count || k < now->count) {
                if (k == now->count || (i < was->count && was->at[i] < now->at[k])) {
                        if (fw_tree_cut(t, &peers_tree, was->at[i++], e) < 0)
                                return -1;
                } else if (i == was->count || now->at[k] < was->at[i]) {
                        if (fw_tree_put(t, &peers_tree, now->at[k++], &leaf, e) < 0)
                                return -1;
                } else {
                        i++;
                        k++;
                }
        }
        return 0;
}

/* Without a guard nothing of it may stay: it would shut out cells that come. */
static int remove_all(struct fw_table *t, struct err *e)
{
        const struct fw_rule forged = { .comment = OWNER, .verb = FW_REJECT };
        const struct addresses none = { 0 };
        OWN(addresses) struct addresses there = { 0 };

        if (drop_others(t, "FORWARD", &forged, e) < 0 || fw_chain_cut(t, GATE, "INPUT", e) < 0 ||
            fw_chain_cut(t, CELL, "INPUT", e) < 0)
                return -1;
        if (!fw_chain_exists(t, PEERS))
                return 0;
        if (read_leaves(t, &there, e) < 0 || edit_leaves(t, &there, &none, e) < 0)
                return -1;
        return fw_chain_delete(t, PEERS, e);
}

static int edit(struct fw_table *t, void *ctx, struct err *e)
{
        const struct guard_edit *w = ctx;
        const struct fw_rule gate[] = { { .verb = FW_JUMP, .to = PEERS }, { .verb = FW_DROP } };
        const struct fw_rule cell[] = {
                { .states = FW_RELATED | FW_ESTABLISHED, .verb = FW_RETURN }, { .verb = FW_REJECT }
        };
        OWN(addresses) struct addresses there = { 0 };

        if (!w->guard->on)
                return remove_all(t, e);
        if (fw_chain_ensure(t, PEERS, e) < 0 || fw_chain_set(t, GATE, gate, 2, e) < 0 ||
            fw_chain_set(t, CELL, cell, 2, e) < 0)
                return -1;
        if (!w->known && read_leaves(t, &there, e) < 0)
                return -1;
        if (edit_leaves(t, w->known ? &w->was : &there, &w->now, e) < 0)
                return -1;
        return edit_hooks(t, w->guard, e);
}

static bool same(const struct addresses *a, const struct addresses *b)
{
        return a->count == b->count &&
               (a->count == 0 || memcmp(a->at, b->at, a->count * sizeof *a->at) == 0);
}

int guard_sync(struct guard *g, const struct leases *peers, bool all, struct err *e)
{
        struct fw_where where = { .lock_file = g->lock_file, .wait_ms = LOCK_WAIT_MS };
        OWN(addresses) struct addresses now = { 0 };
        struct guard_edit w = {
                .guard = g,
                .known = g->rules && !all,
                .was = { g->ips, g->count },
        };

        now.at = calloc(peers->count + 1, sizeof *now.at);
        if (!now.at)
                return err_oom(e);
        for (size_t i = 0; i < peers->count; i++)
                now.at[now.count++] = peers->at[i].public_ip;
        sort(&now);
        if (w.known && same(&w.was, &now))
                return 0;
        w.now = now;
        /* Containers come and go, so that the table has another size each time; whether
         * leaves of ours were among what went is left to the next look at all. */
        g->doubt = w.known && guard_stray(g);
        g->rules = 0; /* not known, should this fail */
        if (fw_edit(&where, "filter", edit, &w, NULL, e) < 0)
                return err_add(e, "guard of UDP port %u (--guard=false goes without)", g->port);
        free(g->ips);
        g->ips = GIVE(now.at);
        g->count = now.count;
        return fw_size("filter", &g->rules, &g->bytes, e);
}

bool guard_stray(const struct guard *g)
{
        unsigned int rules, bytes;

        if (!g->on || fw_size("filter", &rules, &bytes, NULL) < 0)
                return false;
        return g->doubt || rules != g->rules || bytes != g->bytes;
}

void guard_drop(struct guard *g)
{
        free(g->ips);
}
