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

/** struct guard_edit - What an edit is given: the peers' addresses, sorted */
struct guard_edit {
        uint16_t port;
        uint32_t *ips; /* owned */
        size_t count;
};

static void guard_edit_drop(struct guard_edit *w)
{
        free(w->ips);
}

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

/* The leaves: one for each address of @w, none for others. */
static int edit_leaves(struct fw_table *t, const struct guard_edit *w, struct err *e)
{
        OWN(fw_rules) struct fw_rules leaves = { 0 };
        OWN(mem) bool *there = calloc(w->count + 1, sizeof *there);
        struct fw_rule leaf = { .verb = FW_ACCEPT, .comment = OWNER };

        if (!there)
                return err_oom(e);
        if (fw_tree_leaves(t, &peers_tree, &leaves, e) < 0)
                return -1;
        for (size_t i = 0; i < leaves.count; i++) {
                const struct fw_rule *r = &leaves.items[i];
                const uint32_t *at =
                        bsearch(&r->src.addr, w->ips, w->count, sizeof *w->ips, compare_ip);

                if (at && r->verb == FW_ACCEPT)
                        there[at - w->ips] = true;
                else if (fw_tree_cut(t, &peers_tree, r->src.addr, e) < 0)
                        return -1;
        }
        for (size_t i = 0; i < w->count; i++)
                if (!there[i] && fw_tree_put(t, &peers_tree, w->ips[i], &leaf, e) < 0)
                        return -1;
        return 0;
}

static int edit(struct fw_table *t, void *ctx, struct err *e)
{
        const struct guard_edit *w = ctx;
        struct fw_rule gate[] = { { .verb = FW_JUMP, .to = PEERS }, { .verb = FW_DROP } };

        if (fw_chain_ensure(t, PEERS, e) < 0 || fw_chain_set(t, GATE, gate, 2, e) < 0 ||
            edit_leaves(t, w, e) < 0)
                return -1;
        return edit_input(t, w->port, e);
}

int guard_sync(struct guard *g, const struct leases *peers, struct err *e)
{
        struct fw_where where = { .lock_file = g->lock_file, .wait_ms = LOCK_WAIT_MS };
        OWN(guard_edit) struct guard_edit w = { .port = g->port };

        if (!g->on)
                return 0;
        w.ips = calloc(peers->count + 1, sizeof *w.ips);
        if (!w.ips)
                return err_oom(e);
        for (size_t i = 0; i < peers->count; i++)
                w.ips[w.count++] = peers->at[i].public_ip;
        qsort(w.ips, w.count, sizeof *w.ips, compare_ip);
        if (fw_edit(&where, "filter", edit, &w, NULL, e) < 0)
                return err_add(e, "guard of UDP port %u", g->port);
        return fw_size("filter", &g->rules, &g->bytes, e);
}

bool guard_stray(const struct guard *g)
{
        unsigned int rules, bytes;

        if (!g->on || fw_size("filter", &rules, &bytes, NULL) < 0)
                return false;
        return rules != g->rules || bytes != g->bytes;
}
