/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/ipc/stream.h"

#include <string.h>

/**
 * struct cursor - Where we are in the text
 */
struct cursor {
        const char *at, *end;
};

static void skip_space(struct cursor *c)
{
        while (c->at < c->end && strchr(" \t\r\n", *c->at) && *c->at)
                c->at++;
}

/** take() - Is @what next? Then go on behind it */
static bool take(struct cursor *c, char what)
{
        skip_space(c);
        if (c->at == c->end || *c->at != what)
                return false;
        c->at++;
        return true;
}

/**
 * take_value() - The value that is next, NULL where there is none
 */
static json_t *take_value(struct cursor *c)
{
        json_error_t je;
        json_t *value;

        skip_space(c);
        value = json_loadb(c->at, (size_t)(c->end - c->at),
                           JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &je);
        if (value)
                c->at += je.position; /* set on success as well: what was read */
        return value;
}

/**
 * each_item() - Call @fn for each item of the list that is next
 */
static bool each_item(struct cursor *c, stream_fn fn, void *ctx)
{
        size_t i = 0;

        if (!take(c, '['))
                return false;
        if (take(c, ']'))
                return true;
        do {
                OWN(json) json_t *item = take_value(c);

                if (!item || fn(item, i++, ctx) < 0)
                        return false;
        } while (take(c, ','));
        return take(c, ']');
}

/**
 * member() - One member of the object: @key's items to @fn, any other into @rest
 */
static bool member(struct cursor *c, const char *key, stream_fn fn, void *ctx, json_t *rest,
                   bool *seen)
{
        OWN(json) json_t *name = take_value(c);

        if (!json_is_string(name) || !take(c, ':'))
                return false;
        if (strcmp(json_string_value(name), key) == 0) {
                if (*seen)
                        return false;
                *seen = true;
                return each_item(c, fn, ctx);
        }
        return json_object_set_new(rest, json_string_value(name), take_value(c)) == 0;
}

bool stream_list(const char *text, size_t len, const char *key, stream_fn fn, void *ctx,
                 json_t **ret_rest)
{
        OWN(json) json_t *rest = json_object();
        struct cursor c = { text, text + len };
        bool seen = false;

        if (!rest || !take(&c, '{'))
                return false;
        do {
                if (!member(&c, key, fn, ctx, rest, &seen))
                        return false;
        } while (take(&c, ','));
        if (!seen || !take(&c, '}'))
                return false;
        skip_space(&c);
        if (c.at != c.end)
                return false;
        *ret_rest = GIVE(rest);
        return true;
}
