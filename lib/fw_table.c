/* SPDX-License-Identifier: Apache-2.0 */
/* Edits of a table in memory: chains by name, rules by position. */
#include "lib/fw_table.h"

#include "netman/fw_encode.h"
#include "netman/own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int fw_table_failed(const struct fw_table *t, const char *what, struct err *e)
{
        int sys = errno;
        enum fault fault = sys == EPERM                     ? FAULT_DENIED
                           : sys == ENOENT                  ? FAULT_ABSENT
                           : sys == EEXIST || sys == EMLINK ? FAULT_CONFLICT
                                                            : FAULT_SYSTEM;

        (void)err_set(e, fault, 0, "table %s: %s: %s", t->name, what, iptc_strerror(sys));
        if (e)
                e->sys = sys;
        return -1;
}

/* ---- Chains ---- */

bool fw_chain_exists(struct fw_table *t, const char *chain)
{
        return iptc_is_chain(chain, t->handle);
}

int fw_chain_create(struct fw_table *t, const char *chain, struct err *e)
{
        size_t len = strlen(chain);

        if (!len || len > FW_CHAIN_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "chain name '%s' is empty or too long",
                               chain);
        if (!iptc_create_chain(chain, t->handle))
                return fw_table_failed(t, chain, e);
        t->changed = true;
        return 0;
}

int fw_chain_ensure(struct fw_table *t, const char *chain, struct err *e)
{
        return fw_chain_exists(t, chain) ? 0 : fw_chain_create(t, chain, e);
}

int fw_chain_flush(struct fw_table *t, const char *chain, struct err *e)
{
        if (fw_chain_exists(t, chain) && !iptc_first_rule(chain, t->handle))
                return 0;
        if (!iptc_flush_entries(chain, t->handle))
                return fw_table_failed(t, chain, e);
        t->changed = true;
        return 0;
}

unsigned int fw_chain_refs(struct fw_table *t, const char *chain)
{
        unsigned int refs = 0;

        return fw_chain_exists(t, chain) && iptc_get_references(&refs, chain, t->handle) ? refs : 0;
}

/**
 * unlink_in() - Delete the rules of one chain that lead to another
 */
static int unlink_in(struct fw_table *t, const char *from, const char *chain, struct err *e)
{
        const struct ipt_entry *entry = iptc_first_rule(from, t->handle);
        size_t at = 0;

        while (entry) {
                bool leads = strcmp(iptc_get_target(entry, t->handle), chain) == 0;

                /* The next one is found before its predecessor goes. */
                entry = iptc_next_rule(entry, t->handle);
                if (leads && fw_delete(t, from, at, e) < 0)
                        return -1;
                at += !leads;
        }
        return 0;
}

int fw_chain_unlink(struct fw_table *t, const char *chain, struct err *e)
{
        OWN(mem) char **names = NULL;
        size_t count = 0;

        if (!fw_chain_refs(t, chain))
                return 0;
        if (fw_chain_names(t, "", &names, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (unlink_in(t, names[i], chain, e) < 0)
                        return -1;
        return 0;
}

int fw_chain_delete(struct fw_table *t, const char *chain, struct err *e)
{
        unsigned int refs = fw_chain_refs(t, chain);

        if (!fw_chain_exists(t, chain))
                return 0;
        if (refs)
                return err_set(e, FAULT_CONFLICT, 0, "table %s: %s: %u rules still lead there",
                               t->name, chain, refs);
        if (fw_chain_flush(t, chain, e) < 0)
                return -1;
        if (!iptc_delete_chain(chain, t->handle))
                return fw_table_failed(t, chain, e);
        t->changed = true;
        return 0;
}

int fw_chain_names(struct fw_table *t, const char *prefix, char ***ret_names, size_t *ret_count,
                   struct err *e)
{
        size_t count = 0, bytes = 0, i = 0;
        const char *chain;
        char **names;
        char *text;

        for (chain = iptc_first_chain(t->handle); chain; chain = iptc_next_chain(t->handle)) {
                if (!str_starts(chain, prefix))
                        continue;
                count++;
                bytes += strlen(chain) + 1;
        }
        names = malloc(count * sizeof *names + bytes + 1);
        if (!names)
                return err_oom(e);
        text = (char *)(names + count);
        for (chain = iptc_first_chain(t->handle); chain; chain = iptc_next_chain(t->handle)) {
                if (!str_starts(chain, prefix))
                        continue;
                names[i++] = text;
                text = stpcpy(text, chain) + 1;
        }
        *ret_names = names;
        *ret_count = i;
        return 0;
}

int fw_chains_delete(struct fw_table *t, const char *prefix, struct err *e)
{
        OWN(mem) char **names = NULL;
        size_t count;

        if (fw_chain_names(t, prefix, &names, &count, e) < 0)
                return -1;
        /* All rules first: then none leads to another. */
        for (size_t i = 0; i < count; i++)
                if (fw_chain_flush(t, names[i], e) < 0)
                        return -1;
        for (size_t i = 0; i < count; i++)
                if (fw_chain_delete(t, names[i], e) < 0)
                        return -1;
        return 0;
}

size_t fw_chain_count(struct fw_table *t, const char *chain)
{
        const struct ipt_entry *entry;
        size_t count = 0;

        if (!fw_chain_exists(t, chain))
                return 0;
        for (entry = iptc_first_rule(chain, t->handle); entry;
             entry = iptc_next_rule(entry, t->handle))
                count++;
        return count;
}

int fw_chain_read(struct fw_table *t, const char *chain, struct fw_rules *ret, struct err *e)
{
        const struct ipt_entry *entry;

        if (!fw_chain_exists(t, chain))
                return err_set(e, FAULT_ABSENT, 0, "table %s: no chain %s", t->name, chain);
        for (entry = iptc_first_rule(chain, t->handle); entry;
             entry = iptc_next_rule(entry, t->handle)) {
                struct fw_rule r;

                fw_decode(entry, iptc_get_target(entry, t->handle), &r);
                if (fw_rules_add(ret, &r, e) < 0)
                        return -1;
        }
        return 0;
}

/* ---- Rules ---- */

/**
 * encode_for() - Bytes of a rule whose chain, if it leads to one, exists
 */
static int encode_for(struct fw_table *t, const struct fw_rule *r, struct fw_entry *ret,
                      struct err *e)
{
        if ((r->verb == FW_JUMP || r->verb == FW_GOTO) && !fw_chain_exists(t, r->to))
                return err_set(e, FAULT_ABSENT, 0, "table %s: no chain %s to lead to", t->name,
                               r->to);
        return fw_encode(r, ret, e);
}

int fw_append(struct fw_table *t, const char *chain, const struct fw_rule *r, struct err *e)
{
        struct fw_entry entry;

        if (encode_for(t, r, &entry, e) < 0)
                return -1;
        if (!iptc_append_entry(chain, &entry.head, t->handle))
                return fw_table_failed(t, chain, e);
        t->changed = true;
        return 0;
}

int fw_insert(struct fw_table *t, const char *chain, size_t at, const struct fw_rule *r,
              struct err *e)
{
        struct fw_entry entry;

        if (encode_for(t, r, &entry, e) < 0)
                return -1;
        if (!iptc_insert_entry(chain, &entry.head, (unsigned int)at, t->handle))
                return fw_table_failed(t, chain, e);
        t->changed = true;
        return 0;
}

int fw_delete(struct fw_table *t, const char *chain, size_t at, struct err *e)
{
        if (!iptc_delete_num_entry(chain, (unsigned int)at, t->handle))
                return fw_table_failed(t, chain, e);
        t->changed = true;
        return 0;
}

/**
 * entry_is() - Does the kernel's entry say just what @r says?
 */
static bool entry_is(struct fw_table *t, const struct ipt_entry *entry, const struct fw_rule *r)
{
        struct fw_entry have, want;

        return fw_encode(r, &want, NULL) == 0 && entry->next_offset == want.len &&
               fw_normalise(entry, iptc_get_target(entry, t->handle), &have) &&
               fw_entry_same(&have, &want);
}

ssize_t fw_find(struct fw_table *t, const char *chain, const struct fw_rule *r, size_t from)
{
        const struct ipt_entry *entry;
        size_t at = 0;

        if (!fw_chain_exists(t, chain))
                return -1;
        for (entry = iptc_first_rule(chain, t->handle); entry;
             entry = iptc_next_rule(entry, t->handle), at++)
                if (at >= from && entry_is(t, entry, r))
                        return (ssize_t)at;
        return -1;
}

/**
 * struct span - What of a chain stays when it is set anew
 * @old:  How many rules it has
 * @head: Rules at the start that stay
 * @tail: Rules at the end that stay
 */
struct span {
        size_t old, head, tail;
};

/**
 * compare() - How much of a chain's start and end is as wanted
 */
static int compare(struct fw_table *t, const char *chain, const struct fw_rule *rules, size_t count,
                   struct span *ret, struct err *e)
{
        struct span s = { .old = fw_chain_count(t, chain) };
        OWN(mem) const struct ipt_entry **entries = calloc(s.old + 1, sizeof *entries);
        size_t least = s.old < count ? s.old : count;

        if (!entries)
                return err_oom(e);
        for (size_t i = 0; i < s.old; i++)
                entries[i] = i ? iptc_next_rule(entries[i - 1], t->handle)
                               : iptc_first_rule(chain, t->handle);
        while (s.head < least && entry_is(t, entries[s.head], &rules[s.head]))
                s.head++;
        while (s.tail < least - s.head &&
               entry_is(t, entries[s.old - 1 - s.tail], &rules[count - 1 - s.tail]))
                s.tail++;
        *ret = s;
        return 0;
}

int fw_chain_set(struct fw_table *t, const char *chain, const struct fw_rule *rules, size_t count,
                 struct err *e)
{
        struct span s;

        if (fw_chain_ensure(t, chain, e) < 0 || compare(t, chain, rules, count, &s, e) < 0)
                return -1;
        if (!s.head && !s.tail && fw_chain_flush(t, chain, e) < 0)
                return -1;
        for (size_t gone = s.head + s.tail; gone && gone < s.old; gone++)
                if (fw_delete(t, chain, s.head, e) < 0)
                        return -1;
        for (size_t i = s.head; i < count - s.tail; i++) {
                int rc = s.tail ? fw_insert(t, chain, i, &rules[i], e)
                                : fw_append(t, chain, &rules[i], e);

                if (rc < 0)
                        return -1;
        }
        return 0;
}
