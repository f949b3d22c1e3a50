/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/guard.h"

#include "netman/fw_dispatch.h"

#include <stdlib.h>
#include <string.h>

#define GATE  "flanneld--vtep"
#define PEERS "flanneld--peers"
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
        bool on;
        uint16_t port;
        bool known;
        struct addresses was, now; /* borrowed */
};

static int compare_ip(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

/* The way into the gate, for our port, and for no other. */
static int edit_input(struct fw_table *t, uint16_t port, struct err *e)
{
        OWN(fw_rules) struct fw_rules input = { 0 };
        struct fw_rule jump = {
                .proto = FW_UDP, .dports = { port, port }, .verb = FW_JUMP, .to = GATE
        };

        if (fw_chain_read(t, "INPUT", &input, e) < 0)
                return -1;
        for (size_t i = input.count; i > 0; i--) {
                const struct fw_rule *r = &input.items[i - 1];

                if (r->verb == FW_JUMP && strcmp(r->to, GATE) == 0 && r->dports.lo != port &&
                    fw_delete(t, "INPUT", i - 1, e) < 0)
                        return -1;
        }
        return fw_jump_ensure(t, "INPUT", 0, &jump, e);
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
        const struct fw_rule leaf = { .verb = FW_ACCEPT, .comment = OWNER };
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
        if (fw_chain_cut(t, GATE, "INPUT", e) < 0 ||
            fw_tree_cut_owner(t, &peers_tree, OWNER, e) < 0)
                return -1;
        return fw_chain_delete(t, PEERS, e);
}

static int edit(struct fw_table *t, void *ctx, struct err *e)
{
        const struct guard_edit *w = ctx;
        const struct fw_rule gate[] = { { .verb = FW_JUMP, .to = PEERS }, { .verb = FW_DROP } };
        OWN(addresses) struct addresses there = { 0 };

        if (!w->on)
                return remove_all(t, e);
        if (fw_chain_ensure(t, PEERS, e) < 0 || fw_chain_set(t, GATE, gate, 2, e) < 0)
                return -1;
        if (!w->known && read_leaves(t, &there, e) < 0)
                return -1;
        if (edit_leaves(t, w->known ? &w->was : &there, &w->now, e) < 0)
                return -1;
        return edit_input(t, w->port, e);
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
                .on = g->on,
                .port = g->port,
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
