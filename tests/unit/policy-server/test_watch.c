/* SPDX-License-Identifier: Apache-2.0 */
/* Who is woken by what. */
#include "policy-server/snapshot/watch.h"
#include "tests/unit/test.h"

/** struct sleeper - A watcher that notes what happens to it */
struct sleeper {
        struct watcher watcher; /* first */
        bool concerned, hung_up;
        int ended;
        enum watch_wake why;
};

static bool changed(const struct watcher *w)
{
        return ((const struct sleeper *)w)->concerned;
}

static bool gone(const struct watcher *w)
{
        return ((const struct sleeper *)w)->hung_up;
}

static void finish(struct watcher *w, enum watch_wake why)
{
        struct sleeper *s = (struct sleeper *)w;

        s->ended++;
        s->why = why;
}

static void lie_down(struct watch *w, struct sleeper *s, const char *ids, int64_t deadline)
{
        *s = (struct sleeper){ .watcher = { .changed = changed, .finish = finish, .gone = gone },
                               .concerned = true };
        assert_int_equal(watch_add(w, &s->watcher, ids, deadline), 0);
}

static int set_up(void **state)
{
        struct err e;

        return watch_new((struct watch **)state, &e);
}

static int tear_down(void **state)
{
        watch_close(*state);
        watch_free(*state);
        return 0;
}

static void only_the_touched_wake(void **state)
{
        struct watch *w = *state;
        struct sleeper ab, bc, all;

        lie_down(w, &ab, "a,b", 1000);
        lie_down(w, &bc, "b,c,b", 1000);
        lie_down(w, &all, NULL, 1000);
        watch_touch(w, "c");
        watch_call(w);
        assert_int_equal(ab.ended, 0);
        assert_int_equal(bc.ended, 1);
        assert_int_equal(bc.why, WATCH_CHANGED);
        assert_int_equal(all.ended, 1);
        assert_int_equal(watch_count(w), 1);
        watch_touch(w, "b");
        watch_touch(w, "a");
        watch_call(w);
        assert_int_equal(ab.ended, 1);
        assert_int_equal(bc.ended, 1);
        assert_int_equal(watch_count(w), 0);
}

static void one_that_is_not_concerned_sleeps_on_and_can_be_woken_again(void **state)
{
        struct watch *w = *state;
        struct sleeper s;

        lie_down(w, &s, "a", 1000);
        s.concerned = false;
        watch_touch(w, "a");
        watch_call(w);
        assert_int_equal(s.ended, 0);
        s.concerned = true;
        watch_touch(w, "a");
        watch_call(w);
        assert_int_equal(s.ended, 1);
}

static void time_ends_a_wait(void **state)
{
        struct watch *w = *state;
        struct sleeper early, late;

        lie_down(w, &early, "a", 1000);
        lie_down(w, &late, "a", 50000);
        watch_tick(w, 999);
        assert_int_equal(early.ended, 0);
        watch_tick(w, 2000);
        assert_int_equal(early.ended, 1);
        assert_int_equal(early.why, WATCH_EXPIRED);
        assert_int_equal(late.ended, 0);
        watch_touch(w, "a");
        watch_call(w);
        assert_int_equal(early.ended, 1);
        assert_int_equal(late.ended, 1);
}

static void waits_end_in_their_order_whoever_came_first(void **state)
{
        static const int64_t deadlines[] = { 30000, 10000, 50000, 20000, 40000, 10000 };
        struct watch *w = *state;
        struct sleeper s[COUNT(deadlines)];

        for (size_t i = 0; i < COUNT(s); i++)
                lie_down(w, &s[i], "a", deadlines[i]);
        for (size_t i = 0; i < COUNT(s); i++)
                s[i].concerned = false; /* each is looked at, and parks again */
        watch_touch(w, "a");
        watch_call(w);
        assert_int_equal(watch_count(w), COUNT(s));
        for (int64_t now = 1000; now <= 51000; now += 1000) {
                watch_tick(w, now);
                for (size_t i = 0; i < COUNT(s); i++)
                        assert_int_equal(s[i].ended, deadlines[i] <= now);
        }
        assert_int_equal(watch_count(w), 0);
}

static void one_that_hung_up_is_found(void **state)
{
        struct watch *w = *state;
        struct sleeper s;

        lie_down(w, &s, "a", 100000);
        watch_tick(w, 1);
        s.hung_up = true;
        watch_tick(w, 6000);
        assert_int_equal(s.ended, 1);
        assert_int_equal(s.why, WATCH_CLOSED);
}

static void closing_ends_all_and_lets_nobody_in(void **state)
{
        struct watch *w = *state;
        struct sleeper s, late = { .watcher = { .changed = changed, .finish = finish } };

        lie_down(w, &s, "a,b,c", 1000);
        watch_close(w);
        assert_int_equal(s.ended, 1);
        assert_int_equal(s.why, WATCH_CLOSED);
        assert_int_equal(watch_add(w, &late.watcher, "a", 1000), -1);
        assert_int_equal(watch_count(w), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
                T(only_the_touched_wake),
                T(one_that_is_not_concerned_sleeps_on_and_can_be_woken_again),
                T(time_ends_a_wait),
                T(waits_end_in_their_order_whoever_came_first),
                T(one_that_hung_up_is_found),
                T(closing_ends_all_and_lets_nobody_in),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
