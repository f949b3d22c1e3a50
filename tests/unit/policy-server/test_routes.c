/* SPDX-License-Identifier: Apache-2.0 */
/* A route that does not say who may call it keeps the server from starting. */
#include "../test.h"

#include "policy-server/http/call.h"
#include "policy-server/http/routes.h"

static void the_tables_say_who_may_call(void **state)
{
        (void)state;
        struct err e = { 0 };

        assert_int_equal(routes_check(routes_external(), &e), 0);
        assert_int_equal(routes_check(routes_internal(), &e), 0);
        assert_int_equal(routes_check(routes_health(), &e), 0);
}

static void a_route_that_does_not_is_an_error_that_names_it(void **state)
{
        static const struct endpoint forgotten = { .name = "Forgotten", .versions = V1 };
        static const struct endpoint open = { .name = "Open", .audience = FOR_ALL };
        static const struct http_route without_audience[] = {
                { .method = "GET", .pattern = "/open", .handler = call_front, .data = &open },
                { .method = "GET",
                  .pattern = "/secret",
                  .handler = call_front,
                  .data = &forgotten },
                { 0 },
        };
        static const struct http_route without_endpoint[] = {
                { .method = "PUT", .pattern = "/none", .handler = call_front },
                { 0 },
        };
        struct err e = { 0 };

        (void)state;
        assert_int_equal(routes_check(without_audience, &e), -1);
        assert_non_null(strstr(e.msg, "GET /secret"));
        assert_int_equal(routes_check(without_endpoint, &e), -1);
        assert_non_null(strstr(e.msg, "PUT /none"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_tables_say_who_may_call),
                cmocka_unit_test(a_route_that_does_not_is_an_error_that_names_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
