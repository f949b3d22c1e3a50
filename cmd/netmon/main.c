/* SPDX-License-Identifier: Apache-2.0 */
/* netmon: the cell's network in numbers, every poll_interval seconds. */
#include "cmd/netmon/netmon.h"
#include "netman/log.h"

#include <getopt.h>
#include <stdio.h>

int main(int argc, char **argv)
{
        static const struct option options[] = { { "config-file", required_argument, NULL, 'c' },
                                                 { "check-config", no_argument, NULL, 'k' },
                                                 { "version", no_argument, NULL, 'v' },
                                                 { 0 } };
        OWN(netmon_conf) struct netmon_conf conf = { 0 };
        OWN(str) struct str problems = { 0 };
        const char *path = "";
        bool check_only = false;
        struct err e = { 0 };
        int opt;

        while ((opt = getopt_long_only(argc, argv, "", options, NULL)) != -1) {
                if (opt == 'v')
                        return printf("netmon " NETMAN_VERSION "\n") < 0;
                if (opt == 'c')
                        path = optarg;
                check_only |= opt == 'k';
        }
        log_init("cfnetworking", "netmon", STDOUT_FILENO);
        if (conf_load(path, &netmon_spec, &conf, &problems, &e) < 0) {
                (void)fprintf(stderr, "%s", str_text(&problems));
                log_fatal("config", LOG_WHY(&e));
                return 1;
        }
        if (check_only)
                return 0;
        log_init(conf.log_prefix, "netmon", STDOUT_FILENO);
        if (netmon_run(&conf, &e) < 0) {
                log_fatal("failed", LOG_WHY(&e));
                return 1;
        }
        return 0;
}
