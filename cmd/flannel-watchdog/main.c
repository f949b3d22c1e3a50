/* SPDX-License-Identifier: Apache-2.0 */
/* flannel-watchdog: ends with status 1 when bridge and subnet file disagree. */
#include "cmd/flannel-watchdog/watch.h"
#include "netman/cli.h"
#include "netman/log.h"

#include <unistd.h>

int main(int argc, char **argv)
{
        OWN(watchdog_conf) struct watchdog_conf conf = { 0 };
        OWN(str) struct str problems = { 0 };
        struct err e = { 0 };
        struct cli cli;
        int status = cli_begin(argv, "flannel-watchdog", &cli);

        (void)argc;
        if (status >= 0)
                return status;
        if (conf_load(cli.config_file, &watchdog_spec, &conf, &problems, &e) < 0)
                return cli_bad_config(&cli, &problems, &e);
        if (cli.check_only)
                return 0;
        log_init(conf.log_prefix, "flannel-watchdog", STDOUT_FILENO);
        if (watchdog_run(&conf, &e) == 0)
                return 0;
        log_fatal("fatal", LOG_WHY(&e));
        return 1;
}
