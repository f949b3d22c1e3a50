/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls against recorded conversations of the cf CLI (6.53.0) with a Go plugin:
 * the bytes that we send must be the recorded ones, the recorded replies must be
 * understood.
 */
#include "../test.h"
#include "hex.h"

#include "cli-plugin/metadata.h"
#include "cli-plugin/rpc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

/** struct wire - An rpc whose other end is a socket in our hands */
struct wire {
        struct rpc rpc;
        int cli;
};

static int open_wire(void **state)
{
        struct wire *w = calloc(1, sizeof *w);
        int fds[2];

        assert_non_null(w);
        assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), errno);
        w->rpc = (struct rpc){ .fd = fds[0], .next_id = GOB_FIRST_FREE + 1 };
        w->cli = fds[1];
        *state = w;
        return 0;
}

static int close_wire(void **state)
{
        struct wire *w = *state;

        rpc_close(&w->rpc);
        (void)close(w->cli);
        free(w);
        return 0;
}

/* What the CLI will answer, put there before the call is made. */
static void will_answer(struct wire *w, const char *hex)
{
        OWN(str) struct str bytes = { 0 };

        hex_add(&bytes, hex);
        assert_int_equal(write(w->cli, bytes.data, bytes.len), bytes.len);
}

static void was_sent(struct wire *w, const char *hex)
{
        OWN(str) struct str want = { 0 };
        char got[8192];
        ssize_t n;

        hex_add(&want, hex);
        n = recv(w->cli, got, sizeof got, MSG_DONTWAIT);
        assert_true(n >= (ssize_t)want.len);
        assert_memory_equal(got, want.data, want.len);
}

#define REQUEST_DEF                                                                                \
        "2e 7f 03 01 01 07 'Request' 01 ff 80 00 01 02"                                            \
        "01 0d 'ServiceMethod' 01 0c 00 01 03 'Seq' 01 06 00 00 00 "
#define RESPONSE_DEF                                                                               \
        "39 7f 03 01 01 08 'Response' 01 ff 80 00 01 03 01 0d 'ServiceMethod' 01 0c 00"            \
        "01 03 'Seq' 01 06 00 01 05 'Error' 01 0c 00 00 00 "

static void username_is_asked_as_recorded(void **state)
{
        struct wire *w = *state;
        OWN(json) json_t *reply = NULL;
        struct err e;

        will_answer(w, RESPONSE_DEF "17 ff 80 01 12 'CliRpcCmd.Username' 00 08 0c 00 05 'admin'");
        assert_int_equal(rpc_call_text(&w->rpc, "Username", "", &reply, &e), 0);
        was_sent(w, REQUEST_DEF "17 ff 80 01 12 'CliRpcCmd.Username' 00 03 0c 00 00");
        assert_string_equal(json_string_value(reply), "admin");
}

static void three_calls_on_one_connection_are_as_recorded(void **state)
{
        static const char *const words[] = { "help", "allow-access" };
        struct wire *w = *state;
        OWN(json) json_t *lines = NULL;
        struct err e;

        will_answer(w,
                    RESPONSE_DEF "24 ff 80 01 1f 'CliRpcCmd.DisableTerminalOutput' 00 03 02 00 01"
                                 "20 ff 80 01 19 'CliRpcCmd.CallCoreCommand' 01 01 00 03 02 00 01"
                                 "22 ff 80 01 1b 'CliRpcCmd.GetOutputAndReset' 01 02 00"
                                 "0c ff 81 02 01 02 ff 82 00 01 0c 00 00"
                                 "0f ff 82 00 02 05 'NAME:' 04 '   x'");
        assert_int_equal(rpc_call_bool(&w->rpc, "DisableTerminalOutput", true, NULL, &e), 0);
        assert_int_equal(rpc_call_strings(&w->rpc, "CallCoreCommand", words, 2, NULL, &e), 0);
        assert_int_equal(rpc_call_bool(&w->rpc, "GetOutputAndReset", true, &lines, &e), 0);
        was_sent(w, REQUEST_DEF "24 ff 80 01 1f 'CliRpcCmd.DisableTerminalOutput' 00 03 02 00 01"
                                "20 ff 80 01 19 'CliRpcCmd.CallCoreCommand' 01 01 00"
                                "0c ff 81 02 01 02 ff 82 00 01 0c 00 00"
                                "16 ff 82 00 02 04 'help' 0c 'allow-access'"
                                "22 ff 80 01 1b 'CliRpcCmd.GetOutputAndReset' 01 02 00"
                                "03 02 00 01");
        assert_int_equal(json_array_size(lines), 2);
        assert_string_equal(json_string_value(json_array_get(lines, 0)), "NAME:");
}

static void metadata_types_are_defined_as_recorded(void **state)
{
        struct wire *w = *state;
        struct err e;

        will_answer(w, RESPONSE_DEF "20 ff 80 01 1b 'CliRpcCmd.SetPluginMetadata' 00 03 02 00 01");
        assert_int_equal(metadata_send(&w->rpc, &e), 0);
        was_sent(w, REQUEST_DEF
                 "20 ff 80 01 1b 'CliRpcCmd.SetPluginMetadata' 00"
                 "67 ff 81 03 01 01 0e 'PluginMetadata' 01 ff 82 00 01 05 01 04 'Name' 01 0c 00"
                 "01 07 'Version' 01 ff 84 00 01 0e 'LibraryVersion' 01 ff 84 00"
                 "01 0d 'MinCliVersion' 01 ff 84 00 01 08 'Commands' 01 ff 8c 00 00 00"
                 "37 ff 83 03 01 01 0b 'VersionType' 01 ff 84 00 01 03 01 05 'Major' 01 04 00"
                 "01 05 'Minor' 01 04 00 01 05 'Build' 01 04 00 00 00"
                 "1f ff 8b 02 01 01 10 '[]plugin.Command' 01 ff 8c 00 01 ff 86 00 00"
                 "47 ff 85 03 01 01 07 'Command' 01 ff 86 00 01 04 01 04 'Name' 01 0c 00"
                 "01 05 'Alias' 01 0c 00 01 08 'HelpText' 01 0c 00"
                 "01 0c 'UsageDetails' 01 ff 88 00 00 00"
                 "2a ff 87 03 01 01 05 'Usage' 01 ff 88 00 01 02 01 05 'Usage' 01 0c 00"
                 "01 07 'Options' 01 ff 8a 00 00 00"
                 "21 ff 89 04 01 01 11 'map[string]string' 01 ff 8a 00 01 0c 01 0c 00 00");
}

/* The value itself has more commands than the recorded one: its head, and its sense. */
static void metadata_says_what_the_cli_needs(void **state)
{
        OWN(gob_types) struct gob_types types = { 0 };
        OWN(str) struct str bytes = { 0 };
        OWN(json) json_t *value = NULL;
        json_t *command;
        size_t i, head, len;
        struct err e;

        (void)state;
        metadata_encode(65, &bytes);
        for (size_t at = 0; at < bytes.len; at += head + len) {
                assert_int_equal(gob_frame(bytes.data + at, bytes.len - at, &head, &len, &e), 1);
                assert_int_equal(gob_message(&types, bytes.data + at + head, len, &value, &e), 0);
        }
        assert_string_equal(json_string_value(json_object_get(value, "Name")), "network-policy");
        assert_int_equal(json_object_size(json_object_get(value, "Version")), 0);
        json_array_foreach(json_object_get(value, "Commands"), i, command) {
                const char *name = json_string_value(json_object_get(command, "Name"));

                /* cf has these itself and would refuse the installation */
                assert_null(strstr(name, "network-polic"));
                assert_null(json_object_get(command, "Alias"));
        }
        assert_true(i >= 4);
}

static void an_error_is_told_and_the_connection_goes_on(void **state)
{
        struct wire *w = *state;
        OWN(json) json_t *reply = NULL;
        struct err e;

        will_answer(w, RESPONSE_DEF
                    "2b ff 80 01 10 'CliRpcCmd.GetApp' 02 14 'App nosuch not found' 00"
                    "0a ff a3 03 01 02 ff a4 00 00 00 03 ff a4 00"
                    "19 ff 80 01 12 'CliRpcCmd.Username' 01 01 00 08 0c 00 05 'admin'");
        assert_int_equal(rpc_call_text(&w->rpc, "GetApp", "nosuch", &reply, &e), -1);
        assert_int_equal(e.fault, FAULT_DENIED);
        assert_string_equal(e.msg, "App nosuch not found");
        assert_int_equal(rpc_call_text(&w->rpc, "Username", "", &reply, &e), 0);
        assert_string_equal(json_string_value(reply), "admin");
}

static void a_cli_that_hangs_up_or_talks_nonsense_is_an_error(void **state)
{
        static const char *const answers[] = {
                "",
                "39 7f 03",
                "ff ff ff ff",
                "08 0c 00 05 'admin' 08 0c 00 05 'admin' 08 0c 00 05 'admin'",
                RESPONSE_DEF "19 ff 80 01 12 'CliRpcCmd.Username' 01 07 00 08 0c 00 05 'admin'",
                RESPONSE_DEF "17 ff 80 01 12 'CliRpcCmd.Username' 00",
        };
        struct err e;

        for (size_t i = 0; i < COUNT(answers); i++) {
                struct wire *w;

                if (i)
                        assert_int_equal(open_wire(state), 0);
                w = *state;
                will_answer(w, answers[i]);
                (void)shutdown(w->cli, SHUT_WR);
                e = (struct err){ 0 };
                assert_int_equal(rpc_call_text(&w->rpc, "Username", "", NULL, &e), -1);
                assert_int_equal(e.fault, FAULT_UPSTREAM);
                if (i + 1 < COUNT(answers))
                        assert_int_equal(close_wire(state), 0);
        }
}

/* It never hangs up, and never says anything. */
static void a_cli_that_sends_nothing_but_empty_messages_is_an_error(void **state)
{
        struct wire *w = *state;
        struct err e = { 0 };

        will_answer(w, RESPONSE_DEF "(8000: 00)");
        assert_int_equal(rpc_call_text(&w->rpc, "Username", "", NULL, &e), -1);
        assert_int_equal(e.fault, FAULT_UPSTREAM);
        assert_non_null(strstr(e.msg, "without a value"));
}

#define WIRED(f) cmocka_unit_test_setup_teardown(f, open_wire, close_wire)

int main(void)
{
        static const struct CMUnitTest tests[] = {
                WIRED(username_is_asked_as_recorded),
                WIRED(three_calls_on_one_connection_are_as_recorded),
                WIRED(metadata_types_are_defined_as_recorded),
                cmocka_unit_test(metadata_says_what_the_cli_needs),
                WIRED(an_error_is_told_and_the_connection_goes_on),
                WIRED(a_cli_that_hangs_up_or_talks_nonsense_is_an_error),
                WIRED(a_cli_that_sends_nothing_but_empty_messages_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
