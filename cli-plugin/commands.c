/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/commands.h"

#include <string.h>

#define OPTION_PADDING 6 /* behind the longest option, as cf does it */

/* Usages and options are the reference's of today, which has ranges, and what is ours. */
#define PAIR_USAGE " SOURCE_APP DESTINATION_APP --protocol <tcp|udp> --port <1-65535>[-<1-65535>]"
#define WAIT_USAGE " [--wait[=SECONDS]]"
#define PROTOCOL_OPTION                                                                            \
        {                                                                                          \
                "-protocol", "Protocol to connect apps with. (required)"                           \
        }
#define PORT_OPTION                                                                                \
        {                                                                                          \
                "-port", "Port(s) to connect to destination app with. (required)"                  \
        }
#define WAIT_OPTION                                                                                \
        {                                                                                          \
                "-wait", "Return only when every cell enforces it: --wait or --wait=SECONDS. "     \
                         "(optional)"                                                              \
        }
#define NEWER_USAGE                                                                                \
        " SOURCE_APP DESTINATION_APP [-s DESTINATION_SPACE_NAME [-o DESTINATION_ORG_NAME]]"
/* Version 6 of cf wants the destination as an option, later ones as an argument. */
#define NEWER_OPTIONS                                                                              \
        { "-destination-app", "Name of app to connect to, in place of DESTINATION_APP" },          \
                { "o", "The org of the destination app (Default: targeted org)" },                 \
        {                                                                                          \
                "s", "The space of the destination app (Default: targeted space)"                  \
        }

static const struct command commands[] = {
        { .name = "allow-access",
          .id = COMMAND_ALLOW,
          .help = "Allow direct network traffic from one app to another",
          .usage = "cf allow-access" PAIR_USAGE WAIT_USAGE,
          .options = { PROTOCOL_OPTION, PORT_OPTION, WAIT_OPTION } },
        { .name = "list-access",
          .id = COMMAND_LIST,
          .help = "List policy for direct network traffic from one app to another",
          .usage = "cf list-access [--app appName] [--source appName] [--dest appName] [--all] "
                   "[--json]",
          .options = { { "-app", "Application to filter results by. (optional)" },
                       { "-source", "Source application to filter results by. (optional)" },
                       { "-dest", "Destination application to filter results by. (optional)" },
                       { "-all", "Policies of all spaces that can be seen. (optional)" },
                       { "-json", "JSON for programs, with ids and names. (optional)" } } },
        { .name = "remove-access",
          .id = COMMAND_REMOVE,
          .help = "Remove policy and deny direct network traffic from one app to another",
          .usage = "cf remove-access" PAIR_USAGE WAIT_USAGE,
          .options = { PROTOCOL_OPTION, PORT_OPTION, WAIT_OPTION } },
        { .name = "deny-access",
          .id = COMMAND_REMOVE,
          .notice = "Deprecated! Use remove-access",
          .help = "Deprecated! Use remove-access",
          .usage = "cf remove-access" PAIR_USAGE WAIT_USAGE,
          .options = { PROTOCOL_OPTION, PORT_OPTION, WAIT_OPTION } },
        { .name = "explain-access",
          .id = COMMAND_EXPLAIN,
          .help = "Say whether direct network traffic is allowed from one app to another, and why",
          .usage = "cf explain-access" PAIR_USAGE,
          .options = { PROTOCOL_OPTION, PORT_OPTION } },
        { .name = "apply-access",
          .id = COMMAND_APPLY,
          .help = "Make the policies of the targeted space those of a file",
          .usage = "cf apply-access -f POLICIES_FILE [--dry-run] [--prune]" WAIT_USAGE,
          .options = { { "f", "YAML file with the policies. (required)" },
                       { "-dry-run", "Show what would change, change nothing. (optional)" },
                       { "-prune", "Remove policies that the file does not have. (optional)" },
                       WAIT_OPTION } },
        { .name = "add-network-policy",
          .id = COMMAND_ADD_POLICY,
          .hand_only = true,
          .help = "Create policy to allow direct network traffic from one app to another",
          .usage = "network-policy-plugin add-network-policy" NEWER_USAGE
                   " [--protocol (tcp | udp) --port RANGE]" WAIT_USAGE,
          .options = { { "-port", "Port or range of ports for connection to destination app "
                                  "(Default: 8080)" },
                       { "-protocol", "Protocol to connect apps with (Default: tcp)" },
                       NEWER_OPTIONS,
                       WAIT_OPTION } },
        { .name = "remove-network-policy",
          .id = COMMAND_REMOVE_POLICY,
          .hand_only = true,
          .help = "Remove network traffic policy of an app",
          .usage = "network-policy-plugin remove-network-policy" NEWER_USAGE
                   " --protocol (tcp | udp) --port RANGE" WAIT_USAGE,
          .options = { { "-port", "Port or range of ports that destination app is connected with" },
                       { "-protocol", "Protocol that apps are connected with" },
                       NEWER_OPTIONS,
                       WAIT_OPTION } },
        { .name = "network-policies",
          .id = COMMAND_POLICIES,
          .hand_only = true,
          .help = "List direct network traffic policies",
          .usage = "network-policy-plugin network-policies [--source SOURCE_APP]",
          .options = { { "-source", "Source app to filter results by" } } },
        { 0 },
};

const struct command *command_table(void)
{
        return commands;
}

const struct command *command_find(const char *name)
{
        for (const struct command *c = commands; c->name; c++) {
                if (str_eq(c->name, name))
                        return c;
        }
        return NULL;
}

void command_help(const struct command *c, struct str *out)
{
        int longest = 0;

        for (const struct command_option *o = c->options; o->name; o++)
                longest = (int)strlen(o->name) > longest ? (int)strlen(o->name) : longest;
        str_addf(out, "NAME:\n   %s - %s\n\nUSAGE:\n   %s\n\nOPTIONS:\n", c->name, c->help,
                 c->usage);
        for (const struct command_option *o = c->options; o->name; o++)
                str_addf(out, "   -%-*s%s\n", longest + OPTION_PADDING, o->name, o->help);
}

void command_overview(struct str *out)
{
        str_add(out, "usage: network-policy-plugin COMMAND [ARGUMENT…]\n\n");
        for (const struct command *c = commands; c->name; c++)
                str_addf(out, "   %-24s%s\n", c->name, c->help);
        str_add(out, "\n\"network-policy-plugin help COMMAND\" tells more. The API's address and "
                     "the\nuser's token are those of the cf CLI ($CF_HOME/.cf/config.json).\n");
}
