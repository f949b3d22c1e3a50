/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/log.h"
#include "netman/own.h"
#include "netman/str.h"
#include "vxlan-policy-agent/agent.h"
#include "vxlan-policy-agent/config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct option options[] = {
        { "config-file", required_argument, NULL, 'c' },
        { "check-config", no_argument, NULL, 'k' },
        { "version", no_argument, NULL, 'v' },
        { 0 },
};

static int usage(void)
{
        (void)fprintf(stderr, "usage: vxlan-policy-agent -config-file PATH [--check-config]\n");
        return 1;
}

static int run(const char *path, bool check_only)
{
        OWN(agent_config) struct agent_config config = { 0 };
        OWN(str) struct str problems = { 0 };
        enum log_level level = LOG_LEVEL_INFO;
        struct err e = { 0 };

        if (agent_config_load(path, &config, &problems, &e) < 0) {
                (void)fprintf(stderr, "%s", str_text(&problems));
                (void)err_add(&e, "could not read config file %s", path);
                log_fatal("config", LOG_WHY(&e));
                return 1;
        }
        if (check_only)
                return 0;
        (void)log_level_parse(config.log_level, &level, NULL); /* the load has checked it */
        log_set_level(level);
        log_init(config.log_prefix, "vxlan-policy-agent", STDOUT_FILENO);
        if (agent_run(&config, &e) == 0)
                return 0;
        log_fatal("start-failed", LOG_WHY(&e));
        return 1;
}

int main(int argc, char **argv)
{
        const char *path = NULL;
        bool check_only = false;
        int opt;

        while ((opt = getopt_long_only(argc, argv, "", options, NULL)) != -1) {
                if (opt == 'v')
                        return printf("vxlan-policy-agent " NETMAN_VERSION "\n") < 0;
                if (opt == 'c')
                        path = optarg;
                else if (opt == 'k')
                        check_only = true;
                else
                        return usage();
        }
        return path && optind == argc ? run(path, check_only) : usage();
}
