/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/keep.h"
#include "cmd/flanneld/patience.h"

#include "tests/unit/test.h"

enum { TRIES = 1000 };

static void a_lease_is_renewed_in_time_whatever_the_dice_say(void **state)
{
        static const struct {
                int64_t left_s, margin_s, latest_s;
        } cases[] = {
                { 86400, 3600, 82800 }, /* a day, an hour before its end */
                { 86400, 60, 86340 },
                { 4, 3600, 2 }, /* shorter than the margin */
                { 2, 1, 1 },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++)
                for (int k = 0; k < TRIES; k++) {
                        int64_t due = keep_due_ms(cases[i].left_s, cases[i].margin_s);

                        assert_true(due >= 0);
                        assert_true(due <= cases[i].latest_s * 1000);
                        assert_true(due >= cases[i].latest_s * 1000 / 2);
                }
}

static void cells_that_start_together_do_not_renew_together(void **state)
{
        int64_t least = INT64_MAX, most = 0;

        (void)state;
        for (int k = 0; k < TRIES; k++) {
                int64_t due = keep_due_ms(86400, 3600);

                least = due < least ? due : least;
                most = due > most ? due : most;
        }
        /* All of a thousand within less than a minute: no dice fall so. */
        assert_true(most - least > 60000);
}

static void a_renewal_that_failed_is_tried_before_the_end_and_never_without_a_pause(void **state)
{
        static const int64_t left_ms[] = { 86400000, 3600000, 60000, 5001, 1000, 0, -1, -86400000 };

        (void)state;
        for (size_t i = 0; i < COUNT(left_ms); i++)
                for (int k = 0; k < TRIES; k++) {
                        int64_t retry = keep_retry_ms(left_ms[i]);

                        assert_true(retry >= 300);
                        if (left_ms[i] >= 1000)
                                assert_true(retry < left_ms[i]);
                        assert_true(retry <= 75000);
                }
}

static void what_fails_again_is_said_once_and_tried_later_each_time(void **state)
{
        struct err away = { .msg = "away" }, broken = { .msg = "broken" };
        struct patience p = { 0 };
        int64_t pause = 0;

        (void)state;
        assert_true(patience_fail(&p, &away));
        for (int i = 0; i < 20; i++) {
                assert_true(p.pause_ms >= pause);
                pause = p.pause_ms;
                assert_false(patience_fail(&p, &away));
        }
        assert_int_equal(p.pause_ms, 5000);
        assert_true(patience_fail(&p, &broken));
        assert_true(patience_fail(&p, &away));
        patience_end(&p);
        assert_int_equal(p.next_ms, 0);
        assert_true(patience_fail(&p, &away));
        assert_int_equal(p.pause_ms, 200);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_lease_is_renewed_in_time_whatever_the_dice_say),
                cmocka_unit_test(cells_that_start_together_do_not_renew_together),
                cmocka_unit_test(
                        a_renewal_that_failed_is_tried_before_the_end_and_never_without_a_pause),
                cmocka_unit_test(what_fails_again_is_said_once_and_tried_later_each_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
