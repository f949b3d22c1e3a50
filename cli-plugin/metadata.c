/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/metadata.h"

#include "cli-plugin/commands.h"

#define PLUGIN_NAME   "network-policy"
#define MIN_CLI_MAJOR 6
#define MIN_CLI_MINOR 15

/* Ids of the types, counted from the first one that is ours to give. */
enum { ID_METADATA, ID_VERSION, ID_COMMAND, ID_USAGE, ID_OPTIONS, ID_COMMANDS };

static void put_definitions(int base, struct str *out)
{
        const struct gob_def defs[] = {
                { .kind = GOB_KIND_STRUCT,
                  .id = base + ID_METADATA,
                  .name = "PluginMetadata",
                  .fields = { { "Name", GOB_STRING },
                              { "Version", base + ID_VERSION },
                              { "LibraryVersion", base + ID_VERSION },
                              { "MinCliVersion", base + ID_VERSION },
                              { "Commands", base + ID_COMMANDS } } },
                { .kind = GOB_KIND_STRUCT,
                  .id = base + ID_VERSION,
                  .name = "VersionType",
                  .fields = { { "Major", GOB_INT }, { "Minor", GOB_INT }, { "Build", GOB_INT } } },
                { .kind = GOB_KIND_SLICE,
                  .id = base + ID_COMMANDS,
                  .name = "[]plugin.Command",
                  .elem = base + ID_COMMAND },
                { .kind = GOB_KIND_STRUCT,
                  .id = base + ID_COMMAND,
                  .name = "Command",
                  .fields = { { "Name", GOB_STRING },
                              { "Alias", GOB_STRING },
                              { "HelpText", GOB_STRING },
                              { "UsageDetails", base + ID_USAGE } } },
                { .kind = GOB_KIND_STRUCT,
                  .id = base + ID_USAGE,
                  .name = "Usage",
                  .fields = { { "Usage", GOB_STRING }, { "Options", base + ID_OPTIONS } } },
                { .kind = GOB_KIND_MAP,
                  .id = base + ID_OPTIONS,
                  .name = "map[string]string",
                  .key = GOB_STRING,
                  .elem = GOB_STRING },
        };

        for (size_t i = 0; i < sizeof defs / sizeof *defs; i++)
                gob_put_def(out, &defs[i]);
}

static void put_command(struct str *s, const struct command *c)
{
        unsigned int delta = 1;
        size_t options = 0;

        while (c->options[options].name)
                options++;
        gob_put_text_field(s, &delta, c->name);
        gob_put_text_field(s, &delta, ""); /* no alias */
        gob_put_text_field(s, &delta, c->help);
        gob_put_uint(s, delta); /* UsageDetails: a struct is sent even when empty */
        delta = 1;
        gob_put_text_field(s, &delta, c->usage);
        if (options) {
                gob_put_uint(s, delta);
                gob_put_uint(s, options);
                for (size_t i = 0; i < options; i++) {
                        gob_put_text(s, c->options[i].name);
                        gob_put_text(s, c->options[i].help);
                }
        }
        gob_put_uint(s, 0); /* end of usage */
        gob_put_uint(s, 0); /* end of command */
}

/** put_commands() - All but those that cf has itself: it would refuse to install us */
static void put_commands(struct str *s)
{
        size_t count = 0;

        for (const struct command *c = command_table(); c->name; c++)
                count += !c->hand_only;
        gob_put_uint(s, count);
        for (const struct command *c = command_table(); c->name; c++) {
                if (!c->hand_only)
                        put_command(s, c);
        }
}

void metadata_encode(int first_id, struct str *out)
{
        OWN(str) struct str body = { 0 };
        unsigned int delta = 1;

        put_definitions(first_id, out);
        gob_put_int(&body, first_id + ID_METADATA);
        gob_put_text_field(&body, &delta, PLUGIN_NAME);
        gob_put_uint(&body, 1); /* Version 0.0.0: an empty struct */
        gob_put_uint(&body, 0);
        gob_put_uint(&body, 1); /* LibraryVersion, likewise */
        gob_put_uint(&body, 0);
        gob_put_uint(&body, 1); /* MinCliVersion */
        gob_put_uint(&body, 1);
        gob_put_int(&body, MIN_CLI_MAJOR);
        gob_put_uint(&body, 1);
        gob_put_int(&body, MIN_CLI_MINOR);
        gob_put_uint(&body, 0);
        gob_put_uint(&body, 1);
        put_commands(&body);
        gob_put_uint(&body, 0);
        gob_put_message(out, &body);
}

int metadata_send(struct rpc *r, struct err *e)
{
        OWN(str) struct str arg = { 0 };
        OWN(json) json_t *reply = NULL;

        metadata_encode(rpc_take_ids(r, METADATA_IDS), &arg);
        if (rpc_call_raw(r, "SetPluginMetadata", &arg, &reply, e) < 0)
                return -1;
        if (!json_is_true(reply))
                return err_set(e, FAULT_UPSTREAM, 0, "the cf CLI did not take the metadata");
        return 0;
}
