/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of host ports, on real files and with many processes at once. */
#include "garden-external-networker/portalloc/portalloc.h"
#include "netman/file.h"
#include "netman/own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define PROCESSES 100
#define EACH      3
#define START     61000

static char folder[] = "/tmp/portalloc.XXXXXX";
static char state_file[64];

static int make_folder(void **state)
{
        (void)state;
        if (!mkdtemp(folder))
                return -1;
        return snprintf(state_file, sizeof state_file, "%s/state.json", folder) > 0 ? 0 : -1;
}

static void clear(void)
{
        static const char *const suffixes[] = { "", "_lock", "_freed", ".new", "_freed.new" };
        char path[80];

        for (size_t i = 0; i < COUNT(suffixes); i++) {
                (void)snprintf(path, sizeof path, "%s%s", state_file, suffixes[i]);
                (void)unlink(path);
        }
}

static int remove_folder(void **state)
{
        (void)state;
        clear();
        return rmdir(folder);
}

static struct portalloc pool_of(uint16_t start, uint32_t count)
{
        return (struct portalloc){ .state_file = state_file,
                                   .range = { start, count },
                                   .wait_ms = 60000 };
}

static void write_file(const char *suffix, const char *text)
{
        char path[80];
        struct err e;

        (void)snprintf(path, sizeof path, "%s%s", state_file, suffix);
        assert_return_code(file_replace(path, text, strlen(text), 0600, (uid_t)-1, (gid_t)-1, &e),
                           0);
}

static void assert_text(const char *path, const char *want)
{
        OWN(str) struct str text = { 0 };
        struct err e;

        assert_return_code(file_read(path, 1U << 20, &text, &e), 0);
        assert_string_equal(str_text(&text), want);
}

static void assert_file(const char *want)
{
        assert_text(state_file, want);
}

static void assert_freed(const char *want)
{
        char path[80];

        (void)snprintf(path, sizeof path, "%s_freed", state_file);
        assert_text(path, want);
}

static uint16_t take(const struct portalloc *pa, const char *handle)
{
        struct err e = { 0 };
        uint16_t port = 0;

        if (portalloc_acquire(pa, handle, 1, &port, &e) < 0)
                fail_msg("%s", e.msg);
        return port;
}

static void give(const struct portalloc *pa, const char *handle, uint16_t port)
{
        struct err e = { 0 };

        if (portalloc_release(pa, handle, port, &e) < 0)
                fail_msg("%s", e.msg);
}

/**
 * at_once() - A process for each handle, all at the same time
 */
static void at_once(int (*work)(const struct portalloc *pa, const char *handle))
{
        const struct portalloc pa = pool_of(START, (uint32_t)PROCESSES * EACH);
        int go[2], status;

        assert_return_code(pipe(go), 0);
        for (int i = 0; i < PROCESSES; i++) {
                pid_t pid = fork();

                assert_true(pid >= 0);
                if (pid == 0) {
                        char handle[16], c;

                        (void)snprintf(handle, sizeof handle, "h%d", i);
                        (void)close(go[1]);
                        /* Until the parent lets go of its end. */
                        _exit(read(go[0], &c, 1) != 0 || work(&pa, handle) < 0);
                }
        }
        (void)close(go[0]);
        (void)close(go[1]);
        for (int i = 0; i < PROCESSES; i++) {
                assert_true(wait(&status) > 0);
                assert_int_equal(status, 0);
        }
}

static int take_each(const struct portalloc *pa, const char *handle)
{
        uint16_t got[EACH];
        struct err e;

        return portalloc_acquire(pa, handle, EACH, got, &e);
}

static int give_each(const struct portalloc *pa, const char *handle)
{
        struct err e;

        return portalloc_release(pa, handle, 0, &e);
}

static void a_hundred_processes_never_share_a_port(void **state)
{
        OWN(str) struct str text = { 0 };
        OWN(json) json_t *root = NULL;
        bool seen[PROCESSES * EACH] = { false };
        json_t *ports, *port;
        const char *handle;
        struct err e;
        size_t i;

        (void)state;
        at_once(take_each);
        assert_return_code(file_read(state_file, 1U << 20, &text, &e), 0);
        assert_return_code(jsonx_parse(str_text(&text), text.len, &root, &e), 0);
        assert_int_equal(json_object_size(json_object_get(root, "acquired_ports")), PROCESSES);
        json_object_foreach(json_object_get(root, "acquired_ports"), handle, ports) {
                assert_int_equal(json_array_size(ports), EACH);
                json_array_foreach(ports, i, port) {
                        json_int_t n = json_integer_value(port) - START;

                        assert_in_range(n, 0, PROCESSES * EACH - 1);
                        assert_false(seen[n]);
                        seen[n] = true;
                }
        }
        at_once(give_each);
        assert_file("{\"acquired_ports\":{}}");
        at_once(take_each);
        at_once(give_each);
        clear();
}

static void the_port_that_has_been_free_the_longest_is_next(void **state)
{
        const struct portalloc pa = pool_of(START, 4);

        (void)state;
        assert_int_equal(take(&pa, "a"), START);
        assert_int_equal(take(&pa, "b"), START + 1);
        assert_int_equal(take(&pa, "c"), START + 2);
        give(&pa, "b", 0);
        give(&pa, "a", 0);
        assert_int_equal(take(&pa, "d"), START + 3); /* never used */
        assert_int_equal(take(&pa, "d"), START + 1);
        give(&pa, "d", START + 3);
        assert_int_equal(take(&pa, "e"), START);
        assert_int_equal(take(&pa, "e"), START + 3);
        give(&pa, "nobody", 0);
        give(&pa, "e", START + 1); /* not its own */
        assert_file("{\"acquired_ports\":{\"c\":[61002],\"d\":[61001],\"e\":[61000,61003]}}");
        clear();
}

static void more_ports_than_are_left_are_none(void **state)
{
        const struct portalloc pa = pool_of(65533, 3);
        uint16_t got[4] = { 0 };
        struct err e = { 0 };

        (void)state;
        assert_int_equal(portalloc_acquire(&pa, "a", 4, got, &e), -1);
        assert_int_equal(e.fault, FAULT_CONFLICT);
        assert_string_equal(e.msg, "acquire port: port pool exhausted");
        assert_int_equal(access(state_file, F_OK), -1);
        assert_return_code(portalloc_acquire(&pa, "a", 3, got, &e), 0);
        assert_int_equal(got[2], 65535);
        assert_int_equal(portalloc_acquire(&pa, "b", 1, got, &e), -1);
        assert_file("{\"acquired_ports\":{\"a\":[65533,65534,65535]}}");
        give(&pa, "a", 65534);
        assert_int_equal(take(&pa, "b"), 65534);
        clear();
}

static void another_range_leaves_what_is_held(void **state)
{
        const struct portalloc old = pool_of(START, 3), new = pool_of(START + 2, 2);
        uint16_t got[3];
        struct err e;

        (void)state;
        assert_return_code(portalloc_acquire(&old, "a", 3, got, &e), 0);
        assert_true(portalloc_owns(&new, START + 3));
        assert_false(portalloc_owns(&new, START + 4));
        assert_false(portalloc_owns(&new, START + 1));
        assert_int_equal(take(&new, "b"), START + 3); /* START + 2 is a's */
        give(&new, "a", 0);
        assert_int_equal(take(&new, "c"), START + 2); /* of those freed the only one in it */
        assert_int_equal(portalloc_acquire(&new, "d", 1, got, &e), -1);
        clear();
}

static void a_state_file_that_makes_no_sense_is_named_and_left_alone(void **state)
{
        static const char *const torn[] = {
                "{\"acquired_ports\":{\"a\":[610",       "[]",
                "{\"acquired_ports\":{\"a\":61000}}",    "{\"acquired_ports\":[]}",
                "{\"acquired_ports\":{\"a\":[0]}}",      "{\"acquired_ports\":{\"a\":[65536]}}",
                "{\"acquired_ports\":{\"a\":[\"80\"]}}", "\xff\xfe",
        };
        const struct portalloc pa = pool_of(START, 10);
        uint16_t got;

        (void)state;
        for (size_t i = 0; i < COUNT(torn); i++) {
                struct err e = { 0 };

                write_file("", torn[i]);
                assert_int_equal(portalloc_acquire(&pa, "b", 1, &got, &e), -1);
                assert_int_equal(e.fault, FAULT_BAD_INPUT);
                assert_non_null(strstr(e.msg, state_file));
                assert_int_equal(portalloc_release(&pa, "a", 0, &e), -1);
                assert_file(torn[i]);
        }
        clear();
}

static void a_foreign_state_file_and_a_torn_queue_are_no_obstacle(void **state)
{
        const struct portalloc pa = pool_of(START, 3);

        (void)state;
        /* As the reference writes it, with what a later version may have added. */
        write_file("", "{\"acquired_ports\":{\"old\":[61000]},\"version\":2}\n");
        write_file("_freed", "[61001, \"x\", 99999, {}, 61002");
        assert_int_equal(take(&pa, "a"), START + 1);
        write_file("_freed", "[61000, 61002, -1]");
        assert_int_equal(take(&pa, "a"), START + 2);
        clear();
        write_file("", "");
        assert_int_equal(take(&pa, "a"), START);
        clear();
        write_file("", "{\"acquired_ports\":null}");
        assert_int_equal(take(&pa, "a"), START);
        clear();
}

static void the_order_outlives_a_kill_between_the_two_files(void **state)
{
        const struct portalloc pa = pool_of(START, 3);

        (void)state;
        /* Given back: the queue has been written, the state has not. */
        write_file("", "{\"acquired_ports\":{\"a\":[61000]}}");
        write_file("_freed", "[61000,61001,61002]");
        assert_int_equal(take(&pa, "b"), START + 1);
        give(&pa, "a", 0);
        give(&pa, "b", 0);
        assert_freed("[61002,61000,61001]");
        /* Given: the state has been written, the queue has not. */
        write_file("", "{\"acquired_ports\":{\"a\":[61002]}}");
        assert_int_equal(take(&pa, "b"), START);
        give(&pa, "a", 0);
        give(&pa, "b", 0);
        assert_freed("[61001,61002,61000]");
        clear();
}

static void a_port_that_was_asked_for_is_not_given_to_others(void **state)
{
        const struct portalloc pa = pool_of(START, 3);
        struct err e = { 0 };

        (void)state;
        assert_return_code(portalloc_book(&pa, "a", START, &e), 0);
        assert_return_code(portalloc_book(&pa, "a", START, &e), 0);
        assert_return_code(portalloc_book(&pa, "a", START + 3, &e), 0); /* not of the pool */
        assert_file("{\"acquired_ports\":{\"a\":[61000]}}");
        assert_int_equal(take(&pa, "b"), START + 1);
        assert_int_equal(portalloc_book(&pa, "a", START + 1, &e), -1);
        assert_int_equal(e.fault, FAULT_CONFLICT);
        assert_string_equal(e.msg, "host port 61001 is container b's");
        give(&pa, "b", 0);
        assert_int_equal(take(&pa, "c"), START + 2);
        give(&pa, "a", 0);
        assert_freed("[61001,61000]");
        clear();
}

static void outgoing_connections_are_shown_a_range_beside_the_pool(void **state)
{
        static const struct {
                uint16_t start;
                uint32_t count;
                int64_t lo, hi; /* 0: there is none */
        } cases[] = {
                { 61000, 200, 32768, 60999 },   { 60000, 5000, 32768, 59999 },
                { 30000, 20000, 50000, 61100 }, { 33000, 5000, 38000, 61100 },
                { 32768, 28300, 0, 0 },         { 1024, 64000, 0, 0 },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                const struct portalloc pa = pool_of(cases[i].start, cases[i].count);
                int64_t lo = 32768, hi = 61100;

                assert_int_equal(portalloc_apart(&pa, &lo, &hi), cases[i].lo != 0);
                if (!cases[i].lo)
                        continue;
                assert_int_equal(lo, cases[i].lo);
                assert_int_equal(hi, cases[i].hi);
        }
}

static size_t count_of(const struct portalloc *pa)
{
        struct err e = { 0 };
        size_t count = 99;

        assert_int_equal(portalloc_count(pa, &count, &e), 0);
        return count;
}

static void ports_that_are_held_are_counted(void **state)
{
        struct portalloc pa = pool_of(START, 10);
        struct err e = { 0 };
        uint16_t got[3];

        (void)state;
        assert_int_equal(count_of(&pa), 0);
        assert_int_equal(portalloc_acquire(&pa, "a", 3, got, &e), 0);
        assert_int_equal(portalloc_acquire(&pa, "b", 1, got, &e), 0);
        assert_int_equal(count_of(&pa), 4);
        assert_int_equal(portalloc_release(&pa, "b", got[0], &e), 0);
        assert_int_equal(count_of(&pa), 3);
        assert_int_equal(portalloc_release(&pa, "a", 0, &e), 0);
        assert_int_equal(count_of(&pa), 0);
        clear();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_hundred_processes_never_share_a_port),
                cmocka_unit_test(the_port_that_has_been_free_the_longest_is_next),
                cmocka_unit_test(more_ports_than_are_left_are_none),
                cmocka_unit_test(another_range_leaves_what_is_held),
                cmocka_unit_test(a_state_file_that_makes_no_sense_is_named_and_left_alone),
                cmocka_unit_test(a_foreign_state_file_and_a_torn_queue_are_no_obstacle),
                cmocka_unit_test(the_order_outlives_a_kill_between_the_two_files),
                cmocka_unit_test(a_port_that_was_asked_for_is_not_given_to_others),
                cmocka_unit_test(outgoing_connections_are_shown_a_range_beside_the_pool),
                cmocka_unit_test(ports_that_are_held_are_counted),
        };

        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
