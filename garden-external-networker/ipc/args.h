/* SPDX-License-Identifier: Apache-2.0 */
/* The networker's command line, read as Go's flag package reads it. */
#ifndef NETWORKER_ARGS_H
#define NETWORKER_ARGS_H

#include "netman/err.h"

#include <stdbool.h>

/**
 * struct args - What the command line said; borrowed from argv
 * @extra: First argument that belongs to no flag, or NULL
 */
struct args {
        const char *config_file, *action, *handle;
        const char *const *extra;
        bool check_config, version;
};

/**
 * args_parse() - "-flag value", "-flag=value", and both with two dashes
 * @argv: Ends with NULL; its first element is the program's name
 */
int args_parse(const char *const *argv, struct args *ret, struct err *e);

/** args_is_help() - Run without arguments, or asked for help as the first one? */
bool args_is_help(const char *const *argv);

#endif
