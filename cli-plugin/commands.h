/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands: names and texts for cf's metadata, for help, for completion. */
#ifndef NETMAN_PLUGIN_COMMANDS_H
#define NETMAN_PLUGIN_COMMANDS_H

#include "netman/str.h"

#include <stdbool.h>

enum command_id {
        COMMAND_ALLOW,
        COMMAND_REMOVE,
        COMMAND_LIST,
        COMMAND_EXPLAIN,
        COMMAND_APPLY,
        COMMAND_ADD_POLICY, /* from here on the newer names, by hand only */
        COMMAND_REMOVE_POLICY,
        COMMAND_POLICIES,
};

#define COMMAND_OPTIONS_MAX 8

/**
 * struct command - One command
 * @hand_only: cf has a command of this name itself and would refuse to install
 *             the plugin: it is no part of the metadata
 * @notice:    Said before anything else, or NULL
 * @options:   Names without one of their dashes, as cf stores them; ends with
 *             an element without a name
 */
struct command {
        const char *name;
        enum command_id id;
        bool hand_only;
        const char *notice, *help, *usage;
        struct command_option {
                const char *name, *help;
        } options[COMMAND_OPTIONS_MAX];
};

/** command_table() - All of them; ends with an element without a name */
const struct command *command_table(void);

/** command_find() - NULL where there is none of that name */
const struct command *command_find(const char *name);

/** command_help() - What "cf help COMMAND" prints, line by line */
void command_help(const struct command *c, struct str *out);

/** command_overview() - All commands in a few lines, for somebody who runs us by hand */
void command_overview(struct str *out);

#endif
