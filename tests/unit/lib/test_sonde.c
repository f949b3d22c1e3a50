/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/sonde.h"

#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static void a_value_is_the_bytes_that_dropsonde_expects(void **state)
{
        /* protoc --encode=events.Envelope of origin "netmon", eventType ValueMetric,
         * timestamp 300, valueMetric { name "n", value 1.5, unit "" } */
        static const uint8_t want[] = { 0x0a, 6,    'n',  'e',  't', 'm',  'o',  'n',  0x10, 6,
                                        0x30, 0xac, 0x02, 0x4a, 14,  0x0a, 1,    'n',  0x11, 0,
                                        0,    0,    0,    0,    0,   0xf8, 0x3f, 0x1a, 0 };
        uint8_t buf[64];

        (void)state;
        assert_int_equal(sonde_encode(buf, sizeof buf, "netmon", 300, "n", 1.5, ""), sizeof want);
        assert_memory_equal(buf, want, sizeof want);
}

static void what_does_not_fit_is_not_sent(void **state)
{
        uint8_t buf[64];
        char name[600];

        (void)state;
        memset(name, 'n', sizeof name);
        name[sizeof name - 1] = '\0';
        for (size_t size = 0; size < 29; size++)
                assert_int_equal(sonde_encode(buf, size, "netmon", 300, "n", 1.5, ""), 0);
        assert_int_equal(sonde_encode(buf, sizeof buf, "netmon", 300, name, 1.5, ""), 0);
}

static void addresses_that_are_none_are_refused(void **state)
{
        static const char *const bad[] = { "", "127.0.0.1", ":3457", "127.0.0.1:port",
                                           "no host:1" };

        (void)state;
        for (size_t i = 0; i < COUNT(bad); i++) {
                OWN(sonde) struct sonde *s = NULL;
                struct err e;

                assert_int_equal(sonde_open(bad[i], "netmon", &s, &e), -1);
                assert_int_equal(e.fault, FAULT_BAD_INPUT);
        }
}

static void a_value_arrives(void **state)
{
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };
        OWN(fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        OWN(sonde) struct sonde *s = NULL;
        socklen_t len = sizeof at;
        char address[32], got[128];
        struct err e;

        (void)state;
        assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
        (void)snprintf(address, sizeof address, "127.0.0.1:%d", ntohs(at.sin_port));
        assert_int_equal(sonde_open(address, "netmon", &s, &e), 0);
        assert_int_equal(sonde_value(s, "NetInterfaceCount", 7, "", &e), 0);
        assert_true(recv(fd, got, sizeof got, 0) > 30);
        assert_memory_equal(got, "\x0a\x06netmon\x10\x06", 10);
        fd_drop(&fd);
        fd = -1;
        for (int i = 0; i < 3; i++)
                assert_int_equal(sonde_value(s, "NetInterfaceCount", 7, "", &e), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_value_is_the_bytes_that_dropsonde_expects),
                cmocka_unit_test(what_does_not_fit_is_not_sent),
                cmocka_unit_test(addresses_that_are_none_are_refused),
                cmocka_unit_test(a_value_arrives),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
