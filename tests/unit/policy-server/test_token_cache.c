/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/auth/token_cache.h"
#include "tests/unit/test.h"

#include <stdio.h>

#define SECONDS 10
#define NOW     ((struct token_cache_time){ .ms = 5000000, .epoch_s = 1000 })

static struct token_cache_time after_ms(int64_t ms)
{
        return (struct token_cache_time){ .ms = NOW.ms + ms, .epoch_s = NOW.epoch_s + ms / 1000 };
}

static int set_up(void **state)
{
        struct err e;

        return token_cache_new(SECONDS, (struct token_cache **)state, &e);
}

static int tear_down(void **state)
{
        token_cache_free(*state);
        return 0;
}

/** remember() - A token of this name that ends after so many seconds; 0: it does not say */
static void remember(struct token_cache *c, const char *text, int64_t lives_s)
{
        OWN(token) struct token t = { 0 };
        json_t *claims = json_pack("{s:s, s:[s]}", "user_name", text, "scope", SCOPE_WRITE);
        struct err e;

        if (lives_s)
                (void)json_object_set_new(claims, "exp", json_integer(NOW.epoch_s + lives_s));
        assert_int_equal(token_from_claims(claims, &t, &e), 0);
        token_cache_put(c, text, NOW, &t);
}

static bool known(struct token_cache *c, const char *text, struct token_cache_time now)
{
        OWN(token) struct token t = { 0 };

        if (!token_cache_get(c, text, now, &t))
                return false;
        assert_string_equal(t.user_name, text);
        assert_true(token_has_scope(&t, SCOPE_WRITE));
        return true;
}

static void an_answer_is_known_for_its_time_and_no_longer(void **state)
{
        remember(*state, "dora", 600);
        assert_true(known(*state, "dora", NOW));
        assert_true(known(*state, "dora", after_ms(SECONDS * 1000 - 1)));
        assert_false(known(*state, "dora", after_ms(SECONDS * 1000)));
}

static void no_token_outlives_its_own_end(void **state)
{
        remember(*state, "short", 3);
        assert_true(known(*state, "short", after_ms(2999)));
        assert_false(known(*state, "short", after_ms(3000)));
        remember(*state, "ended", -1);
        assert_false(known(*state, "ended", NOW));
        remember(*state, "endless", 0);
        assert_false(known(*state, "endless", NOW));
}

static void one_token_is_not_taken_for_another(void **state)
{
        remember(*state, "dora", 600);
        assert_false(known(*state, "dorb", NOW));
        assert_false(known(*state, "dor", NOW));
        assert_false(known(*state, "", NOW));
}

static void the_newest_answer_counts(void **state)
{
        remember(*state, "dora", 600);
        remember(*state, "dora", 2);
        assert_true(known(*state, "dora", NOW));
        assert_false(known(*state, "dora", after_ms(2000)));
}

static void any_number_of_tokens_takes_up_bounded_room(void **state)
{
        char name[32];
        size_t left = 0;

        for (int i = 0; i < 20000; i++) {
                (void)snprintf(name, sizeof name, "user-%d", i);
                remember(*state, name, 600);
                assert_true(known(*state, name, NOW)); /* the latest always has a place */
        }
        for (int i = 0; i < 20000; i++) {
                (void)snprintf(name, sizeof name, "user-%d", i);
                left += known(*state, name, NOW);
        }
        assert_in_range(left, 512, 1024);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(an_answer_is_known_for_its_time_and_no_longer,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(no_token_outlives_its_own_end, set_up, tear_down),
                cmocka_unit_test_setup_teardown(one_token_is_not_taken_for_another, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(the_newest_answer_counts, set_up, tear_down),
                cmocka_unit_test_setup_teardown(any_number_of_tokens_takes_up_bounded_room, set_up,
                                                tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
