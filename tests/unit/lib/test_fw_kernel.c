/* SPDX-License-Identifier: Apache-2.0 */
/* Edits of the kernel's tables: what they change, what they leave, who they wait for. */
#include "fw_kernel.h"

#include <fcntl.h>
#include <sys/file.h>

static int set_three(struct fw_table *t, void *ctx, struct err *e)
{
        const struct fw_rule *rules = ctx;

        return fw_chain_ensure(t, "other", e) < 0 ? -1 : fw_chain_set(t, "FORWARD", rules, 3, e);
}

static int read_forward(struct fw_table *t, void *ctx, struct err *e)
{
        return fw_chain_read(t, "FORWARD", ctx, e);
}

static int insert_first(struct fw_table *t, void *ctx, struct err *e)
{
        return fw_insert(t, "FORWARD", 0, ctx, e);
}

static void rules_of_others_keep_bytes_order_and_counters(void **state)
{
        OWN(fw_rules) struct fw_rules rules = { 0 };
        OWN(str) struct str out = { 0 };
        OWN(str) struct str before = { 0 };
        OWN(str) struct str after = { 0 };
        struct fw_rule first = { SRC, .verb = FW_ACCEPT };
        struct fw_where w = where();
        struct err e = { 0 };

        (void)state;
        IPTABLES(&out, "-F", "FORWARD");
        IPTABLES(&out, "-A", "FORWARD", "-p", "tcp", "--syn", "-c", "7", "700", "-j", "DROP");
        IPTABLES(&out, "-A", "FORWARD", "-m", "multiport", "-p", "tcp", "--dports", "1,2", "-j",
                 "ACCEPT");
        IPTABLES(&out, "-A", "FORWARD", "-m", "ttl", "--ttl-eq", "3", "-j", "DROP");
        IPTABLES(&before, "-v", "-S", "FORWARD");
        must(fw_edit(&w, "filter", insert_first, &first, NULL, &e), &e);
        IPTABLES(&out, "-D", "FORWARD", "1");
        IPTABLES(&after, "-v", "-S", "FORWARD");
        assert_string_equal(str_text(&before), str_text(&after));
        assert_non_null(strstr(str_text(&after), "--tcp-flags"));
        assert_non_null(strstr(str_text(&after), "-c 7 700"));
        must(fw_view("filter", read_forward, &rules, &e), &e);
        assert_int_equal(rules.count, 3);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(rules.items[i].verb, FW_FOREIGN);
        assert_false(fw_rule_same(&rules.items[0], &rules.items[1]));
}

static void a_set_touches_only_what_differs(void **state)
{
        struct fw_rule rules[3] = { { SRC, .verb = FW_ACCEPT },
                                    { DST, .verb = FW_DROP },
                                    { .verb = FW_JUMP, .to = "other" } };
        OWN(str) struct str out = { 0 };
        struct fw_where w = where();
        struct err e = { 0 };

        (void)state;
        IPTABLES(&out, "-F", "FORWARD");
        must(fw_edit(&w, "filter", set_three, rules, NULL, &e), &e);
        IPTABLES(&out, "-R", "FORWARD", "1", "-s", "10.255.1.2", "-c", "5", "50", "-j", "ACCEPT");
        rules[1].verb = FW_RETURN;
        must(fw_edit(&w, "filter", set_three, rules, NULL, &e), &e);
        str_clear(&out);
        IPTABLES(&out, "-v", "-S", "FORWARD");
        assert_string_equal(str_text(&out), "-P FORWARD ACCEPT -c 0 0\n"
                                            "-A FORWARD -s 10.255.1.2/32 -c 5 50 -j ACCEPT\n"
                                            "-A FORWARD -d 10.255.1.3/32 -c 0 0 -j RETURN\n"
                                            "-A FORWARD -c 0 0 -j other\n");
}

/**
 * struct rival - An edit during which another program changes the table
 * @rounds: How often it does so
 */
struct rival {
        int calls, rounds;
};

static int with_rival(struct fw_table *t, void *ctx, struct err *e)
{
        struct fw_rule r = { .verb = FW_ACCEPT, .comment = "mine" };
        struct rival *rival = ctx;
        OWN(str) struct str out = { 0 };

        if (rival->calls++ < rival->rounds)
                IPTABLES(&out, "-A", "FORWARD", "-m", "comment", "--comment", "rival");
        return fw_append(t, "FORWARD", &r, e);
}

static void an_edit_runs_again_when_the_table_changed_under_it(void **state)
{
        OWN(str) struct str out = { 0 };
        struct rival rival = { .rounds = 3 };
        struct fw_where w = where();
        struct fw_cost cost;
        struct err e = { 0 };

        (void)state;
        IPTABLES(&out, "-F", "FORWARD");
        must(fw_edit(&w, "filter", with_rival, &rival, &cost, &e), &e);
        assert_int_equal(cost.tries, 4);
        str_clear(&out);
        IPTABLES(&out, "-S", "FORWARD");
        assert_string_equal(str_text(&out), "-P FORWARD ACCEPT\n"
                                            "-A FORWARD -m comment --comment rival\n"
                                            "-A FORWARD -m comment --comment rival\n"
                                            "-A FORWARD -m comment --comment rival\n"
                                            "-A FORWARD -m comment --comment mine -j ACCEPT\n");
}

static void a_table_that_never_rests_is_given_up_in_time(void **state)
{
        struct rival rival = { .rounds = 1000000 };
        struct fw_where w = where();
        struct err e = { 0 };

        (void)state;
        w.wait_ms = 200;
        assert_int_equal(fw_edit(&w, "filter", with_rival, &rival, NULL, &e), -1);
        assert_int_equal(e.fault, FAULT_CONFLICT);
}

static void a_held_lock_is_named_after_a_bounded_wait(void **state)
{
        struct fw_where w = where();
        struct err e = { 0 };
        int fd = open(lock_path, O_RDONLY | O_CLOEXEC);
        struct rival rival = { 0 };

        (void)state;
        assert_return_code(flock(fd, LOCK_EX), 0);
        w.wait_ms = 50;
        assert_int_equal(fw_edit(&w, "filter", with_rival, &rival, NULL, &e), -1);
        assert_int_equal(e.fault, FAULT_CONFLICT);
        assert_non_null(strstr(e.msg, lock_path));
        assert_int_equal(rival.calls, 0);
        close(fd);
}

static int misuse(struct fw_table *t, void *ctx, struct err *e)
{
        struct fw_rule lost = { .verb = FW_JUMP, .to = "nowhere" };
        struct fw_rule to_other = { .verb = FW_GOTO, .to = "other" };
        char **names = NULL;
        size_t count = 0;
        struct err why = { 0 };

        (void)ctx;
        must(fw_chain_ensure(t, "other", e), e);
        must(fw_chain_set(t, "FORWARD", &to_other, 1, e), e);
        assert_int_equal(fw_append(t, "FORWARD", &lost, &why), -1);
        assert_int_equal(why.fault, FAULT_ABSENT);
        why = (struct err){ 0 };
        assert_int_equal(fw_append(t, "missing", &to_other, &why), -1);
        assert_int_equal(why.fault, FAULT_ABSENT);
        assert_int_equal(fw_delete(t, "FORWARD", 1, &why), -1);
        assert_int_equal(fw_chain_create(t, "other", &why), -1);
        assert_int_equal(why.fault, FAULT_CONFLICT);
        assert_int_equal(fw_chain_create(t, "a-name-of-twenty-nine-letters", &why), -1);
        must(fw_chain_create(t, "a-name-of-twenty-eight-chars", e), e);
        assert_int_equal(fw_chain_refs(t, "other"), 1);
        assert_int_equal(fw_chain_delete(t, "other", &why), -1);
        assert_int_equal(why.fault, FAULT_CONFLICT);
        must(fw_chain_names(t, "a-name", &names, &count, e), e);
        assert_int_equal(count, 1);
        assert_string_equal(names[0], "a-name-of-twenty-eight-chars");
        free(names);
        assert_int_equal(fw_find(t, "FORWARD", &to_other, 0), 0);
        assert_int_equal(fw_find(t, "FORWARD", &to_other, 1), -1);
        must(fw_delete(t, "FORWARD", 0, e), e);
        must(fw_chain_delete(t, "other", e), e);
        must(fw_chain_delete(t, "other", e), e);
        return err_set(e, FAULT_DENIED, 0, "changed my mind");
}

static void mistakes_are_told_and_an_abandoned_edit_changes_nothing(void **state)
{
        OWN(str) struct str before = { 0 };
        OWN(str) struct str after = { 0 };
        struct fw_where w = where();
        struct err e = { 0 };

        (void)state;
        IPTABLES(&before, "-S");
        assert_int_equal(fw_edit(&w, "filter", misuse, NULL, NULL, &e), -1);
        assert_string_equal(e.msg, "changed my mind");
        IPTABLES(&after, "-S");
        assert_string_equal(str_text(&before), str_text(&after));
}

static int grow_and_fell(struct fw_table *t, void *ctx, struct err *e)
{
        const struct fw_rule down = { .verb = FW_GOTO, .to = "tree-b" };
        const struct fw_rule up = { .verb = FW_GOTO, .to = "tree-c" };
        struct err why = { 0 };

        (void)ctx;
        must(fw_chain_ensure(t, "tree-a", e), e);
        must(fw_chain_ensure(t, "tree-b", e), e);
        must(fw_chain_ensure(t, "tree-c", e), e);
        must(fw_append(t, "tree-a", &down, e), e);
        must(fw_append(t, "tree-b", &up, e), e);
        must(fw_append(t, "OUTPUT", &up, e), e);
        assert_int_equal(fw_chains_delete(t, "tree-", &why), -1);
        assert_int_equal(why.fault, FAULT_CONFLICT);
        must(fw_delete(t, "OUTPUT", fw_chain_count(t, "OUTPUT") - 1, e), e);
        must(fw_chains_delete(t, "tree-", e), e);
        assert_false(fw_chain_exists(t, "tree-a") || fw_chain_exists(t, "tree-b") ||
                     fw_chain_exists(t, "tree-c"));
        return fw_chains_delete(t, "tree-", e);
}

static void chains_that_lead_to_each_other_go_together(void **state)
{
        struct fw_where w = where();
        struct err e = { 0 };

        (void)state;
        must(fw_edit(&w, "filter", grow_and_fell, NULL, NULL, &e), &e);
}

#define MANY 10000

static int add_many(struct fw_table *t, void *ctx, struct err *e)
{
        (void)ctx;
        if (fw_chain_ensure(t, "many", e) < 0)
                return -1;
        for (uint32_t i = 0; i < MANY; i++) {
                struct fw_rule r = { .src = fw_host(IP(10, 0, 0, 0) + i),
                                     .proto = FW_TCP,
                                     .dports = { 80, 80 },
                                     .verb = FW_ACCEPT };

                if (fw_append(t, "many", &r, e) < 0)
                        return -1;
        }
        return 0;
}

static int count_many(struct fw_table *t, void *ctx, struct err *e)
{
        (void)e;
        *(size_t *)ctx = fw_chain_count(t, "many");
        return 0;
}

static void ten_thousand_rules_go_in_one_commit(void **state)
{
        struct fw_where w = where();
        unsigned int rules, bytes;
        struct fw_cost cost;
        struct err e = { 0 };
        size_t count = 0;

        (void)state;
        must(fw_edit(&w, "filter", add_many, NULL, &cost, &e), &e);
        print_message("# %d rules: %lld us\n", MANY, (long long)cost.edit_us);
        must(fw_view("filter", count_many, &count, &e), &e);
        assert_int_equal(count, MANY);
        must(fw_size("filter", &rules, &bytes, &e), &e);
        assert_true(rules > MANY && bytes > rules);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rules_of_others_keep_bytes_order_and_counters),
                cmocka_unit_test(a_set_touches_only_what_differs),
                cmocka_unit_test(an_edit_runs_again_when_the_table_changed_under_it),
                cmocka_unit_test(a_table_that_never_rests_is_given_up_in_time),
                cmocka_unit_test(a_held_lock_is_named_after_a_bounded_wait),
                cmocka_unit_test(mistakes_are_told_and_an_abandoned_edit_changes_nothing),
                cmocka_unit_test(chains_that_lead_to_each_other_go_together),
                cmocka_unit_test(ten_thousand_rules_go_in_one_commit),
        };

        return cmocka_run_group_tests(tests, own_namespace, remove_lock);
}
