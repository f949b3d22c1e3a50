/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A metron agent for tests: hears dropsonde on 127.0.0.1:PORT and prints a line for
 * each envelope, "ORIGIN value NAME VALUE UNIT" or "ORIGIN counter NAME DELTA"; "garbage" for
 * what is none. An empty unit is printed as "-".
 */
#include "dropsonde.pb-c.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static const char *check(const Dropsonde__Envelope *e)
{
        int64_t age_s = e->has_timestamp ? time(NULL) - e->timestamp / 1000000000 : INT64_MAX;

        if (age_s < -60 || age_s > 60)
                return "timestamp";
        if (e->eventtype == DROPSONDE__ENVELOPE__EVENT_TYPE__ValueMetric)
                return e->valuemetric && !e->counterevent ? NULL : "no value";
        return e->counterevent && !e->valuemetric ? NULL : "no counter";
}

static void print(const Dropsonde__Envelope *e)
{
        const char *wrong = e ? check(e) : "envelope";

        if (wrong)
                printf("garbage %s\n", wrong);
        else if (e->valuemetric)
                printf("%s value %s %.15g %s\n", e->origin, e->valuemetric->name,
                       e->valuemetric->value, *e->valuemetric->unit ? e->valuemetric->unit : "-");
        else
                printf("%s counter %s %" PRIu64 "\n", e->origin, e->counterevent->name,
                       e->counterevent->delta);
        (void)fflush(stdout);
}

int main(int argc, char **argv)
{
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        uint8_t buf[65536];
        ssize_t len;

        at.sin_port = htons((uint16_t)(argc == 2 ? strtol(argv[1], NULL, 10) : 0));
        if (argc != 2 || fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0) {
                perror("metron PORT");
                return 1;
        }
        while ((len = recv(fd, buf, sizeof buf, 0)) >= 0) {
                Dropsonde__Envelope *e = dropsonde__envelope__unpack(NULL, (size_t)len, buf);

                print(e);
                dropsonde__envelope__free_unpacked(e, NULL);
        }
        return 1;
}
