/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/dropsonde.h"

#include "dropsonde.pb-c.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

/** metron() - A socket that hears what is sent to @ret_address */
static int metron(char ret_address[32])
{
        const struct timeval patience = { .tv_sec = 10 };
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        socklen_t len = sizeof at;

        assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
        (void)snprintf(ret_address, 32, "127.0.0.1:%d", ntohs(at.sin_port));
        return fd;
}

static Dropsonde__Envelope *heard(int fd)
{
        uint8_t buf[1500];
        ssize_t len = recv(fd, buf, sizeof buf, 0);
        Dropsonde__Envelope *got;

        assert_true(len > 0);
        got = dropsonde__envelope__unpack(NULL, (size_t)len, buf);
        assert_non_null(got);
        return got;
}

static struct dropsonde *begin(const struct dropsonde_config *c)
{
        struct dropsonde *d = NULL;
        struct err e;

        assert_int_equal(dropsonde_start(c, &d, &e), 0);
        return d;
}

/* protoc --encode=events.Envelope with the protocol's own file gives these bytes for
 * origin "netmon", ValueMetric, timestamp 300, { name "n", value 1.5, unit "" }. */
static void a_value_is_the_bytes_that_metron_expects(void **state)
{
        static const uint8_t want[] = { 0x0a, 6,    'n',  'e',  't', 'm',  'o',  'n',  0x10, 6,
                                        0x30, 0xac, 0x02, 0x4a, 14,  0x0a, 1,    'n',  0x11, 0,
                                        0,    0,    0,    0,    0,   0xf8, 0x3f, 0x1a, 0 };
        Dropsonde__Envelope envelope = DROPSONDE__ENVELOPE__INIT;
        Dropsonde__ValueMetric metric = DROPSONDE__VALUE_METRIC__INIT;
        char origin[] = "netmon", name[] = "n", unit[] = "";
        uint8_t buf[64];

        (void)state;
        metric.name = name;
        metric.value = 1.5;
        metric.unit = unit;
        envelope.origin = origin;
        envelope.eventtype = DROPSONDE__ENVELOPE__EVENT_TYPE__ValueMetric;
        envelope.has_timestamp = 1;
        envelope.timestamp = 300;
        envelope.valuemetric = &metric;
        assert_int_equal(dropsonde__envelope__pack(&envelope, buf), sizeof want);
        assert_memory_equal(buf, want, sizeof want);
}

static void a_value_arrives(void **state)
{
        char address[32];
        OWN(fd) int fd = metron(address);
        OWN(dropsonde)
        struct dropsonde *d =
                begin(&(struct dropsonde_config){ .address = address, .origin = "netmon" });
        Dropsonde__Envelope *got;

        (void)state;
        dropsonde_value(d, "NetInterfaceCount", 7, "Metric");
        got = heard(fd);
        assert_string_equal(got->origin, "netmon");
        assert_int_equal(got->eventtype, 6);
        assert_true(llabs(got->timestamp / 1000000000 - time(NULL)) < 60);
        assert_string_equal(got->valuemetric->name, "NetInterfaceCount");
        assert_string_equal(got->valuemetric->unit, "Metric");
        assert_true(got->valuemetric->value == 7);
        dropsonde__envelope__free_unpacked(got, NULL);
}

static void counts_are_added_up_and_the_last_are_told_at_the_end(void **state)
{
        char address[32];
        OWN(fd) int fd = metron(address);
        struct dropsonde *d =
                begin(&(struct dropsonde_config){ .address = address, .origin = "netmon" });
        Dropsonde__Envelope *got;

        (void)state;
        dropsonde_count(d, "a", 1);
        dropsonde_count(d, "a", 2);
        dropsonde_stop(d);
        got = heard(fd);
        assert_int_equal(got->eventtype, 7);
        assert_string_equal(got->counterevent->name, "a");
        assert_int_equal(got->counterevent->delta, 3);
        dropsonde__envelope__free_unpacked(got, NULL);
}

static void say_hello(struct dropsonde *d, void *arg)
{
        dropsonde_value(d, arg, 1, "");
}

static void what_is_told_regularly_is_told_at_the_start(void **state)
{
        char address[32], name[] = "hello";
        OWN(fd) int fd = metron(address);
        OWN(dropsonde)
        struct dropsonde *d = begin(&(struct dropsonde_config){ .address = address,
                                                                .origin = "netmon",
                                                                .turn = say_hello,
                                                                .arg = name,
                                                                .every_s = 1 });

        (void)state;
        for (int i = 0; i < 2; i++) {
                Dropsonde__Envelope *got = heard(fd);

                assert_string_equal(got->valuemetric->name, "hello");
                dropsonde__envelope__free_unpacked(got, NULL);
        }
}

static void nobody_who_listens_is_no_trouble(void **state)
{
        char address[32], name[600];
        int fd = metron(address);
        OWN(dropsonde)
        struct dropsonde *d =
                begin(&(struct dropsonde_config){ .address = address, .origin = "netmon" });
        struct dropsonde_stats stats;

        (void)state;
        (void)close(fd);
        for (int i = 0; i < 3; i++)
                dropsonde_value(d, "NetInterfaceCount", 7, "");
        memset(name, 'n', sizeof name);
        name[sizeof name - 1] = '\0';
        dropsonde_value(d, name, 7, "");
        dropsonde_count(d, name, 7);
        do {
                dropsonde_stats(d, &stats);
        } while (stats.sent + stats.lost < 5);
        assert_true(stats.lost >= 2);
        dropsonde_value(NULL, "x", 1, "");
        dropsonde_count(NULL, "x", 1);
}

static void a_name_that_is_not_known_yet_is_no_error(void **state)
{
        OWN(dropsonde)
        struct dropsonde *d = begin(&(struct dropsonde_config){
                .address = "no-such-host.invalid:3457", .origin = "netmon" });

        (void)state;
        dropsonde_value(d, "x", 1, "");
}

/* Nobody takes from the queue while the thread is in here. */
static void wait_at(struct dropsonde *d, void *arg)
{
        (void)d;
        (void)pthread_barrier_wait(arg);
        (void)pthread_barrier_wait(arg);
}

static void more_than_can_be_sent_is_lost_and_nobody_waits(void **state)
{
        char address[32];
        OWN(fd) int fd = metron(address);
        OWN(dropsonde) struct dropsonde *d = NULL;
        struct dropsonde_stats stats;
        pthread_barrier_t barrier;

        (void)state;
        (void)pthread_barrier_init(&barrier, NULL, 2);
        d = begin(&(struct dropsonde_config){ .address = address,
                                              .origin = "netmon",
                                              .turn = wait_at,
                                              .arg = &barrier,
                                              .every_s = 3600 });
        (void)pthread_barrier_wait(&barrier);
        for (int i = 0; i < 10000; i++)
                dropsonde_value(d, "x", i, "");
        dropsonde_stats(d, &stats);
        assert_true(stats.lost > 0 && stats.lost < 10000);
        (void)pthread_barrier_wait(&barrier);
        while (stats.sent + stats.lost < 10000)
                dropsonde_stats(d, &stats);
        assert_true(stats.sent > 0);
        (void)pthread_barrier_destroy(&barrier);
}

static void addresses_that_are_none_are_refused(void **state)
{
        static const char *const bad[] = {
                "",          "127.0.0.1", ":3457",      "127.0.0.1:port",
                "no host:1", "host:0",    "host:65536", "http://host:1"
        };

        (void)state;
        for (size_t i = 0; i < COUNT(bad); i++) {
                const struct dropsonde_config c = { .address = bad[i], .origin = "netmon" };
                OWN(dropsonde) struct dropsonde *d = NULL;
                struct err e;

                assert_int_equal(dropsonde_start(&c, &d, &e), -1);
                assert_int_equal(e.fault, FAULT_BAD_INPUT);
                assert_int_equal(dropsonde_check(bad[i], NULL), -1);
        }
        assert_int_equal(dropsonde_check("localhost:3457", NULL), 0);
        assert_int_equal(dropsonde_check("[::1]:3457", NULL), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_value_is_the_bytes_that_metron_expects),
                cmocka_unit_test(a_value_arrives),
                cmocka_unit_test(counts_are_added_up_and_the_last_are_told_at_the_end),
                cmocka_unit_test(what_is_told_regularly_is_told_at_the_start),
                cmocka_unit_test(nobody_who_listens_is_no_trouble),
                cmocka_unit_test(a_name_that_is_not_known_yet_is_no_error),
                cmocka_unit_test(more_than_can_be_sent_is_lost_and_nobody_waits),
                cmocka_unit_test(addresses_that_are_none_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
