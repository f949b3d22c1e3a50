/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the agent's rules speak for an address's former owner; against the real
 * kernel, in a network namespace of this test's own. Needs root.
 */
#include "netman/agent_rules.h"

#include "fw_kernel.h"

#define ADDR(n) IP(10, 255, 1, n)

static struct fw_rule leaf(const char *comment, uint32_t ip)
{
        struct fw_rule r = { .verb = FW_ACCEPT };

        *(comment[0] == 's' ? &r.src : &r.dst) = fw_host(ip);
        fw_comment(&r, "%s", comment);
        return r;
}

static void a_leaf_is_stale_if_its_address_is_another_apps(void **state)
{
        static char long_a[200], long_b[200];
        const struct agent_owner owners[] = { { ADDR(2), "a" },
                                              { ADDR(3), NULL },
                                              { ADDR(4), long_a } };
        const struct agent_owners some = { owners, 3, false }, all = { owners, 3, true };
        const struct agent_owners none = { NULL, 0, false };
        struct fw_rule step = leaf("src:b", ADDR(2)), cut;

        (void)state;
        memset(long_a, 'a', sizeof long_a - 1);
        memset(long_b, 'b', sizeof long_b - 1);
        const struct {
                struct fw_rule r;
                bool some, all;
        } table[] = {
                { leaf("src:a", ADDR(2)), false, false },
                { leaf("dst:a", ADDR(2)), false, false },
                { leaf("src:b", ADDR(2)), true, true },
                { leaf("dst:ab", ADDR(2)), true, true },
                { leaf("src:a", ADDR(3)), true, true },
                { leaf("src:a", ADDR(9)), false, true },
                { leaf("log of b", ADDR(2)), false, false },
        };

        for (size_t i = 0; i < COUNT(table); i++) {
                assert_int_equal(agent_leaf_stale(&table[i].r, &some), table[i].some);
                assert_int_equal(agent_leaf_stale(&table[i].r, &all), table[i].all);
                assert_false(agent_leaf_stale(&table[i].r, &none));
        }
        step.src.len = 24;
        assert_false(agent_leaf_stale(&step, &all)); /* leads on, speaks for nobody */
        cut = leaf("src:", ADDR(4));
        fw_comment(&cut, "src:%s", long_a);
        assert_false(agent_leaf_stale(&cut, &all)); /* a comment has no room for all of it */
        fw_comment(&cut, "src:%s", long_b);
        assert_true(agent_leaf_stale(&cut, &all));
}

static int put_tree(struct fw_table *t, void *ctx, struct err *e)
{
        const struct fw_rule low[] = { leaf("src:a", ADDR(2)), leaf("src:b", ADDR(3)) };
        const struct fw_rule dst = leaf("dst:a", ADDR(2));
        const struct fw_rule up = { .src = { ADDR(0), 24, false },
                                    .verb = FW_GOTO,
                                    .to = AGENT_SRC "-0aff0100-24" };

        (void)ctx;
        if (fw_chain_set(t, up.to, low, 2, e) < 0 || fw_chain_set(t, AGENT_SRC, &up, 1, e) < 0 ||
            fw_chain_set(t, "vpa--to-a", low, 2, e) < 0) /* not a tree on addresses */
                return -1;
        return fw_chain_set(t, AGENT_DST, &dst, 1, e);
}

/** struct dropping - An edit that drops, and what it found */
struct dropping {
        struct agent_owners owners;
        size_t count;
};

static int drop(struct fw_table *t, void *ctx, struct err *e)
{
        struct dropping *d = ctx;

        return agent_leaves_drop(t, &d->owners, &d->count, e);
}

static void who_gets_an_address_does_not_inherit_its_rules(void **state)
{
        const struct agent_owner owner = { ADDR(2), "new" };
        struct dropping d = { .owners = { &owner, 1, false } };
        OWN(str) struct str out = { 0 };
        struct fw_where w = where();
        struct fw_cost cost;
        struct err e = { 0 };

        (void)state;
        must(fw_edit(&w, "filter", put_tree, NULL, NULL, &e), &e);
        must(fw_edit(&w, "filter", drop, &d, &cost, &e), &e);
        assert_int_equal(d.count, 2);
        IPTABLES(&out, "-S");
        assert_null(strstr(str_text(&out), "-A vpa--dst "));
        assert_null(strstr(str_text(&out), "-A vpa--src-0aff0100-24 -s 10.255.1.2/32"));
        assert_non_null(strstr(str_text(&out), "-A vpa--src-0aff0100-24 -s 10.255.1.3/32"));
        assert_non_null(strstr(str_text(&out), "-A vpa--to-a -s 10.255.1.2/32"));
        must(fw_edit(&w, "filter", drop, &d, &cost, &e), &e);
        assert_int_equal(d.count, 0);
        assert_false(cost.committed);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_leaf_is_stale_if_its_address_is_another_apps),
                cmocka_unit_test(who_gets_an_address_does_not_inherit_its_rules),
        };

        return cmocka_run_group_tests(tests, own_namespace, remove_lock);
}
