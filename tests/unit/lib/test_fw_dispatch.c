/* SPDX-License-Identifier: Apache-2.0 */
/* Dispatch trees against the real kernel. */
#include "fw_kernel.h"

#include "netman/fw_dispatch.h"

static const struct fw_tree src = { "tree--src", FW_BY_SRC };
static const struct fw_tree port = { "tree--port", FW_BY_DPORT };

/** struct work - Some leaves to put or to cut */
struct work {
        const struct fw_tree *tree;
        const uint32_t *values;
        size_t count;
        const char *owner;
        bool cut;
};

static int do_work(struct fw_table *t, void *ctx, struct err *e)
{
        const struct work *w = ctx;
        const struct fw_rule jump = { .verb = FW_JUMP, .to = "tree--src" };

        for (size_t i = 0; i < w->count; i++) {
                struct fw_rule leaf = { .verb = FW_DROP };

                fw_comment(&leaf, "%s", w->owner ? w->owner : "nobody");
                if (w->cut ? fw_tree_cut(t, w->tree, w->values[i], e) < 0
                           : fw_tree_put(t, w->tree, w->values[i], &leaf, e) < 0)
                        return -1;
        }
        if (w->cut && w->owner && fw_tree_cut_owner(t, w->tree, w->owner, e) < 0)
                return -1;
        if (w->tree == &src && !w->cut && fw_jump_ensure(t, "FORWARD", 0, &jump, e) < 0)
                return -1;
        return fw_tree_trim(t, w->tree, "FORWARD", e);
}

static void edit(struct work w)
{
        const struct fw_where kernel = where();
        struct err e = { 0 };

        if (fw_edit(&kernel, "filter", do_work, &w, NULL, &e) < 0)
                fail_msg("%s", e.msg);
}

static int show(struct fw_table *t, void *ctx, struct err *e)
{
        OWN(mem) char **names = NULL;
        struct str *out = ctx;
        size_t count;

        if (fw_chain_names(t, "", &names, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                OWN(fw_rules) struct fw_rules rules = { 0 };

                if (fw_chain_read(t, names[i], &rules, e) < 0)
                        return -1;
                for (size_t j = 0; j < rules.count; j++) {
                        str_addf(out, "%s ", names[i]);
                        fw_rule_print(&rules.items[j], out);
                        str_add(out, "\n");
                }
        }
        return 0;
}

static void expect(const char *text)
{
        OWN(str) struct str out = { 0 };
        struct err e = { 0 };

        assert_int_equal(fw_view("filter", show, &out, &e), 0);
        assert_string_equal(str_text(&out), text);
}

static const uint32_t a[] = { 0x0aff1e02 }, b[] = { 0x0aff1e03 }, far[] = { 0x0aff2f91 };

static void a_leaf_comes_with_its_way_and_goes_with_it(void **state)
{
        (void)state;
        edit((struct work){ &src, a, 1, "one", false });
        edit((struct work){ &src, a, 1, "one", false });
        expect("FORWARD -j tree--src\n"
               "tree--src -s 10.255.16.0/20 -g tree--src-0aff1\n"
               "tree--src-0aff1 -s 10.255.30.0/24 -g tree--src-0aff1e\n"
               "tree--src-0aff1e -s 10.255.30.0/28 -g tree--src-0aff1e0\n"
               "tree--src-0aff1e0 -s 10.255.30.2/32 -m comment --comment one -j DROP\n");
        edit((struct work){ &src, b, 1, "two", false });
        edit((struct work){ &src, far, 1, "three", false });
        edit((struct work){ &src, b, 1, NULL, true });
        edit((struct work){ &src, a, 1, NULL, true });
        expect("FORWARD -j tree--src\n"
               "tree--src -s 10.255.32.0/20 -g tree--src-0aff2\n"
               "tree--src-0aff2 -s 10.255.47.0/24 -g tree--src-0aff2f\n"
               "tree--src-0aff2f -s 10.255.47.144/28 -g tree--src-0aff2f9\n"
               "tree--src-0aff2f9 -s 10.255.47.145/32 -m comment --comment three -j DROP\n");
        edit((struct work){ &src, a, 0, "three", true });
        expect("");
        edit((struct work){ &src, a, 1, "three", true });
        expect("");
}

static void an_address_has_one_leaf(void **state)
{
        (void)state;
        edit((struct work){ &src, a, 1, "old", false });
        edit((struct work){ &src, a, 1, "new", false });
        edit((struct work){ &src, a, 0, "old", true });
        expect("FORWARD -j tree--src\n"
               "tree--src -s 10.255.16.0/20 -g tree--src-0aff1\n"
               "tree--src-0aff1 -s 10.255.30.0/24 -g tree--src-0aff1e\n"
               "tree--src-0aff1e -s 10.255.30.0/28 -g tree--src-0aff1e0\n"
               "tree--src-0aff1e0 -s 10.255.30.2/32 -m comment --comment new -j DROP\n");
        edit((struct work){ &src, a, 0, "new", true });
        expect("");
}

static void ports_are_found_by_ranges(void **state)
{
        static const uint32_t ports[] = { 61000, 61001, 80 };

        (void)state;
        edit((struct work){ &port, ports, 3, "p", false });
        expect("tree--port -p tcp -m tcp --dport 57344:61439 -g tree--port-e\n"
               "tree--port -p tcp -m tcp --dport 0:4095 -g tree--port-0\n"
               "tree--port-0 -p tcp -m tcp --dport 0:255 -g tree--port-00\n"
               "tree--port-00 -p tcp -m tcp --dport 80:95 -g tree--port-005\n"
               "tree--port-005 -p tcp -m tcp --dport 80 -m comment --comment p -j DROP\n"
               "tree--port-e -p tcp -m tcp --dport 60928:61183 -g tree--port-ee\n"
               "tree--port-ee -p tcp -m tcp --dport 60992:61007 -g tree--port-ee4\n"
               "tree--port-ee4 -p tcp -m tcp --dport 61000 -m comment --comment p -j DROP\n"
               "tree--port-ee4 -p tcp -m tcp --dport 61001 -m comment --comment p -j DROP\n");
        edit((struct work){ &port, ports, 0, "p", true });
        expect("");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_leaf_comes_with_its_way_and_goes_with_it),
                cmocka_unit_test(an_address_has_one_leaf),
                cmocka_unit_test(ports_are_found_by_ranges),
        };

        return cmocka_run_group_tests(tests, own_namespace, remove_lock);
}
