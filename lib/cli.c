/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/cli.h"

#include "netman/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char flag_file[] = "-config-file";

/**
 * read_file_flag() - "-config-file PATH" or "-config-file=PATH"
 * @arg:  The argument, with one dash
 * @next: The one behind it, or NULL
 *
 * Return: How many arguments it is; 0: none
 */
static int read_file_flag(const char *arg, const char *next, struct cli *ret)
{
        size_t len = sizeof flag_file - 1;

        if (!str_starts(arg, flag_file) || (arg[len] && arg[len] != '='))
                return 0;
        ret->config_file = arg[len] ? arg + len + 1 : next;
        return arg[len] ? 1 : 2;
}

int cli_parse(char *const *argv, struct cli *ret, struct err *e)
{
        int used;

        *ret = (struct cli){ 0 };
        for (argv++; *argv; argv += used) {
                const char *arg = *argv + (str_starts(*argv, "--") ? 1 : 0);

                used = read_file_flag(arg, argv[1], ret);
                if (used && !ret->config_file)
                        return err_set(e, FAULT_BAD_INPUT, 0, "'%s' needs a value", flag_file);
                if (used)
                        continue;
                used = 1;
                if (str_eq(arg, "-check-config"))
                        ret->check_only = true;
                else if (str_eq(arg, "-version"))
                        ret->version = true;
                else
                        return err_set(e, FAULT_BAD_INPUT, 0, "unknown argument '%s'", *argv);
        }
        if (!ret->version && (!ret->config_file || !*ret->config_file))
                return err_set(e, FAULT_BAD_INPUT, 0, "which configuration? %s PATH", flag_file);
        return 0;
}

int cli_begin(char *const *argv, const char *job, struct cli *ret)
{
        struct err e;

        log_init(CLI_PREFIX_DEFAULT, job, STDOUT_FILENO);
        if (cli_parse(argv, ret, &e) < 0) {
                (void)fprintf(stderr, "%s: %s\n", job, e.msg);
                return 1;
        }
        if (ret->version)
                return printf("%s %s\n", job, NETMAN_VERSION) < 0;
        return -1;
}

int cli_bad_config(const struct cli *c, const struct str *problems, struct err *e)
{
        (void)fputs(str_text(problems), stderr);
        log_fatal("config", LOG_STR("file", c->config_file), LOG_WHY(e));
        return 1;
}
