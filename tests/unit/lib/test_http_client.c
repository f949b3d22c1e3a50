/* SPDX-License-Identifier: Apache-2.0 */
/* The client against a server of a few lines (http_wire.h). */
#include "http_wire.h"

#include "netman/http_client.h"

#include <sys/eventfd.h>

static struct http_client *client(struct wire *w, size_t body_max)
{
        struct http_client *c = NULL;
        struct err e;

        assert_int_equal(http_client_new(&(struct http_client_conf){ .base_url = w->url,
                                                                     .body_max = body_max,
                                                                     .timeout_ms = 20000 },
                                         &c, &e),
                         0);
        return c;
}

static void answers_of_every_status_are_answers(void **state)
{
        static const struct {
                const char *path;
                int status;
                const char *body;
        } rows[] = {
                { "/ok", 200, "hello" }, { "/none", 204, "" },       { "/missing?x=1", 404, "no" },
                { "/moved", 302, "" },   { "/continue", 200, "ok" },
        };
        OWN(http_client) struct http_client *c = client(*state, 0);
        OWN(http_answer) struct http_answer a = { 0 };
        struct err e;

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct http_call call = { .path = rows[i].path };

                assert_int_equal(http_client_call(c, &call, &a, &e), 0);
                assert_int_equal(a.status, rows[i].status);
                assert_string_equal(str_text(&a.body), rows[i].body);
        }
        assert_null(http_answer_header(&a, "X-Interim"));
}

static void header_is_found_in_any_case(void **state)
{
        OWN(http_client) struct http_client *c = client(*state, 0);
        OWN(http_answer) struct http_answer a = { 0 };
        struct err e;

        assert_int_equal(http_client_call(c, &(struct http_call){ .path = "/ok" }, &a, &e), 0);
        assert_string_equal(http_answer_header(&a, "x-one"), "1");
        assert_null(http_answer_header(&a, "x-two"));
}

static void request_carries_what_the_call_says(void **state)
{
        static const struct http_call_header extra[] = { { "X-Agent-Id", "cell-1" } };
        struct wire *w = *state;
        OWN(http_client) struct http_client *c = client(w, 0);
        OWN(http_answer) struct http_answer a = { 0 };
        struct http_call call = { .path = "/ok?a=b",
                                  .headers = extra,
                                  .header_count = 1,
                                  .authorization = "bearer abc",
                                  .content_type = "application/json",
                                  .body = "{\"a\":1}",
                                  .body_len = 7 };
        struct err e;

        assert_int_equal(http_client_call(c, &call, &a, &e), 0);
        assert_non_null(strstr(w->last, "POST /ok?a=b HTTP/1.1\r\n"));
        assert_non_null(strstr(w->last, "X-Agent-Id: cell-1\r\n"));
        assert_non_null(strstr(w->last, "Authorization: bearer abc\r\n"));
        assert_non_null(strstr(w->last, "Content-Type: application/json\r\n"));
        assert_non_null(strstr(w->last, "\r\n\r\n{\"a\":1}"));

        call = (struct http_call){
                .method = "DELETE", .path = "/none", .user = "me", .password = "pw"
        };
        assert_int_equal(http_client_call(c, &call, &a, &e), 0);
        assert_non_null(strstr(w->last, "DELETE /none HTTP/1.1\r\n"));
        assert_non_null(strstr(w->last, "Authorization: Basic bWU6cHc=\r\n"));
        assert_null(strstr(w->last, "X-Agent-Id"));
        assert_null(strstr(w->last, "Content-Type"));
}

static void calls_share_one_connection(void **state)
{
        struct wire *w = *state;
        OWN(http_client) struct http_client *c = client(w, 0);
        OWN(http_answer) struct http_answer a = { 0 };
        struct err e;

        for (int i = 0; i < 5; i++)
                assert_int_equal(http_client_call(c, &(struct http_call){ .path = "/ok" }, &a, &e),
                                 0);
        assert_int_equal(w->connections, 1);
}

static void a_kept_connection_that_the_server_closed_is_replaced(void **state)
{
        struct wire *w = *state;
        OWN(http_client) struct http_client *c = client(w, 0);
        OWN(http_answer) struct http_answer a = { 0 };
        struct err e;

        for (int i = 0; i < 3; i++)
                assert_int_equal(
                        http_client_call(c, &(struct http_call){ .path = "/once" }, &a, &e), 0);
        assert_int_equal(w->connections, 3);
}

static void failures_name_the_request_but_no_secret(void **state)
{
        static const struct {
                const char *path, *text;
                int sys;
        } rows[] = {
                { "/big?token=s3cret", "answer of more than 60 bytes", 0 },
                { "/torn?token=s3cret", "", 0 },
                { "/garbage?token=s3cret", "", 0 },
                { "/hang?token=s3cret", "", ETIMEDOUT },
        };
        struct wire *w = *state;
        OWN(http_client) struct http_client *c = client(w, 60);
        OWN(http_answer) struct http_answer a = { 0 };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct http_call call = { .path = rows[i].path,
                                          .authorization = "bearer s3cret",
                                          .timeout_ms = rows[i].sys ? 50 : 0 };
                struct err e = { 0 };

                assert_int_equal(http_client_call(c, &call, &a, &e), -1);
                assert_int_equal(e.fault, FAULT_UPSTREAM);
                assert_int_equal(e.sys, rows[i].sys);
                assert_non_null(strstr(e.msg, rows[i].text));
                assert_non_null(strstr(e.msg, "GET http://127.0.0.1:"));
                assert_null(strstr(e.msg, "s3cret"));
                assert_int_equal(a.status, 0);
        }
}

static void nobody_listening_is_an_upstream_failure(void **state)
{
        OWN(http_client) struct http_client *c = NULL;
        OWN(http_answer) struct http_answer a = { 0 };
        struct err e;

        (void)state;
        assert_int_equal(
                http_client_new(&(struct http_client_conf){ .base_url = "http://127.0.0.1:1" }, &c,
                                &e),
                0);
        assert_int_equal(http_client_call(c, &(struct http_call){ .path = "/ok" }, &a, &e), -1);
        assert_int_equal(e.fault, FAULT_UPSTREAM);
}

static void headers_cannot_be_smuggled_in(void **state)
{
        static const struct http_call_header bad[] = { { "X-A", "1\r\nX-B: 2" },
                                                       { "X-A: 1\r\nX-B", "2" },
                                                       { "", "1" } };
        struct wire *w = *state;
        OWN(http_client) struct http_client *c = client(w, 0);
        OWN(http_answer) struct http_answer a = { 0 };
        struct err e;

        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                struct http_call call = { .path = "/ok", .headers = &bad[i], .header_count = 1 };

                assert_int_equal(http_client_call(c, &call, &a, &e), -1);
                assert_int_equal(e.fault, FAULT_BAD_INPUT);
        }
        assert_int_equal(w->connections, 0);
}

static void bad_settings_are_refused(void **state)
{
        static const struct http_client_conf bad[] = {
                { .base_url = "ftp://host" },
                { .base_url = "host:80" },
                { .base_url = "http://" },
                { .base_url = "http://user:pw@host" },
                { .base_url = "http://host", .ca_file = "/nonexistent/ca" },
                { .base_url = "http://host", .cert_file = "/dev/null" },
        };
        struct http_client *c = NULL;
        struct err e;

        (void)state;
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                assert_int_equal(http_client_new(&bad[i], &c, &e), -1);
                assert_int_equal(e.fault, FAULT_BAD_INPUT);
        }
        assert_null(c);
}

/* Gathers lines as "one|two|"; ends the stream after @most of them. */
struct gathered {
        struct str text;
        int most;
};

static int gather(void *arg, const char *line, size_t len)
{
        struct gathered *g = arg;

        assert_int_equal(strlen(line), len);
        str_addf(&g->text, "%s|", line);
        return --g->most == 0;
}

static void stream_arrives_line_by_line(void **state)
{
        static const struct {
                const char *path;
                int most, status;
                const char *lines, *body;
        } rows[] = {
                { "/lines", -1, 200, "one|two|three|", "" },
                { "/lines", 2, 200, "one|two|", "" },
                { "/endless", 1, 200, "one|", "" },
                { "/missing", -1, 404, "", "no" },
        };
        OWN(http_client) struct http_client *c = client(*state, 0);
        OWN(http_answer) struct http_answer a = { 0 };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct http_call call = { .path = rows[i].path };
                struct gathered g = { .most = rows[i].most };
                struct err e;

                assert_int_equal(http_client_stream(c, &call, gather, &g, &a, &e), 0);
                assert_int_equal(a.status, rows[i].status);
                assert_string_equal(str_text(&g.text), rows[i].lines);
                assert_string_equal(str_text(&a.body), rows[i].body);
                str_done(&g.text);
        }
}

static void a_torn_line_is_not_handed_on(void **state)
{
        OWN(http_client) struct http_client *c = client(*state, 0);
        OWN(http_answer) struct http_answer a = { 0 };
        struct http_call call = { .path = "/torn" };
        struct gathered g = { .most = -1 };
        struct err e;

        assert_int_equal(http_client_stream(c, &call, gather, &g, &a, &e), -1);
        assert_string_equal(str_text(&g.text), "one|");
        str_done(&g.text);
}

static void a_line_has_a_greatest_length(void **state)
{
        OWN(http_client) struct http_client *c = client(*state, 60);
        OWN(http_answer) struct http_answer a = { 0 };
        struct http_call call = { .path = "/big" };
        struct gathered g = { .most = -1 };
        struct err e;

        assert_int_equal(http_client_stream(c, &call, gather, &g, &a, &e), -1);
        assert_non_null(strstr(e.msg, "a line of more than 60 bytes"));
        str_done(&g.text);
}

/* A client that waits for an answer, and who will have none of it. */
struct waiting {
        struct wire *w;
        struct http_client *c;
};

static void *abort_once_it_waits(void *arg)
{
        struct waiting *waiting = arg;

        while (sem_wait(&waiting->w->hung) < 0)
                ;
        http_client_abort(waiting->c);
        return NULL;
}

static void another_thread_ends_a_call(void **state)
{
        OWN(http_client) struct http_client *c = client(*state, 0);
        OWN(http_answer) struct http_answer a = { 0 };
        struct waiting waiting = { *state, c };
        struct http_call call = { .path = "/hang" };
        pthread_t thread;
        struct err e;

        assert_int_equal(pthread_create(&thread, NULL, abort_once_it_waits, &waiting), 0);
        assert_int_equal(http_client_call(c, &call, &a, &e), -1);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(e.sys, ECANCELED);

        /* It holds: an abort that comes before the call is not lost. */
        assert_int_equal(http_client_call(c, &(struct http_call){ .path = "/ok" }, &a, &e), -1);
        assert_int_equal(e.sys, ECANCELED);
}

static void rearmed_client_works_again(void **state)
{
        OWN(http_client) struct http_client *c = client(*state, 0);
        OWN(http_answer) struct http_answer a = { 0 };
        struct err e;

        http_client_abort(c);
        http_client_rearm(c);
        assert_int_equal(http_client_call(c, &(struct http_call){ .path = "/ok" }, &a, &e), 0);
}

static void a_descriptor_ends_a_stream(void **state)
{
        OWN(http_client) struct http_client *c = client(*state, 0);
        OWN(http_answer) struct http_answer a = { 0 };
        OWN(fd) int wake = eventfd(1, EFD_CLOEXEC);
        struct http_call call = { .path = "/endless", .wake_fd = wake };
        struct gathered g = { .most = -1 };
        struct err e;

        assert_int_equal(http_client_stream(c, &call, gather, &g, &a, &e), -1);
        assert_int_equal(e.sys, ECANCELED);
        str_done(&g.text);
}

static void text_is_escaped_for_queries(void **state)
{
        static const struct {
                const char *in, *out;
        } rows[] = {
                { "", "" },
                { "a-b_c.d~9", "a-b_c.d~9" },
                { "a b&c=d/e", "a%20b%26c%3Dd%2Fe" },
                { "g\xc3\xbc,", "g%C3%BC%2C" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                OWN(str) struct str s = { 0 };

                http_escape(&s, rows[i].in);
                assert_string_equal(str_text(&s), rows[i].out);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                WIRED(answers_of_every_status_are_answers),
                WIRED(header_is_found_in_any_case),
                WIRED(request_carries_what_the_call_says),
                WIRED(calls_share_one_connection),
                WIRED(a_kept_connection_that_the_server_closed_is_replaced),
                WIRED(failures_name_the_request_but_no_secret),
                WIRED(nobody_listening_is_an_upstream_failure),
                WIRED(headers_cannot_be_smuggled_in),
                WIRED(bad_settings_are_refused),
                WIRED(stream_arrives_line_by_line),
                WIRED(a_torn_line_is_not_handed_on),
                WIRED(a_line_has_a_greatest_length),
                WIRED(another_thread_ends_a_call),
                WIRED(rearmed_client_works_again),
                WIRED(a_descriptor_ends_a_stream),
                WIRED(text_is_escaped_for_queries),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
