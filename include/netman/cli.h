/* SPDX-License-Identifier: Apache-2.0 */
/* The command line that all programs with a configuration file have in common. */
#ifndef NETMAN_CLI_H
#define NETMAN_CLI_H

#include "netman/err.h"
#include "netman/str.h"

#include <stdbool.h>

/* The deployment's prefix in logs until the configuration says another. */
#define CLI_PREFIX_DEFAULT "cfnetworking"

/** struct cli - What was asked for; @config_file is borrowed from argv */
struct cli {
        const char *config_file;
        bool check_only, version;
};

/**
 * cli_parse() - Read "-config-file PATH [-check-config]" or "-version"
 *
 * One dash or two, "=" or a space before the value. Anything else is refused, a
 * typing error above all: whoever mistypes --check-config wants nothing started.
 */
int cli_parse(char *const *argv, struct cli *ret, struct err *e);

/**
 * cli_begin() - The same, from the first line of a main to a configuration to be read
 * @job: The program's name; logs bear it from here on
 *
 * Return: Status to exit with; -1: go on
 */
int cli_begin(char *const *argv, const char *job, struct cli *ret);

/**
 * cli_bad_config() - Tell what is wrong with the configuration
 *
 * Return: Status to exit with
 */
int cli_bad_config(const struct cli *c, const struct str *problems, struct err *e);

#endif
