/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing a table of the kernel (legacy iptables, IPv4), the one way there is:
 *
 *   take iptables_lock_file, then /run/xtables.lock; read the table; call the
 *   edit function, which changes the copy in memory; commit once; if somebody
 *   changed the table meanwhile (EAGAIN), again from the read.
 *
 * The edit function therefore may run several times and must depend on nothing
 * but the table it is given and its own unchanging input. A table that it left
 * as it was is not committed. Rules and chains that it does not touch keep their
 * order, their bytes and their counters.
 *
 *   static int add_it(struct fw_table *t, void *ctx, struct err *e)
 *   {
 *           if (!fw_chain_exists(t, "netout--x") && fw_chain_create(t, "netout--x", e) < 0)
 *                   return -1;
 *           return fw_append(t, "netout--x", ctx, e);
 *   }
 *   …
 *   fw_edit(&where, "filter", add_it, &rule, e);
 *
 * A jump or goto to a chain that does not exist is refused when it is added:
 * create chains first.
 */
#ifndef NETMAN_FW_TX_H
#define NETMAN_FW_TX_H

#include "netman/err.h"
#include "netman/fw_rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FW_XTABLES_LOCK "/run/xtables.lock"
#define FW_WAIT_MS      10000 /* a good default for fw_where.wait_ms */

/**
 * struct fw_where - Which locks guard the tables
 * @lock_file:    iptables_lock_file of the configuration; NULL or "": only the next
 * @xtables_lock: NULL: FW_XTABLES_LOCK (another path is for tests)
 * @wait_ms:      Bound on waiting for both locks and on EAGAIN retries together
 * @give_up:      Asked now and then meanwhile, with @arg; true ends the waiting, the
 *                error's sys is ECANCELED then. NULL: never
 */
struct fw_where {
        const char *lock_file, *xtables_lock;
        int wait_ms;
        bool (*give_up)(void *arg);
        void *arg;
};

/** struct fw_cost - What an edit took, for metrics */
struct fw_cost {
        int64_t lock_us, edit_us; /* waiting for locks; reading, editing, committing */
        unsigned int tries;       /* 1 unless the table changed under us */
        bool committed;           /* false: nothing had to change */
};

struct fw_table;

/** Edits @t; -1 with @e set abandons the edit: the kernel's table stays as it was. */
typedef int (*fw_edit_fn)(struct fw_table *t, void *ctx, struct err *e);

/**
 * fw_edit() - Change a table under the locks, in one commit
 * @table:    "filter", "nat", "raw" or "mangle"
 * @fn:       The edit; may be called several times, each time with a fresh table
 * @ret_cost: May be NULL
 * @e:        FAULT_CONFLICT: a lock or the table could not be had in time;
 *            FAULT_DENIED: no privilege; else @fn's error
 */
int fw_edit(const struct fw_where *where, const char *table, fw_edit_fn fn, void *ctx,
            struct fw_cost *ret_cost, struct err *e);

/** fw_view() - Let @fn look at a table, without locks; its changes are lost */
int fw_view(const char *table, fw_edit_fn fn, void *ctx, struct err *e);

/**
 * fw_size() - The table's number of rules (chain heads included) and its bytes
 *
 * One system call: a cheap way to see that somebody changed something.
 */
int fw_size(const char *table, unsigned int *ret_rules, unsigned int *ret_bytes, struct err *e);

/**
 * fw_missing() - Which matches and targets of our rules does this kernel not have?
 * @ret: Their names, with a space before each; empty if it has all
 *
 * To ask is to have it load the modules.
 */
int fw_missing(struct str *ret, struct err *e);

/**
 * struct fw_locks - The locks, held: two tables under one hold of them
 * @own_fd, @xtables_fd: -1: not held
 * @deadline_ms: Of clock_ms(): until then changes by others are retried
 * @waited_us:   What it took to get them
 * @give_up, @arg: As in struct fw_where
 *
 *   OWN(fw_locks) struct fw_locks held = FW_LOCKS_NONE;
 *   if (fw_locks_take(&where, &held, e) < 0 || fw_edit_held(&held, "filter", …) < 0 || …
 */
struct fw_locks {
        int own_fd, xtables_fd;
        int64_t deadline_ms, waited_us;
        bool (*give_up)(void *arg);
        void *arg;
};
/* clang-format off */
#define FW_LOCKS_NONE { .own_fd = -1, .xtables_fd = -1 }
/* clang-format on */

/**
 * fw_locks_take() - Take both locks
 * @ret: Untouched on failure
 * @e:   FAULT_CONFLICT: not in time, or called off; FAULT_DENIED: we may not open one
 */
int fw_locks_take(const struct fw_where *where, struct fw_locks *ret, struct err *e);

/** fw_locks_drop() - Let go of them; what is not held is no error */
void fw_locks_drop(struct fw_locks *held);

/** fw_edit_held() - As fw_edit(), under locks that are held already; each is a commit of its own */
int fw_edit_held(const struct fw_locks *held, const char *table, fw_edit_fn fn, void *ctx,
                 struct fw_cost *ret_cost, struct err *e);

/**
 * fw_keep_memory() - For programs that edit a few tables and end
 *
 * A table is taken apart and put together in megabytes. To have them from the kernel
 * anew for every table costs more than the work on one.
 */
void fw_keep_memory(void);

/* ---- Inside an edit function. Built-in chains are "INPUT", "FORWARD", … ---- */

bool fw_chain_exists(struct fw_table *t, const char *chain);

/** fw_chain_create() - A new, empty chain; FAULT_CONFLICT where it exists */
int fw_chain_create(struct fw_table *t, const char *chain, struct err *e);

/** fw_chain_ensure() - Create it unless it exists */
int fw_chain_ensure(struct fw_table *t, const char *chain, struct err *e);

/** fw_chain_flush() - Delete all its rules */
int fw_chain_flush(struct fw_table *t, const char *chain, struct err *e);

/**
 * fw_chain_delete() - Delete a chain with its rules
 * @e: FAULT_CONFLICT while a rule of another chain still leads to it
 *
 * A chain that is not there is no error.
 */
int fw_chain_delete(struct fw_table *t, const char *chain, struct err *e);

/** fw_chains_delete() - The same for all that start with @prefix, whichever leads to which */
int fw_chains_delete(struct fw_table *t, const char *prefix, struct err *e);

/** fw_chain_unlink() - Delete the rules of all chains that lead to @chain, whatever they match */
int fw_chain_unlink(struct fw_table *t, const char *chain, struct err *e);

/**
 * fw_chain_refs() - How many rules lead to the chain; 0 also where it is missing
 */
unsigned int fw_chain_refs(struct fw_table *t, const char *chain);

/**
 * fw_chain_names() - Names of all chains that start with @prefix ("" for all)
 * @ret_names: New array with its strings in one block: free() it
 */
int fw_chain_names(struct fw_table *t, const char *prefix, char ***ret_names, size_t *ret_count,
                   struct err *e);

/** fw_chain_count() - How many rules it has; 0 also where it is missing */
size_t fw_chain_count(struct fw_table *t, const char *chain);

/**
 * fw_chain_read() - Its rules, appended to @ret in their order
 * @e: FAULT_ABSENT: no such chain
 *
 * Rules that this module would not write in these very bytes are FW_FOREIGN:
 * they count as positions, they can be deleted, but not written again.
 */
int fw_chain_read(struct fw_table *t, const char *chain, struct fw_rules *ret, struct err *e);

/**
 * fw_chain_set() - Make a chain hold exactly these rules, creating it if need be
 *
 * Rules at its start and end that are there already stay as they are, counters
 * included; if all are, nothing changes.
 */
int fw_chain_set(struct fw_table *t, const char *chain, const struct fw_rule *rules, size_t count,
                 struct err *e);

/** fw_find() - First position >= @from of a rule same as @r, or -1 */
ssize_t fw_find(struct fw_table *t, const char *chain, const struct fw_rule *r, size_t from);

/**
 * fw_append() - Put @r at the end of a chain
 * @e: FAULT_ABSENT: no such chain, or none that @r could lead to
 */
int fw_append(struct fw_table *t, const char *chain, const struct fw_rule *r, struct err *e);

/** fw_insert() - Put @r at position @at, counted from 0; @at may be the count */
int fw_insert(struct fw_table *t, const char *chain, size_t at, const struct fw_rule *r,
              struct err *e);

/** fw_delete() - Delete the rule at position @at, counted from 0 */
int fw_delete(struct fw_table *t, const char *chain, size_t at, struct err *e);

#endif
