/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: one app's chain, and that of all other cells' apps. Sources are told apart by their tags: up
 * to PLAN_FAN of them stand in one chain; more are split by those one to three neighbouring bits
 * that divide them best (tags are handed out in sequence, so that is seldom the
 * upper ones). A source with many port ranges gets chains of its own, in which
 * the ranges are cut into PLAN_FAN spans, level by level.
 */
#include "vxlan-policy-agent/plan/compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAG_BITS     16
#define INLINE_MAX   4 /* a source with more rules than this gets a chain of its own */
#define CUT_BITS_MAX 3
#define BUCKET_GOAL  12 /* sources in a chain that splitting aims at */
#define PATH_MAX_LEN 11 /* tree levels that a chain's name has room for */

/** struct range - Ports that a source may reach, neighbours merged */
struct range {
        enum policy_proto proto;
        uint16_t lo, hi;
};

/**
 * struct source - One source app of this destination
 * @ranges: tcp first, then udp, each ascending and disjoint
 */
struct source {
        uint32_t tag;
        const char *id;
        const struct range *ranges;
        size_t count;
};

/** struct app - What stays the same all over one app's chains */
struct app {
        struct plan *plan;
        const struct plan_settings *settings;
        const char *key, *id;
};

/* ---- Leaves: accept, and say so if told to ---- */

static struct fw_rule match_range(const struct source *src, const struct range *range)
{
        return (struct fw_rule){ .proto = range->proto == POLICY_TCP ? FW_TCP : FW_UDP,
                                 .dports = { range->lo, range->hi },
                                 .mark = { .value = src->tag, .mask = UINT32_MAX } };
}

/**
 * add_log() - Log what the accept rule after it is going to accept
 *
 * UDP has no beginning that conntrack could be trusted with, so it is limited.
 */
static int add_log(const struct app *a, size_t chain, const struct source *src,
                   const struct range *range, struct err *e)
{
        struct fw_rule r = match_range(src, range);
        char text[POLICY_TAG_TEXT];
        const char *tag = policy_tag_print(src->tag, a->settings->tag_length, text);
        int room = FW_PREFIX_MAX - (int)strlen("OK__ ") - (int)strlen(tag);

        r.verb = FW_LOG;
        r.states = FW_INVALID | FW_NEW | FW_UNTRACKED;
        r.ctstate = true;
        if (range->proto == POLICY_UDP)
                r.limit.per_second = a->settings->accepted_udp_per_second;
        fw_to(&r, "OK_%s_%.*s ", tag, room, a->id);
        return plan_add_rule(a->plan, chain, &r, e);
}

static int add_accept(const struct app *a, size_t chain, const struct source *src,
                      const struct range *range, struct err *e)
{
        struct fw_rule r = match_range(src, range);

        if (a->id && a->settings->logging && add_log(a, chain, src, range, e) < 0)
                return -1;
        r.verb = FW_ACCEPT;
        if (a->id)
                fw_comment(&r, "src:%s_dst:%s", src->id, a->id);
        else
                fw_comment(&r, "src:%s", src->id);
        return plan_add_rule(a->plan, chain, &r, e);
}

/* ---- A source with many ranges ---- */

/**
 * fill_spans() - Accept ranges of one protocol, through spans if they are many
 * @path: Which span of which span this is, for the chain's name
 */
static int fill_spans(const struct app *a, size_t chain, const struct source *src,
                      const struct range *ranges, size_t count, const char *path, struct err *e)
{
        size_t each = (count + PLAN_FAN - 1) / PLAN_FAN;

        if (count <= PLAN_FAN) {
                for (size_t i = 0; i < count; i++)
                        if (add_accept(a, chain, src, &ranges[i], e) < 0)
                                return -1;
                return 0;
        }
        for (size_t i = 0, slot = 0; i < count; i += each, slot++) {
                size_t n = count - i < each ? count - i : each;
                struct range span = { ranges[i].proto, ranges[i].lo, ranges[i + n - 1].hi };
                struct fw_rule step = match_range(src, &span);
                char below[PATH_MAX_LEN + 1];
                size_t child;

                (void)snprintf(below, sizeof below, "%s%zx", path, slot);
                step.verb = FW_GOTO;
                fw_to(&step, PLAN_PREFIX "p-%s-%x-%s", a->key, src->tag, below);
                if (plan_add_rule(a->plan, chain, &step, e) < 0 ||
                    plan_add_chain(a->plan, step.to, &child, e) < 0 ||
                    fill_spans(a, child, src, ranges + i, n, below, e) < 0)
                        return -1;
        }
        return 0;
}

static int add_source_chain(const struct app *a, size_t chain, const struct source *src,
                            struct err *e)
{
        struct fw_rule step = { .mark = { .value = src->tag, .mask = UINT32_MAX },
                                .verb = FW_GOTO };
        size_t child, tcp = 0;

        while (tcp < src->count && src->ranges[tcp].proto == POLICY_TCP)
                tcp++;
        fw_to(&step, PLAN_PREFIX "p-%s-%x", a->key, src->tag);
        if (plan_add_rule(a->plan, chain, &step, e) < 0 ||
            plan_add_chain(a->plan, step.to, &child, e) < 0 ||
            fill_spans(a, child, src, src->ranges, tcp, "t", e) < 0)
                return -1;
        return fill_spans(a, child, src, src->ranges + tcp, src->count - tcp, "u", e);
}

static int add_source(const struct app *a, size_t chain, const struct source *src, struct err *e)
{
        if (src->count > INLINE_MAX)
                return add_source_chain(a, chain, src, e);
        for (size_t i = 0; i < src->count; i++)
                if (add_accept(a, chain, src, &src->ranges[i], e) < 0)
                        return -1;
        return 0;
}

/* ---- The tree on tags ---- */

/** struct window - The bits of a tag at which a node splits */
struct window {
        unsigned int shift, bits;
};

static uint32_t window_mask(struct window w)
{
        return ((UINT32_C(1) << w.bits) - 1) << w.shift;
}

static size_t slot_of(struct window w, uint32_t tag)
{
        return (tag & window_mask(w)) >> w.shift;
}

/**
 * fullest() - Sources in the fullest slot, if they are split at @w
 */
static size_t fullest(const struct source *sources, size_t count, struct window w)
{
        size_t in[PLAN_FAN] = { 0 }, most = 0;

        for (size_t i = 0; i < count; i++) {
                size_t n = ++in[slot_of(w, sources[i].tag)];

                most = n > most ? n : most;
        }
        return most;
}

/**
 * best_window() - Where to split so that the fullest slot is as empty as can be
 *
 * Tags differ in some bit, so with the best one no slot holds all of them.
 */
static struct window best_window(const struct source *sources, size_t count)
{
        struct window best = { .bits = 1 }, w;
        size_t least = SIZE_MAX;

        while (best.bits < CUT_BITS_MAX && (count >> best.bits) > BUCKET_GOAL)
                best.bits++;
        w = best;
        for (; w.shift + w.bits <= TAG_BITS; w.shift++) {
                size_t most = fullest(sources, count, w);

                if (most < least) {
                        least = most;
                        best = w;
                }
        }
        return best;
}

static int fill_tags(const struct app *a, size_t chain, struct source *sources, size_t count,
                     const char *path, struct err *e);

/**
 * add_slot() - A chain for the sources of one slot, and the step to it
 */
static int add_slot(const struct app *a, size_t chain, struct window w, struct source *sources,
                    size_t count, const char *path, struct err *e)
{
        struct fw_rule step = { .mark = { .value = sources[0].tag & window_mask(w),
                                          .mask = window_mask(w) },
                                .verb = FW_GOTO };
        char below[PATH_MAX_LEN + 1];
        size_t child;

        if (count == 1 && sources[0].count <= INLINE_MAX)
                return add_source(a, chain, sources, e);
        (void)snprintf(below, sizeof below, "%s%zx", path, slot_of(w, sources[0].tag));
        fw_to(&step, PLAN_PREFIX "m-%s-%s", a->key, below);
        if (plan_add_rule(a->plan, chain, &step, e) < 0 ||
            plan_add_chain(a->plan, step.to, &child, e) < 0)
                return -1;
        return fill_tags(a, child, sources, count, below, e);
}

/**
 * gather() - Move the sources of one slot to the front, both parts in order
 * @spare: Room for @count sources
 *
 * Return: how many they are
 */
static size_t gather(struct source *sources, size_t count, struct window w, size_t slot,
                     struct source *spare)
{
        size_t in = 0, out = 0;

        for (size_t i = 0; i < count; i++) {
                if (slot_of(w, sources[i].tag) == slot)
                        sources[in++] = sources[i];
                else
                        spare[out++] = sources[i];
        }
        memcpy(sources + in, spare, out * sizeof *spare);
        return in;
}

/**
 * fill_tags() - Decide among sources, by a split if they are many
 * @sources: Put into another order here
 */
static int fill_tags(const struct app *a, size_t chain, struct source *sources, size_t count,
                     const char *path, struct err *e)
{
        OWN(mem) struct source *spare = NULL;
        struct window w;

        if (count <= PLAN_FAN || strlen(path) >= PATH_MAX_LEN) {
                for (size_t i = 0; i < count; i++)
                        if (add_source(a, chain, &sources[i], e) < 0)
                                return -1;
                return 0;
        }
        spare = calloc(count, sizeof *spare);
        if (!spare)
                return err_oom(e);
        w = best_window(sources, count);
        for (size_t slot = 0; slot >> w.bits == 0; slot++) {
                size_t n = gather(sources, count, w, slot, spare);

                if (n && add_slot(a, chain, w, sources, n, path, e) < 0)
                        return -1;
                sources += n;
                count -= n;
        }
        return 0;
}

/* ---- Policies to sources ---- */

/**
 * add_range() - Take over a policy's ports, merged with the range before if they touch
 * @first: Ranges of the same source start here
 */
static void add_range(struct range *ranges, size_t *count, size_t first, const struct policy *p)
{
        struct range *last = *count > first ? &ranges[*count - 1] : NULL;

        if (last && last->proto == p->proto && p->start <= last->hi + 1) {
                last->hi = p->end > last->hi ? p->end : last->hi;
                return;
        }
        ranges[(*count)++] = (struct range){ p->proto, p->start, p->end };
}

/**
 * collect() - Sorted policies to sources with merged ranges
 * @sources, @ranges: Have room for @count each
 *
 * Return: how many sources
 */
static size_t collect(const struct policy *const *policies, size_t count, struct source *sources,
                      struct range *ranges)
{
        size_t n = 0, used = 0, first = 0;

        for (size_t i = 0; i < count; i++) {
                if (!n || sources[n - 1].tag != policies[i]->source_tag) {
                        first = used;
                        sources[n++] = (struct source){ .tag = policies[i]->source_tag,
                                                        .id = policies[i]->source,
                                                        .ranges = ranges + used };
                }
                add_range(ranges, &used, first, policies[i]);
                sources[n - 1].count = used - first;
        }
        return n;
}

int plan_decision(struct plan *p, const struct plan_settings *s, const struct decision *d,
                  struct err *e)
{
        OWN(mem) struct source *sources = calloc(d->count + 1, sizeof *sources);
        OWN(mem) struct range *ranges = calloc(d->count + 1, sizeof *ranges);
        struct app a = { .plan = p, .settings = s, .key = d->key, .id = d->id };
        size_t chain;

        if (!sources || !ranges)
                return err_oom(e);
        if (plan_add_chain(p, d->chain, &chain, e) < 0)
                return -1;
        return fill_tags(&a, chain, sources, collect(d->policies, d->count, sources, ranges), "",
                         e);
}
