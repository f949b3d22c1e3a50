/* SPDX-License-Identifier: Apache-2.0 */
/* A command's arguments, understood. */
#ifndef NETMAN_PLUGIN_ARGS_H
#define NETMAN_PLUGIN_ARGS_H

#include "cli-plugin/commands.h"

#include "netman/policy.h"

#include <stdbool.h>
#include <stdint.h>

#define WAIT_DEFAULT_S 60

/**
 * struct args - What the user asks for; texts are borrowed from argv
 * @source, @destination: Names of apps; for list-access, filters or NULL
 * @app:     list-access --app
 * @file:    apply-access -f
 * @org, @space: Of the destination, of the newer commands -o and -s
 * @wait_s:  Wait at most so many seconds until cells enforce it; 0: do not wait
 */
struct args {
        const struct command *command;
        const char *source, *destination, *app, *file, *org, *space;
        enum policy_proto proto;
        uint16_t start, end;
        int wait_s;
        bool all, json, dry_run, prune;
};

/**
 * args_parse() - Understand the arguments after the command's name
 * @argv: The command's name first
 * @e:    What was wrong, as the reference says it; an empty text where only the
 *        shape is wrong and the usage says it all
 */
int args_parse(const struct command *command, int argc, char **argv, struct args *ret,
               struct err *e);

#endif
