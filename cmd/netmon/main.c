/* SPDX-License-Identifier: Apache-2.0 */
/* netmon: the cell's network in numbers, every poll_interval seconds. */
#include "cmd/netmon/netmon.h"
#include "netman/cli.h"
#include "netman/log.h"

#include <unistd.h>

int main(int argc, char **argv)
{
        OWN(netmon_conf) struct netmon_conf conf = { 0 };
        OWN(str) struct str problems = { 0 };
        struct err e = { 0 };
        struct cli cli;
        int status = cli_begin(argv, "netmon", &cli);

        (void)argc;
        if (status >= 0)
                return status;
        if (conf_load(cli.config_file, &netmon_spec, &conf, &problems, &e) < 0)
                return cli_bad_config(&cli, &problems, &e);
        if (cli.check_only)
                return 0;
        log_init(conf.log_prefix, "netmon", STDOUT_FILENO);
        if (netmon_run(&conf, &e) == 0)
                return 0;
        log_fatal("failed", LOG_WHY(&e));
        return 1;
}
