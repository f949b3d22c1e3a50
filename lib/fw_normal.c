/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry's bytes without what changes by itself, so that bytes from the kernel
 * compare with bytes that we make.
 */
#include "netman/fw_encode.h"

#include <linux/netfilter/xt_limit.h>
#include <stdalign.h>
#include <stddef.h>
#include <string.h>

/**
 * clear_behind() - Zero a name's bytes behind its end
 *
 * The kernel writes back only the name itself; what follows is whatever our
 * buffer held.
 */
static void clear_behind(char *name, size_t size)
{
        size_t len = strnlen(name, size);

        memset(name + len, 0, size - len);
}

static bool named(const char *name, size_t size, const char *want)
{
        return strnlen(name, size) == strlen(want) && memcmp(name, want, strlen(want)) == 0;
}

/**
 * normal_matches() - Clean every match's name and kernel-private part
 *
 * Return: false if the sizes do not add up
 */
static bool normal_matches(struct fw_entry *b)
{
        size_t at = XT_ALIGN(sizeof b->head);
        size_t end = b->head.target_offset;

        while (at < end) {
                struct xt_entry_match *m = (void *)(b->bytes + at);
                size_t left = end - at;

                if (left < sizeof *m || m->u.user.match_size < sizeof *m ||
                    m->u.user.match_size > left ||
                    m->u.user.match_size % alignof(struct xt_entry_match))
                        return false;
                clear_behind(m->u.user.name, sizeof m->u.user.name);
                if (named(m->u.user.name, sizeof m->u.user.name, "limit") &&
                    m->u.user.match_size == XT_ALIGN(sizeof *m + sizeof(struct xt_rateinfo)))
                        memset(m->data + offsetof(struct xt_rateinfo, prev), 0,
                               sizeof(struct xt_rateinfo) - offsetof(struct xt_rateinfo, prev));
                at += m->u.user.match_size;
        }
        return at == end;
}

/**
 * normal_target() - Put a verdict's or a chain's name where the kernel has a number
 */
static bool normal_target(struct fw_entry *b, const char *target)
{
        struct xt_entry_target *t = (void *)(b->bytes + b->head.target_offset);
        size_t size = b->len - b->head.target_offset;
        size_t len = strlen(target);

        if (size < sizeof *t || t->u.user.target_size != size)
                return false;
        clear_behind(t->u.user.name, sizeof t->u.user.name);
        if (!t->u.user.name[0] && size == XT_ALIGN(sizeof(struct xt_standard_target))) {
                if (len >= sizeof t->u.user.name)
                        return false;
                memset(t->data, 0, size - sizeof *t);
                memcpy(t->u.user.name, target, len);
        }
        return true;
}

bool fw_normalise(const struct ipt_entry *entry, const char *target, struct fw_entry *ret)
{
        if (entry->next_offset > FW_ENTRY_MAX || entry->target_offset > entry->next_offset ||
            entry->target_offset < XT_ALIGN(sizeof *entry) ||
            entry->target_offset % alignof(struct xt_entry_target))
                return false;
        memcpy(ret->bytes, entry, entry->next_offset);
        ret->len = entry->next_offset;
        ret->head.nfcache = 0;
        ret->head.comefrom = 0;
        memset(&ret->head.counters, 0, sizeof ret->head.counters);
        return normal_matches(ret) && normal_target(ret, target);
}

bool fw_entry_same(const struct fw_entry *a, const struct fw_entry *b)
{
        return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}
