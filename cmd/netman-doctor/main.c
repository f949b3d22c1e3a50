/* SPDX-License-Identifier: Apache-2.0 */
/* netman-doctor: is this cell fit for the networker, and is it clean? */
#include "cmd/netman-doctor/checks.h"
#include "netman/cni.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static int usage(void)
{
        (void)fputs("usage: netman-doctor --configFile NETWORKER-CONFIG [--fix-orphans]\n"
                    "       netman-doctor --version\n",
                    stderr);
        return 2;
}

static int examine(const char *path, bool fix)
{
        OWN(config) struct config c = { 0 };
        OWN(str) struct str problems = { 0 };
        struct manager m = { .c = &c };
        struct report r = { 0 };
        struct err e;

        check_kernel(&r);
        if (config_load(path, &c, &problems, &e) < 0) {
                report_fail(&r, "networker's configuration", "%s", e.msg);
                return EXIT_FAILURE;
        }
        report_pass(&r, "networker's configuration");
        check_tables(&c, &r);
        check_network(&c, &r);
        if (cni_networks_load(c.cni_config_dir, &m.nets, &e) < 0) {
                report_fail(&r, "CNI configuration", "%s", e.msg);
        } else {
                check_plugins(&m, &r);
                check_orphans(&m, path, fix, &r);
        }
        cni_networks_done(&m.nets);
        (void)printf("%d passed, %d warnings, %d failed\n", r.passed, r.warned, r.failed);
        return r.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
        static const struct option options[] = { { "configFile", required_argument, NULL, 'c' },
                                                 { "fix-orphans", no_argument, NULL, 'f' },
                                                 { "version", no_argument, NULL, 'v' },
                                                 { 0 } };
        const char *path = NULL;
        bool fix = false;
        int opt;

        while ((opt = getopt_long_only(argc, argv, "c:", options, NULL)) >= 0) {
                if (opt == 'v')
                        return puts("netman-doctor " NETMAN_VERSION) < 0;
                if (opt == 'c')
                        path = optarg;
                else if (opt == 'f')
                        fix = true;
                else
                        return usage();
        }
        return path && optind == argc ? examine(path, fix) : usage();
}
