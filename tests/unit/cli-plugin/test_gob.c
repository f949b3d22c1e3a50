/* SPDX-License-Identifier: Apache-2.0 */
/* gob, against bytes that Go programs wrote. */
#include "../test.h"
#include "hex.h"

#include "cli-plugin/gob.h"

/* Takes every message of a stream; the last value as JSON text, or the error. */
static int read_stream(const char *hex, struct str *ret, struct err *e)
{
        OWN(str) struct str bytes = { 0 };
        OWN(gob_types) struct gob_types types = { 0 };
        OWN(json) json_t *last = NULL;
        size_t at = 0;

        hex_add(&bytes, hex);
        while (at < bytes.len) {
                size_t head, len;
                json_t *value = NULL;
                int rc = gob_frame(bytes.data + at, bytes.len - at, &head, &len, e);

                if (rc < 0)
                        return -1;
                if (rc == 0 || len > bytes.len - at - head)
                        return err_set(e, FAULT_UPSTREAM, 0, "incomplete");
                if (gob_message(&types, bytes.data + at + head, len, &value, e) < 0)
                        return -1;
                at += head + len;
                if (value) {
                        json_decref(last);
                        last = value;
                }
        }
        if (last) {
                OWN(mem) char *text = json_dumps(last, JSON_ENCODE_ANY | JSON_COMPACT);

                str_add(ret, text ? text : "(not UTF-8)");
        }
        return 0;
}

static void numbers_are_as_go_writes_them(void **state)
{
        static const struct {
                bool is_signed;
                int64_t n;
                const char *hex;
        } rows[] = {
                { false, 0, "00" },
                { false, 7, "07" },
                { false, 127, "7f" },
                { false, 128, "ff 80" },
                { false, 256, "fe 01 00" },
                { false, 344, "fe 01 58" },
                { false, 5000000, "fd 4c 4b 40" },
                { false, INT64_MAX, "f8 7f ff ff ff ff ff ff ff" },
                { true, 6, "0c" },
                { true, 15, "1e" },
                { true, -1, "01" },
                { true, -64, "7f" },
                { true, 64, "ff 80" },
                { true, -65, "ff 81" },
                { true, 65, "ff 82" },
                { true, 256, "fe 02 00" },
                { true, INT64_MIN, "f8 ff ff ff ff ff ff ff ff" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                OWN(str) struct str want = { 0 };
                OWN(str) struct str got = { 0 };
                struct gob_reader r;
                uint64_t u = 0;
                int64_t n = 0;
                struct err e;

                hex_add(&want, rows[i].hex);
                if (rows[i].is_signed)
                        gob_put_int(&got, rows[i].n);
                else
                        gob_put_uint(&got, (uint64_t)rows[i].n);
                assert_int_equal(got.len, want.len);
                assert_memory_equal(got.data, want.data, want.len);
                r = (struct gob_reader){ (uint8_t *)want.data, (uint8_t *)want.data + want.len };
                if (rows[i].is_signed) {
                        assert_int_equal(gob_get_int(&r, &n, &e), 0);
                } else {
                        assert_int_equal(gob_get_uint(&r, &u, &e), 0);
                        n = (int64_t)u;
                }
                assert_true(n == rows[i].n);
                assert_ptr_equal(r.at, r.end);
        }
}

#define RESPONSE                                                                                   \
        "39 7f 03 01 01 08 'Response' 01 ff 80 00 01 03 01 0d 'ServiceMethod' 01 0c 00 "           \
        "01 03 'Seq' 01 06 00 01 05 'Error' 01 0c 00 00 00 "

static void values_are_read(void **state)
{
        static const struct {
                const char *what, *hex, *json;
        } rows[] = {
                { "a lone string", "08 0c 00 05 'admin'", "\"admin\"" },
                { "a version, as IsMinCliVersion sends it", "09 0c 00 06 '6.15.0'", "\"6.15.0\"" },
                { "true", "03 02 00 01", "true" },
                { "false", "03 02 00 00", "false" },
                { "an int", "03 04 00 01", "-1" },
                { "a float", "05 08 00 fe 08 40", "3.0" },
                { "a smaller one", "05 08 00 fe d0 3f", "0.25" },
                { "a definition alone is no value", RESPONSE, "" },
                { "a Response without Seq and Error",
                  RESPONSE "17 ff 80 01 12 'CliRpcCmd.Username' 00",
                  "{\"ServiceMethod\":\"CliRpcCmd.Username\"}" },
                { "an error, then the empty struct",
                  RESPONSE "2b ff 80 01 10 'CliRpcCmd.GetApp' 02 14 'App nosuch not found' 00"
                           "0a ff a3 03 01 02 ff a4 00 00 00 03 ff a4 00",
                  "{}" },
                { "the same, its definition ended by the message's end",
                  RESPONSE "09 ff a3 03 01 02 ff a4 00 00 03 ff a4 00", "{}" },
                { "the same, with an empty message in between",
                  RESPONSE "2b ff 80 01 10 'CliRpcCmd.GetApp' 02 14 'App nosuch not found' 00"
                           "09 ff a3 03 01 02 ff a4 00 00 00 03 ff a4 00",
                  "{}" },
                { "a slice, defined without a name",
                  "0c ff 81 02 01 02 ff 82 00 01 0c 00 00"
                  "16 ff 82 00 02 04 'help' 0c 'allow-access'",
                  "[\"help\",\"allow-access\"]" },
                { "a slice of empty strings",
                  "0c ff 81 02 01 02 ff 82 00 01 0c 00 00 06 ff 82 00 02 00 00", "[\"\",\"\"]" },
                { "a map",
                  "21 ff 89 04 01 01 11 'map[string]string' 01 ff 8a 00 01 0c 01 0c 00 00"
                  "0b ff 8a 00 02 01 'a' 01 'b' 01 'c' 00",
                  "{\"a\":\"b\",\"c\":\"\"}" },
                { "interface values of three types",
                  "0e ff 81 04 01 02 ff 82 00 01 0c 01 10 00 00"
                  "3c ff 82 00 03 05 'COLOR' 06 'string' 0c 06 00 04 'teal'"
                  "05 'COUNT' 07 'float64' 08 04 00 fe 08 40 05 'DEBUG' 04 'bool' 02 02 00 01",
                  "{\"COLOR\":\"teal\",\"COUNT\":3.0,\"DEBUG\":true}" },
                { "a nil interface",
                  "0e ff 81 04 01 02 ff 82 00 01 0c 01 10 00 00"
                  "07 ff 82 00 01 01 'x' 00",
                  "{\"x\":null}" },
                { "a time is opaque",
                  "0a ff 81 05 01 02 ff 9a 00 00 00"
                  "13 ff 82 00 0f 01 00 00 00 0e d6 66 3c 00 00 00 00 00 ff ff",
                  "(not UTF-8)" },
                { "a struct in a struct, sent though empty, defined after its use",
                  "19 ff 81 03 01 02 ff 82 00 01 02 01 01 'V' 01 ff 84 00 01 01 'N' 01 0c 00 00 00"
                  "12 ff 83 03 01 02 ff 84 00 01 01 01 01 'M' 01 04 00 00 00"
                  "08 ff 82 01 00 01 01 'x' 00",
                  "{\"V\":{},\"N\":\"x\"}" },
                { "a type defined inside the interface that needs it, with what it is made of",
                  "0e ff 81 04 01 02 ff 82 00 01 0c 01 10 00 00"
                  "32 ff 82 00 01 01 'k' 01 't'"
                  "ff 83 02 01 02 ff 84 00 01 ff 86 00 00 12" /* a slice of structs, … */
                  "ff 85 03 01 02 ff 86 00 01 01 01 01 'N' 01 0c 00 00 00 09" /* … and them */
                  "ff 84 06 00 01 01 01 'x' 00",
                  "{\"k\":[{\"N\":\"x\"}]}" },
                { "a binary marshaler's value is opaque",
                  "0a ff 81 06 01 02 ff 82 00 00 00 07 ff 82 00 03 'abc'", "\"abc\"" },
                { "a text marshaler's is text",
                  "0a ff 81 07 01 02 ff 82 00 00 00 07 ff 82 00 03 'abc'", "\"abc\"" },
                { "a map whose keys are numbers",
                  "0e ff 81 04 01 02 ff 82 00 01 04 01 0c 00 00"
                  "0a ff 82 00 02 02 01 'a' 03 01 'b'",
                  "{\"1\":\"a\",\"-2\":\"b\"}" },
                { "another process's ids",
                  "0e fe 01 fd 02 01 02 fe 01 fe 00 01 0c 00 00 06 fe 01 fe 00 01 00", "[\"\"]" },
                { "an array is read as a slice",
                  "0e ff 81 01 01 02 ff 82 00 01 04 01 04 00 00 06 ff 82 00 02 02 04", "[1,2]" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                OWN(str) struct str got = { 0 };
                struct err e = { 0 };

                if (read_stream(rows[i].hex, &got, &e) < 0)
                        fail_msg("%s: %s", rows[i].what, e.msg);
                assert_string_equal(str_text(&got), rows[i].json);
        }
}

static void hostile_bytes_are_refused(void **state)
{
        static const struct {
                const char *what, *hex;
        } rows[] = {
                { "a length beyond all limits", "fc 7f ff ff ff" },
                { "a length of 9 bytes", "f7 01 01 01 01 01 01 01 01 01" },
                { "less than announced", "08 0c 00 05 'adm'" },
                { "more than the value", "05 0c 00 01 'a' 00" },
                { "a string longer than its message", "04 0c 00 7f 'a'" },
                { "a string whose length overflows", "0c 0c 00 f8 ff ff ff ff ff ff ff ff 'a'" },
                { "no zero byte before a lone value", "04 0c 01 01 'a'" },
                { "an unknown type", "04 ff 90 00 00" },
                { "a type that is no id", "02 00 00" },
                { "defined twice", RESPONSE RESPONSE },
                { "a basic type redefined", "07 0b 02 01 00 01 0c 00 00" },
                { "a kind there is none of", "05 ff 81 09 01 00" },
                { "two kinds at once", "0d ff 81 02 01 02 ff 82 00 01 0c 00 01 00" },
                { "more fields than the message holds",
                  "10 ff 81 03 01 02 ff 82 00 01 ff f0 01 01 'a' 00 00" },
                { "a field that the type lacks", RESPONSE "05 ff 80 04 00 00" },
                { "a field number that overflows",
                  RESPONSE "0d ff 80 01 00 f8 ff ff ff ff ff ff ff ff 00" },
                { "a slice of more than there is",
                  "0c ff 81 02 01 02 ff 82 00 01 0c 00 00 07 ff 82 00 fd ff ff ff" },
                { "a slice of itself, for ever",
                  "0d ff 81 02 01 02 ff 82 00 01 ff 82 00 00"
                  "ff 84 ff 82 00 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01"
                  "01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01"
                  "01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01"
                  "01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01"
                  "01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01" },
                { "an interface longer than its message",
                  "0e ff 81 04 01 02 ff 82 00 01 0c 01 10 00 00"
                  "0b ff 82 00 01 01 'x' 01 'y' 0c 7f 00" },
                { "the smallest id of all", "0a f8 ff ff ff ff ff ff ff ff 02" },
                { "a field's name that is a text",
                  "fe 01 14 ff 81 03 01 02 ff 82 00 01 01 01 fe 01 01 (257: 'x') 01 0c 00 00 00" },
                { "half a megabyte that would be 150 of ours: structs",
                  "0d ff 81 02 01 02 ff 82 00 01 ff 84 00 00"
                  "09 ff 83 03 01 02 ff 84 00 00 00"
                  "fd 07 a1 27 ff 82 00 fd 07 a1 20 (500000: 00)" },
        };

        (void)state;
        for (size_t i = 0; i < COUNT(rows); i++) {
                OWN(str) struct str got = { 0 };
                struct err e = { 0 };

                if (read_stream(rows[i].hex, &got, &e) == 0)
                        fail_msg("%s: read as %s", rows[i].what, str_text(&got));
                assert_int_equal(e.fault, FAULT_UPSTREAM);
        }
}

static void definitions_together_are_bounded(void **state)
{
        OWN(gob_types) struct gob_types types = { 0 };
        struct err e = { 0 };
        int rc = 0, id = GOB_FIRST_FREE;

        (void)state;
        for (; id < GOB_FIRST_FREE + 1000 && rc == 0; id++) {
                OWN(str) struct str bytes = { 0 };
                struct gob_reader r;

                hex_add(&bytes, "03 01 00 01 ff c8 (200: 01 01 'a' 01 0c 00) 00 00");
                r = (struct gob_reader){ (uint8_t *)bytes.data, (uint8_t *)bytes.data + bytes.len };
                rc = gob_get_definition(&types, id, &r, &e);
        }
        assert_int_equal(rc, -1);
        assert_int_equal(e.fault, FAULT_UPSTREAM);
        assert_true(id > GOB_FIRST_FREE + 20); /* far more than cf has */
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers_are_as_go_writes_them),
                cmocka_unit_test(values_are_read),
                cmocka_unit_test(hostile_bytes_are_refused),
                cmocka_unit_test(definitions_together_are_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
