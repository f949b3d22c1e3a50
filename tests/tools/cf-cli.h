/* SPDX-License-Identifier: Apache-2.0 */
/* What the cf CLI's stand-in sends: responses and replies, with types of its own. */
#ifndef TESTS_TOOLS_CF_CLI_H
#define TESTS_TOOLS_CF_CLI_H

#include "cli-plugin/gob.h"

#include <string.h>

/**
 * struct cli - The CLI
 * @ids: The next type id; it only grows, over all connections
 */
struct cli {
        json_t *world;
        int ids;
        bool dribble;
        int listener;
        uint16_t port;
};

/** struct talk - One connection: what was received, what was defined */
struct talk {
        int fd;
        struct cli *cli;
        struct str in;
        struct gob_types types;
        int response, strings, app, apps, none;
};

static inline void talk_drop(struct talk *t)
{
        fd_drop(&t->fd);
        str_done(&t->in);
        gob_types_done(&t->types);
}

static inline const char *world_text(const struct cli *c, const char *key)
{
        const char *text = json_string_value(json_object_get(c->world, key));

        return text ? text : "";
}

static inline int define(struct talk *t, struct str *out, struct gob_def def)
{
        def.id = t->cli->ids++;
        gob_put_def(out, &def);
        return def.id;
}

static inline void put_response(struct talk *t, struct str *out, const char *method, int64_t seq,
                                const char *error)
{
        OWN(str) struct str body = { 0 };
        unsigned int delta = 1;

        if (!t->response)
                t->response = define(t, out,
                                     (struct gob_def){ .kind = GOB_KIND_STRUCT,
                                                       .name = "Response",
                                                       .fields = { { "ServiceMethod", GOB_STRING },
                                                                   { "Seq", GOB_UINT },
                                                                   { "Error", GOB_STRING } } });
        gob_put_int(&body, t->response);
        gob_put_text_field(&body, &delta, method);
        if (seq) {
                gob_put_uint(&body, delta);
                gob_put_uint(&body, (uint64_t)seq);
        }
        delta = seq ? 1 : 2; /* what is zero is left out, and the next field counts it */
        gob_put_text_field(&body, &delta, error);
        gob_put_uint(&body, 0);
        gob_put_message(out, &body);
}

/** put_none() - What stands for a reply behind an error: an empty struct without a name */
static inline void put_none(struct talk *t, struct str *out)
{
        OWN(str) struct str body = { 0 };

        if (!t->none)
                t->none = define(t, out, (struct gob_def){ .kind = GOB_KIND_STRUCT, .name = "" });
        gob_put_int(&body, t->none);
        gob_put_uint(&body, 0);
        gob_put_message(out, &body);
}

static inline void put_text(struct str *out, const char *text)
{
        OWN(str) struct str body = { 0 };

        gob_put_int(&body, GOB_STRING);
        gob_put_uint(&body, 0);
        gob_put_text(&body, text);
        gob_put_message(out, &body);
}

static inline void put_bool(struct str *out, bool value)
{
        OWN(str) struct str body = { 0 };

        gob_put_int(&body, GOB_BOOL);
        gob_put_uint(&body, 0);
        gob_put_uint(&body, value);
        gob_put_message(out, &body);
}

/** put_lines() - A []string: text split at line breaks */
static inline void put_lines(struct talk *t, struct str *out, const char *text)
{
        OWN(str) struct str body = { 0 };
        size_t count = 1;

        if (!t->strings)
                t->strings = define(
                        t, out,
                        (struct gob_def){ .kind = GOB_KIND_SLICE, .name = "", .elem = GOB_STRING });
        for (const char *at = text; *at; at++)
                count += *at == '\n';
        gob_put_int(&body, t->strings);
        gob_put_uint(&body, 0);
        gob_put_uint(&body, count);
        while (count--) {
                size_t len = strcspn(text, "\n");

                gob_put_uint(&body, len);
                str_add_mem(&body, text, len);
                text += len + (text[len] == '\n');
        }
        gob_put_message(out, &body);
}

/** put_space() - A Space, whose one member is a struct */
static inline void put_space(struct talk *t, struct str *out, const char *guid)
{
        OWN(str) struct str body = { 0 };
        unsigned int delta = 1;
        int first = t->cli->ids;

        (void)define(t, out,
                     (struct gob_def){ .kind = GOB_KIND_STRUCT,
                                       .name = "Space",
                                       .fields = { { "SpaceFields", first + 1 } } });
        (void)define(
                t, out,
                (struct gob_def){ .kind = GOB_KIND_STRUCT,
                                  .name = "SpaceFields",
                                  .fields = { { "Guid", GOB_STRING }, { "Name", GOB_STRING } } });
        gob_put_int(&body, first);
        gob_put_uint(&body, 1);
        gob_put_text_field(&body, &delta, guid);
        gob_put_uint(&body, 0);
        gob_put_uint(&body, 0);
        gob_put_message(out, &body);
}

/*
 * An app's whole model has 20 members; the ones sent here cover every kind of
 * thing that the real one holds: maps with interface values, times, structs,
 * slices of structs, floats.
 */
static inline void define_app(struct talk *t, struct str *out)
{
        int first = t->cli->ids;

        t->app = define(t, out,
                        (struct gob_def){ .kind = GOB_KIND_STRUCT,
                                          .name = "GetAppModel",
                                          .fields = { { "Guid", GOB_STRING },
                                                      { "Name", GOB_STRING },
                                                      { "EnvironmentVars", first + 1 },
                                                      { "InstanceCount", GOB_INT },
                                                      { "PackageUpdatedAt", first + 2 },
                                                      { "Instances", first + 4 } } });
        (void)define(t, out,
                     (struct gob_def){ .kind = GOB_KIND_MAP,
                                       .name = "map[string]interface {}",
                                       .key = GOB_STRING,
                                       .elem = GOB_INTERFACE });
        (void)define(t, out, (struct gob_def){ .kind = GOB_KIND_OPAQUE, .name = "Time" });
        (void)define(t, out,
                     (struct gob_def){
                             .kind = GOB_KIND_STRUCT,
                             .name = "Instance",
                             .fields = { { "State", GOB_STRING }, { "CpuUsage", GOB_FLOAT } } });
        (void)define(t, out,
                     (struct gob_def){
                             .kind = GOB_KIND_SLICE, .name = "[]Instance", .elem = first + 3 });
}

static inline void put_app(struct talk *t, struct str *out, const char *guid, const char *name)
{
        static const unsigned char rest[] = {
                1,    3,    5,   'C', 'O', 'L', 'O',  'R',  6,    's',  't',  'r', 'i',  'n', 'g',
                12,   6,    0,   4,   't', 'e', 'a',  'l',  5,    'C',  'O',  'U', 'N',  'T', 7,
                'f',  'l',  'o', 'a', 't', '6', '4',  8,    4,    0,    0xfe, 8,   0x40, 5,   'D',
                'E',  'B',  'U', 'G', 4,   'b', 'o',  'o',  'l',  2,    2,    0,   1,    1,   4,
                1,    15,   1,   0,   0,   0,   0x0e, 0xd6, 0x66, 0x3c, 0,    0,   0,    0,   0,
                0xff, 0xff, 1,   2,   1,   7,   'r',  'u',  'n',  'n',  'i',  'n', 'g',  1,   0xfe,
                0xd0, 0x3f, 0,   1,   4,   'd', 'o',  'w',  'n',  0,    0,
        };
        OWN(str) struct str body = { 0 };
        unsigned int delta = 1;

        if (!t->app)
                define_app(t, out);
        gob_put_int(&body, t->app);
        gob_put_text_field(&body, &delta, guid);
        gob_put_text_field(&body, &delta, name);
        str_add_mem(&body, rest, sizeof rest);
        gob_put_message(out, &body);
}

static inline void put_apps(struct talk *t, struct str *out)
{
        json_t *list = json_object_get(t->cli->world, "apps"), *app;
        OWN(str) struct str body = { 0 };
        size_t i;

        if (!t->apps) {
                int first = t->cli->ids;

                t->apps = define(t, out,
                                 (struct gob_def){ .kind = GOB_KIND_SLICE,
                                                   .name = "[]GetAppsModel",
                                                   .elem = first + 1 });
                (void)define(t, out,
                             (struct gob_def){ .kind = GOB_KIND_STRUCT,
                                               .name = "GetAppsModel",
                                               .fields = { { "Name", GOB_STRING },
                                                           { "Guid", GOB_STRING } } });
        }
        gob_put_int(&body, t->apps);
        gob_put_uint(&body, 0);
        gob_put_uint(&body, json_array_size(list));
        json_array_foreach(list, i, app) {
                unsigned int delta = 1;

                gob_put_text_field(&body, &delta, json_string_value(json_object_get(app, "name")));
                gob_put_text_field(&body, &delta, json_string_value(json_object_get(app, "guid")));
                gob_put_uint(&body, 0);
        }
        gob_put_message(out, &body);
}

#endif
