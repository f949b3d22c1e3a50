/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/netrules/netout.h"

#include "garden-external-networker/netrules/asgplan.h"
#include "netman/str.h"

#include <string.h>

/**
 * find_tree() - The tree that an egress chain leads to
 * @ret: Its root, "" for none
 */
static int find_tree(struct fw_table *t, const char *chain, char ret[FW_CHAIN_MAX + 1],
                     struct err *e)
{
        OWN(fw_rules) struct fw_rules rules = { 0 };

        ret[0] = '\0';
        if (!fw_chain_exists(t, chain))
                return 0;
        if (fw_chain_read(t, chain, &rules, e) < 0)
                return -1;
        for (size_t i = 0; i < rules.count; i++)
                if (rules.items[i].verb == FW_GOTO && str_starts(rules.items[i].to, ASG_PREFIX))
                        (void)snprintf(ret, FW_CHAIN_MAX + 1, "%.28s", rules.items[i].to);
        return 0;
}

/**
 * drop_tree() - Delete all chains of a tree that nobody leads to any more
 */
static int drop_tree(struct fw_table *t, const char *root, struct err *e)
{
        return !*root || fw_chain_refs(t, root) > 0 ? 0 : fw_chains_delete(t, root, e);
}

static int build_tree(struct fw_table *t, const struct asg_plan *plan, struct err *e)
{
        if (fw_chain_exists(t, asg_plan_root(plan)))
                return 0; /* named after what is in it */
        for (size_t i = 0; i < plan->count; i++) {
                const struct asg_chain *chain = &plan->chains[i];

                if (fw_chain_set(t, chain->name, chain->rules.items, chain->rules.count, e) < 0)
                        return -1;
        }
        return 0;
}

/**
 * literal() - The whole chain with its rules as they came
 * @all: Has what stands first; gets all else
 */
static int literal(struct fw_table *t, const struct rules_conf *c, const struct subject *s,
                   const struct egress_list *rules, struct fw_rules *all, struct err *e)
{
        if (rules_egress(c, s, rules, all, e) < 0 || rules_netout_end(c, s, all, e) < 0)
                return -1;
        return fw_chain_set(t, s->names.netout, all->items, all->count, e);
}

/**
 * branched() - The chain that leads to a tree: denials, replies, the tree
 * @all: Has what stands first; gets all else
 */
static int branched(struct fw_table *t, const struct rules_conf *c, const struct subject *s,
                    const struct egress_list *rules, struct fw_rules *all, struct err *e)
{
        OWN(asg_plan) struct asg_plan plan = { 0 };
        OWN(fw_rules) struct fw_rules tail = { 0 };
        struct fw_rule go = { .src = fw_host(s->ip), .dst = fw_not(c->overlay), .verb = FW_GOTO };

        if (rules_refusal(c, s, &tail, e) < 0 ||
            asg_plan_make(rules, s->names.netlog, c->asg_logging, &tail, &plan, e) < 0)
                return -1;
        fw_to(&go, "%s", asg_plan_root(&plan));
        if (build_tree(t, &plan, e) < 0 || rules_replies(c, s, all, e) < 0 ||
            fw_rules_add(all, &go, e) < 0)
                return -1;
        return fw_chain_set(t, s->names.netout, all->items, all->count, e);
}

static bool any_logs(const struct rules_conf *c, const struct egress_list *rules)
{
        for (size_t i = 0; i < rules->count; i++)
                if (rules->items[i].log)
                        return true;
        return c->asg_logging;
}

/**
 * lay_log() - The chain that logged rules lead to; few containers have such
 */
static int lay_log(struct fw_table *t, const struct rules_conf *c, const struct subject *s,
                   struct err *e)
{
        OWN(fw_rules) struct fw_rules log = { 0 };

        return rules_netlog(c, s, &log, e) < 0
                       ? -1
                       : fw_chain_set(t, s->names.netlog, log.items, log.count, e);
}

/**
 * put() - Make the chain anew
 * @all: Has what stands first
 */
static int put(struct fw_table *t, const struct rules_conf *c, const struct subject *s,
               const struct egress_list *rules, struct fw_rules *all, struct err *e)
{
        char old[FW_CHAIN_MAX + 1];

        if (find_tree(t, s->names.netout, old, e) < 0 ||
            (any_logs(c, rules) && lay_log(t, c, s, e) < 0))
                return -1;
        if (rules->count > ASG_LITERAL_MAX ? branched(t, c, s, rules, all, e) < 0
                                           : literal(t, c, s, rules, all, e) < 0)
                return -1;
        return drop_tree(t, old, e);
}

int netout_set(struct fw_table *t, const struct rules_conf *c, const struct subject *s,
               const struct egress_list *rules, struct err *e)
{
        OWN(fw_rules) struct fw_rules all = { 0 };

        return rules_first(c, s, &all, e) < 0 ? -1 : put(t, c, s, rules, &all, e);
}

/**
 * as_egress() - The net-out rule that a rule of a chain is
 */
static struct egress as_egress(const struct fw_rule *r, bool log)
{
        struct egress g = {
                .proto = r->proto, .dst = { 0, UINT32_MAX }, .ports = { 0, UINT16_MAX }, .log = log
        };

        if (r->dst_range.hi)
                g.dst = r->dst_range;
        else if (r->dst.len && !r->dst.other)
                g.dst = (struct fw_addrs){ r->dst.addr, r->dst.addr | ~fw_mask(r->dst.len) };
        if (r->dports.hi)
                g.ports = r->dports;
        if (g.proto == FW_ICMP)
                g.icmp = r->icmp.on ? r->icmp : (struct fw_icmp){ true, -1, -1 };
        return g;
}

/**
 * read_verdicts() - The net-out rules that stand in a chain: what passes, and is no reply
 */
static int read_verdicts(struct fw_table *t, const char *chain, const char *log_chain,
                         struct egress_list *ret, struct err *e)
{
        OWN(fw_rules) struct fw_rules rules = { 0 };

        if (fw_chain_read(t, chain, &rules, e) < 0)
                return -1;
        for (size_t i = 0; i < rules.count; i++) {
                const struct fw_rule *r = &rules.items[i];
                bool log = r->verb == FW_GOTO && strcmp(r->to, log_chain) == 0;
                struct egress g = as_egress(r, log);

                if ((log || (r->verb == FW_RETURN && !r->states)) && egress_add(ret, &g, e) < 0)
                        return -1;
        }
        return 0;
}

static int by_name(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int netout_read(struct fw_table *t, const char *chain, const char *log_chain,
                struct egress_list *ret, struct err *e)
{
        OWN(mem) char **names = NULL;
        char root[FW_CHAIN_MAX + 1];
        size_t count;

        if (find_tree(t, chain, root, e) < 0)
                return -1;
        if (!*root)
                return read_verdicts(t, chain, log_chain, ret, e);
        if (fw_chain_names(t, root, &names, &count, e) < 0)
                return -1;
        qsort(names, count, sizeof *names, by_name);
        for (size_t i = 0; i < count; i++)
                if (read_verdicts(t, names[i], log_chain, ret, e) < 0)
                        return -1;
        return 0;
}

/**
 * is_first() - Does it belong to what stands before all net-out rules?
 */
static bool is_first(const struct fw_rule *r)
{
        return r->above.per_second || r->verb == FW_REJECT || r->verb == FW_LOG;
}

/**
 * keep_first() - What stands at the chain's start, to stay there
 *
 * Which denials and limits a container has was settled when it came up.
 */
static int keep_first(struct fw_table *t, const char *chain, struct fw_rules *ret, struct err *e)
{
        OWN(fw_rules) struct fw_rules now = { 0 };

        if (fw_chain_read(t, chain, &now, e) < 0)
                return -1;
        for (size_t i = 0; i < now.count && is_first(&now.items[i]); i++)
                if (fw_rules_add(ret, &now.items[i], e) < 0)
                        return -1;
        return 0;
}

int netout_add(struct fw_table *t, const struct rules_conf *c, const struct subject *s,
               const struct egress_list *rules, struct err *e)
{
        OWN(egress) struct egress_list all = { 0 };
        OWN(fw_rules) struct fw_rules first = { 0 };

        if (!fw_chain_exists(t, s->names.netout))
                return err_set(e, FAULT_ABSENT, 0, "chain %s is missing: is the container up?",
                               s->names.netout);
        for (size_t i = 0; i < rules->count; i++)
                if (egress_add(&all, &rules->items[i], e) < 0)
                        return -1;
        if (netout_read(t, s->names.netout, s->names.netlog, &all, e) < 0 ||
            keep_first(t, s->names.netout, &first, e) < 0)
                return -1;
        return put(t, c, s, &all, &first, e);
}

int netout_drop(struct fw_table *t, const char *chain, struct err *e)
{
        char root[FW_CHAIN_MAX + 1];

        if (find_tree(t, chain, root, e) < 0 || fw_chain_delete(t, chain, e) < 0)
                return -1;
        return drop_tree(t, root, e);
}
