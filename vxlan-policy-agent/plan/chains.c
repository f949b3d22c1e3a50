/* SPDX-License-Identifier: Apache-2.0 */
/* The plan as a value: chains, their order, their text. */
#include "vxlan-policy-agent/plan/compile.h"

#include "netman/grow.h"

#include <stdlib.h>
#include <string.h>

int plan_add_chain(struct plan *p, const char *name, size_t *ret_index, struct err *e)
{
        size_t len = strlen(name);

        if (len > FW_CHAIN_MAX)
                return err_set(e, FAULT_SYSTEM, 0, "chain name %s is too long", name);
        if (grow(&p->chains, p->count, &p->cap, sizeof *p->chains, e) < 0)
                return -1;
        p->chains[p->count] = (struct plan_chain){ 0 };
        memcpy(p->chains[p->count].name, name, len);
        *ret_index = p->count++;
        return 0;
}

int plan_add_rule(struct plan *p, size_t chain, const struct fw_rule *r, struct err *e)
{
        if (fw_rules_add(&p->chains[chain].rules, r, e) < 0)
                return -1;
        p->rules++;
        return 0;
}

static int by_name(const void *name, const void *chain)
{
        return strcmp(name, ((const struct plan_chain *)chain)->name);
}

const struct plan_chain *plan_chain(const struct plan *p, const char *name)
{
        return p->count ? bsearch(name, p->chains, p->count, sizeof *p->chains, by_name) : NULL;
}

static bool same_rules(const struct fw_rules *a, const struct fw_rules *b)
{
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (!fw_rule_same(&a->items[i], &b->items[i]))
                        return false;
        return true;
}

bool plan_same(const struct plan *a, const struct plan *b)
{
        if (a->count != b->count || a->rules != b->rules)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (strcmp(a->chains[i].name, b->chains[i].name) != 0 ||
                    !same_rules(&a->chains[i].rules, &b->chains[i].rules))
                        return false;
        return true;
}

void plan_print(const struct plan *p, struct str *out)
{
        for (size_t i = 0; i < p->count; i++)
                str_addf(out, "-N %s\n", p->chains[i].name);
        for (size_t i = 0; i < p->count; i++) {
                const struct plan_chain *c = &p->chains[i];

                for (size_t j = 0; j < c->rules.count; j++) {
                        str_addf(out, "-A %s ", c->name);
                        fw_rule_print(&c->rules.items[j], out);
                        str_add(out, "\n");
                }
        }
}

void plan_done(struct plan *p)
{
        for (size_t i = 0; i < p->count; i++)
                fw_rules_done(&p->chains[i].rules);
        free(p->chains);
        *p = (struct plan){ 0 };
}
