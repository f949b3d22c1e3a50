/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/cli.h"
#include "netman/log.h"
#include "vxlan-policy-agent/agent.h"
#include "vxlan-policy-agent/config.h"

#include <unistd.h>

int main(int argc, char **argv)
{
        OWN(agent_config) struct agent_config config = { 0 };
        OWN(str) struct str problems = { 0 };
        enum log_level level = LOG_LEVEL_INFO;
        struct err e = { 0 };
        struct cli cli;
        int status = cli_begin(argv, "vxlan-policy-agent", &cli);

        (void)argc;
        if (status >= 0)
                return status;
        if (agent_config_load(cli.config_file, &config, &problems, &e) < 0) {
                (void)err_add(&e, "could not read config file %s", cli.config_file);
                return cli_bad_config(&cli, &problems, &e);
        }
        if (cli.check_only)
                return 0;
        (void)log_level_parse(config.log_level, &level, NULL); /* the load has checked it */
        log_set_level(level);
        log_init(config.log_prefix, "vxlan-policy-agent", STDOUT_FILENO);
        if (agent_run(&config, &e) == 0)
                return 0;
        log_fatal("start-failed", LOG_WHY(&e));
        return 1;
}
