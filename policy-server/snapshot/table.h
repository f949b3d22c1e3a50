/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All policies in memory, indexed by app, their JSON ready. A plain value: no
 * locks, no database, no clock.
 *
 * Each policy has a fingerprint, a hash of all that is served of it; each app
 * has the sum of those that touch it. So the fingerprint of an answer is the
 * sum over its apps, and two servers with the same policies agree on it.
 */
#ifndef NETMAN_POLICY_SERVER_SNAPSHOT_TABLE_H
#define NETMAN_POLICY_SERVER_SNAPSHOT_TABLE_H

#include "netman/policy.h"

struct table;
struct table_app;

/** struct fingerprint - Of policies; sums are compared, so order does not matter */
struct fingerprint {
        uint64_t a, b;
};

int table_new(unsigned int tag_length, struct table **ret, struct err *e);
void table_free(struct table *t);
OWN_DROP(table, struct table *, table_free)

/** table_add() - @p with its tags; one that is there already is left alone */
int table_add(struct table *t, const struct policy *p, struct err *e);

/** table_remove() - One that is not there is no error */
void table_remove(struct table *t, const struct policy *p);

size_t table_count(const struct table *t);

/**
 * struct table_selection - Some apps of a table; valid until the table changes
 * @all: Every app: the other members are not used
 */
struct table_selection {
        bool all;
        const struct table_app **apps;
        size_t count;
};

/**
 * table_select() - The apps named by a comma list
 * @ids: NULL: all. Unknown and repeated ids are left out
 */
int table_select(const struct table *t, const char *ids, struct table_selection *ret,
                 struct err *e);
void table_selection_done(struct table_selection *s);

static inline void table_selection_drop(struct table_selection *s)
{
        table_selection_done(s);
}

struct fingerprint table_fingerprint(const struct table *t, const struct table_selection *s);

/** table_print() - The internal API's answer: policies that touch a selected app */
int table_print(const struct table *t, const struct table_selection *s, enum policy_version v,
                struct str *out, struct err *e);

/**
 * table_each() - Call @visit for all policies in the order they were made
 * @visit: Gets a policy that is borrowed; -1 ends the walk
 */
int table_each(const struct table *t,
               int (*visit)(void *arg, const struct policy *p, struct err *e), void *arg,
               struct err *e);

#endif
