/* SPDX-License-Identifier: Apache-2.0 */
/* The containers of this cell, from the container store. */
#ifndef VXLAN_POLICY_AGENT_CONTAINERS_H
#define VXLAN_POLICY_AGENT_CONTAINERS_H

#include "netman/datastore.h"
#include "netman/err.h"
#include "vxlan-policy-agent/plan/plan.h"

/**
 * struct containers - What the store said; all zero is a valid empty one
 * @list:  Owns the strings that @items borrows
 * @items: For the planner
 * @ids:   Their apps' ids, sorted, each once
 */
struct containers {
        struct ds_list list;
        struct plan_container *items;
        size_t count;
        const char **ids;
        size_t id_count;
};

/** containers_read() - @ret: Emptied, then filled in; as it was on failure */
int containers_read(const char *path, struct containers *ret, struct err *e);

/** containers_stale() - Has the store changed since @c was read? */
bool containers_stale(const char *path, const struct containers *c);

/** containers_same_ids() - Do the same apps have containers here? */
bool containers_same_ids(const struct containers *a, const struct containers *b);

/** containers_swap() - Each gets what the other had */
void containers_swap(struct containers *a, struct containers *b);
void containers_done(struct containers *c);

static inline void containers_drop(struct containers *c)
{
        containers_done(c);
}

#endif
