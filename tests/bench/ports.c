/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes that want a host port at the same instant: prints what each waited,
 * in microseconds, a line each.
 *
 *   ports STATE-FILE PROCESSES
 */
#include "garden-external-networker/portalloc/portalloc.h"
#include "netman/clock.h"
#include "netman/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int one(const char *state_file, int number, int go)
{
        const struct portalloc pa = { .state_file = state_file,
                                      .range = { 1024, 60000 },
                                      .wait_ms = 60000 };
        struct err e = { 0 };
        char handle[16], c;
        uint16_t port;
        int64_t start;

        (void)snprintf(handle, sizeof handle, "h%d", number);
        if (read(go, &c, 1) != 0) /* until the parent lets go of its end */
                return EXIT_FAILURE;
        start = clock_us();
        if (portalloc_acquire(&pa, handle, 1, &port, &e) < 0) {
                (void)fprintf(stderr, "%s: %s\n", handle, e.msg);
                return EXIT_FAILURE;
        }
        (void)printf("%" PRId64 "\n", clock_us() - start);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
        int bad = 0, status, go[2];
        int64_t count;
        struct err e;

        if (argc != 3 || str_to_int(argv[2], 1, 10000, &count, &e) < 0 || pipe(go) < 0)
                return 2;
        for (int i = 0; i < (int)count; i++) {
                pid_t pid = fork();

                if (pid < 0)
                        return EXIT_FAILURE;
                if (pid == 0) {
                        (void)close(go[1]);
                        _exit(one(argv[1], i, go[0]));
                }
        }
        (void)close(go[1]);
        while (wait(&status) > 0)
                bad += status != 0;
        return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
