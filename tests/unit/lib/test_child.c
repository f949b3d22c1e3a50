/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/child.h"
#include "netman/clock.h"

#include "tests/unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>

struct outcome {
        struct str out, errout;
        int status;
        struct err e;
};

static void outcome_drop(struct outcome *o)
{
        str_done(&o->out);
        str_done(&o->errout);
}

/* Runs a line of shell. */
static int run_shell(const char *line, struct child_run how, struct outcome *o)
{
        const char *argv[] = { "/bin/sh", "-c", line, NULL };

        how.argv = argv;
        return child_run(&how, &o->out, &o->errout, &o->status, &o->e);
}

static void input_goes_in_and_both_outputs_come_out(void **state)
{
        OWN(outcome) struct outcome o = { 0 };

        (void)state;
        assert_int_equal(run_shell("cat; echo oops >&2; exit 3",
                                   (struct child_run){ .in = "hello", .in_len = 5 }, &o),
                         0);
        assert_string_equal(str_text(&o.out), "hello");
        assert_string_equal(str_text(&o.errout), "oops\n");
        assert_int_equal(o.status, 3);
}

static void large_conversations_do_not_deadlock(void **state)
{
        OWN(outcome) struct outcome o = { 0 };
        static char big[900000];

        (void)state;
        memset(big, 'x', sizeof big);
        assert_int_equal(
                run_shell("cat", (struct child_run){ .in = big, .in_len = sizeof big }, &o), 0);
        assert_int_equal(o.out.len, sizeof big);
}

static void program_that_ignores_its_input_is_fine(void **state)
{
        OWN(outcome) struct outcome o = { 0 };
        static char big[900000];

        (void)state;
        assert_int_equal(
                run_shell("exit 0", (struct child_run){ .in = big, .in_len = sizeof big }, &o), 0);
        assert_int_equal(o.status, 0);
}

static void hanging_program_is_ended_with_its_children(void **state)
{
        OWN(outcome) struct outcome o = { 0 };

        (void)state;
        assert_int_equal(
                run_shell("sleep 100 & sleep 100", (struct child_run){ .timeout_ms = 50 }, &o), -1);
        assert_int_equal(o.e.fault, FAULT_UPSTREAM);
        assert_non_null(strstr(o.e.msg, "in time"));
}

static void descendants_in_groups_of_their_own_are_ended_too(void **state)
{
        OWN(outcome) struct outcome o = { 0 };
        int64_t pid;

        (void)state;
        /* A child of a child, each in a session of its own: they share no group. */
        assert_int_equal(run_shell("setsid sh -c 'setsid sh -c \"echo \\$\\$; exec yes\"; :'; :",
                                   (struct child_run){ .out_max = 100000 }, &o),
                         -1);
        assert_non_null(strstr(o.e.msg, "wrote more"));
        o.out.data[strcspn(o.out.data, "\n")] = '\0';
        assert_int_equal(str_to_int(o.out.data, 2, INT32_MAX, &pid, &o.e), 0);
        assert_int_equal(kill((pid_t)pid, 0), -1);
        assert_int_equal(errno, ESRCH);
}

static void program_that_closed_its_outputs_may_not_linger(void **state)
{
        OWN(outcome) struct outcome o = { 0 };

        (void)state;
        assert_int_equal(
                run_shell("exec >&- 2>&-; sleep 100", (struct child_run){ .timeout_ms = 50 }, &o),
                -1);
        assert_int_equal(o.e.fault, FAULT_UPSTREAM);
}

static void endless_output_is_cut_off(void **state)
{
        OWN(outcome) struct outcome o = { 0 };

        (void)state;
        assert_int_equal(run_shell("yes", (struct child_run){ .out_max = 100000 }, &o), -1);
        assert_int_equal(o.e.fault, FAULT_UPSTREAM);
        assert_true(o.out.len <= 100000);
}

static void absent_program_is_named(void **state)
{
        OWN(outcome) struct outcome o = { 0 };
        const char *argv[] = { "/nonexistent/bridge", NULL };
        struct child_run run = { .argv = argv };

        (void)state;
        assert_int_equal(child_run(&run, &o.out, &o.errout, &o.status, &o.e), -1);
        assert_int_equal(o.e.fault, FAULT_ABSENT);
        assert_non_null(strstr(o.e.msg, "/nonexistent/bridge"));
}

static void program_ended_by_a_signal_says_so(void **state)
{
        OWN(outcome) struct outcome o = { 0 };

        (void)state;
        assert_int_equal(run_shell("kill -9 $$", (struct child_run){ 0 }, &o), 0);
        assert_int_equal(o.status, 137);
}

/** struct chore - What is done beside a child */
struct chore {
        int64_t takes_ms;
        int times;
};

static void do_chore(void *arg)
{
        struct chore *c = arg;

        c->times++;
        clock_sleep_ms((int)c->takes_ms);
}

static void other_work_is_done_once_while_it_runs(void **state)
{
        OWN(outcome) struct outcome o = { 0 }, again = { 0 };
        struct chore chore = { 0 };
        struct meanwhile m = { do_chore, &chore };
        struct child_run run = { .in = "in", .in_len = 2, .meanwhile = &m };

        (void)state;
        assert_int_equal(run_shell("cat", run, &o), 0);
        assert_string_equal(str_text(&o.out), "in");
        assert_int_equal(run_shell("cat", run, &again), 0);
        meanwhile_do(&m);
        assert_int_equal(chore.times, 1);
}

static void other_work_does_not_count_as_a_programs_time(void **state)
{
        OWN(outcome) struct outcome o = { 0 };
        struct chore chore = { .takes_ms = 600 };
        struct meanwhile m = { do_chore, &chore };

        (void)state;
        assert_int_equal(run_shell("sleep 0.7; echo hi",
                                   (struct child_run){ .timeout_ms = 500, .meanwhile = &m }, &o),
                         0);
        assert_string_equal(str_text(&o.out), "hi\n");
}

static void program_that_hangs_beside_other_work_is_ended(void **state)
{
        OWN(outcome) struct outcome o = { 0 };
        struct chore chore = { .takes_ms = 100 };
        struct meanwhile m = { do_chore, &chore };

        (void)state;
        assert_int_equal(
                run_shell("sleep 100", (struct child_run){ .timeout_ms = 50, .meanwhile = &m }, &o),
                -1);
        assert_non_null(strstr(o.e.msg, "in time"));
}

static int open_fds(void)
{
        OWN(dir) DIR *d = opendir("/proc/self/fd");
        int count = 0;

        while (readdir(d))
                count++;
        return count;
}

static void nothing_stays_open(void **state)
{
        int before = open_fds();

        (void)state;
        for (int i = 0; i < 20; i++) {
                OWN(outcome) struct outcome o = { 0 };

                (void)run_shell(i % 2 ? "echo hi" : "sleep 100",
                                (struct child_run){ .timeout_ms = 20 }, &o);
        }
        assert_int_equal(open_fds(), before);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(input_goes_in_and_both_outputs_come_out),
                cmocka_unit_test(large_conversations_do_not_deadlock),
                cmocka_unit_test(program_that_ignores_its_input_is_fine),
                cmocka_unit_test(hanging_program_is_ended_with_its_children),
                cmocka_unit_test(descendants_in_groups_of_their_own_are_ended_too),
                cmocka_unit_test(program_that_closed_its_outputs_may_not_linger),
                cmocka_unit_test(endless_output_is_cut_off),
                cmocka_unit_test(other_work_is_done_once_while_it_runs),
                cmocka_unit_test(other_work_does_not_count_as_a_programs_time),
                cmocka_unit_test(program_that_hangs_beside_other_work_is_ended),
                cmocka_unit_test(absent_program_is_named),
                cmocka_unit_test(program_ended_by_a_signal_says_so),
                cmocka_unit_test(nothing_stays_open),
        };
        return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
