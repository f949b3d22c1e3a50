/* SPDX-License-Identifier: Apache-2.0 */
/* A container's port forwards in the nat table. */
#include "garden-external-networker/netrules/netrules.h"

#include "netman/fw_dispatch.h"

#include <stdint.h>
#include <string.h>

/**
 * struct forwarding - What an edit of netrules_forward() works with
 * @fresh: The address is new to the container
 */
struct forwarding {
        const struct subject *s;
        const struct forward *list;
        size_t count;
        bool fresh;
};

static int put_forward(struct fw_table *t, const struct subject *s, const struct forward *f,
                       struct err *e)
{
        struct fw_rule leaf = { .verb = FW_GOTO }, other;
        const struct fw_rule r =
                rules_netin(f->host_ip, f->port.host_port, s->ip, f->port.container_port);
        int there = fw_tree_get(t, &tree_netin, f->port.host_port, &other, e);

        if (there < 0)
                return -1;
        fw_to(&leaf, "%s", s->names.netin);
        fw_comment(&leaf, "%s", s->handle);
        if (there && strcmp(other.comment, leaf.comment) != 0)
                return err_set(e, FAULT_CONFLICT, 0, "host port %u is container %s's",
                               f->port.host_port, other.comment);
        if (fw_tree_put(t, &tree_netin, f->port.host_port, &leaf, e) < 0)
                return -1;
        return fw_find(t, s->names.netin, &r, 0) >= 0 ? 0 : fw_append(t, s->names.netin, &r, e);
}

/**
 * leads_to() - Does a chain forward to the address?
 */
static int leads_to(struct fw_table *t, const char *chain, uint32_t ip, bool *ret, struct err *e)
{
        OWN(fw_rules) struct fw_rules rules = { 0 };

        *ret = false;
        if (fw_chain_read(t, chain, &rules, e) < 0)
                return -1;
        for (size_t i = 0; i < rules.count; i++)
                *ret |= rules.items[i].verb == FW_DNAT && rules.items[i].nat_addr == ip;
        return 0;
}

/**
 * evict_former() - Port forwards of others to our address
 *
 * They are its former owner's, whose down was killed or could not have the lock.
 */
static int evict_former(struct fw_table *t, const struct subject *s, struct err *e)
{
        OWN(fw_rules) struct fw_rules leaves = { 0 };
        struct fw_rule mine = { 0 };

        fw_comment(&mine, "%s", s->handle);
        if (fw_tree_leaves(t, &tree_netin, &leaves, e) < 0)
                return -1;
        for (size_t i = 0; i < leaves.count; i++) {
                const struct fw_rule *leaf = &leaves.items[i];
                bool here;

                if (strcmp(leaf->comment, mine.comment) == 0)
                        continue;
                if (leads_to(t, leaf->to, s->ip, &here, e) < 0 ||
                    (here && fw_tree_cut(t, &tree_netin, leaf->dports.lo, e) < 0))
                        return -1;
        }
        return 0;
}

static int forward_it(struct fw_table *t, void *ctx, struct err *e)
{
        const struct forwarding *f = ctx;
        struct fw_rule jump = { .proto = FW_TCP, .verb = FW_JUMP };

        if ((f->fresh && evict_former(t, f->s, e) < 0) ||
            fw_chain_ensure(t, f->s->names.netin, e) < 0)
                return -1;
        for (size_t i = 0; i < f->count; i++)
                if (put_forward(t, f->s, &f->list[i], e) < 0)
                        return -1;
        if (!f->count)
                return 0;
        fw_to(&jump, "%s", CHAIN_NETIN);
        return fw_jump_ensure(t, "PREROUTING", SIZE_MAX, &jump, e);
}

static int forward(const struct rules_conf *c, struct forwarding f, struct err *e)
{
        const struct fw_where where = netrules_where(c);

        if (fw_edit(&where, "nat", forward_it, &f, NULL, e) < 0)
                return err_add(e, "port forwards");
        return 0;
}

int netrules_forward_anew(const struct rules_conf *c, const struct subject *s,
                          const struct forward *list, size_t count, struct err *e)
{
        return forward(c, (struct forwarding){ s, list, count, true }, e);
}

int netrules_forward(const struct rules_conf *c, const struct subject *s, const struct forward *f,
                     struct err *e)
{
        return forward(c, (struct forwarding){ s, f, 1, false }, e);
}

/** struct unforwarding - What an edit of netrules_unforward() works with */
struct unforwarding {
        const char *handle;
        struct chain_names names[2];
};

static int unforward_it(struct fw_table *t, void *ctx, struct err *e)
{
        const struct unforwarding *u = ctx;

        if (fw_tree_cut_owner(t, &tree_netin, u->handle, e) < 0)
                return -1;
        for (size_t i = 0; i < 2; i++)
                if (fw_chain_refs(t, u->names[i].netin) == 0 &&
                    fw_chain_delete(t, u->names[i].netin, e) < 0)
                        return -1;
        return fw_tree_trim(t, &tree_netin, "PREROUTING", e);
}

int netrules_unforward(const struct rules_conf *c, const char *handle, struct err *e)
{
        const struct fw_where where = netrules_where(c);
        struct unforwarding u = { .handle = handle };

        chain_names_make(handle, false, &u.names[0]);
        chain_names_make(handle, true, &u.names[1]);
        if (fw_edit(&where, "nat", unforward_it, &u, NULL, e) < 0)
                return err_add(e, "remove port forwards");
        return 0;
}
