/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/json_stream.h"

#include <string.h>

/**
 * struct cursor - Where we are in the text
 * @value_max: Bytes of a value; SIZE_MAX for any number
 */
struct cursor {
        const char *text, *at, *end;
        size_t value_max;
};

static size_t left(const struct cursor *c)
{
        return (size_t)(c->end - c->at);
}

static int unexpected(const struct cursor *c, struct err *e)
{
        if (c->at == c->end)
                return err_set(e, FAULT_BAD_INPUT, 0, "unexpected end of JSON input");
        return err_set(e, FAULT_BAD_INPUT, 0, "offset %td: unexpected character", c->at - c->text);
}

static void skip_space(struct cursor *c)
{
        while (c->at < c->end && *c->at && strchr(" \t\r\n", *c->at))
                c->at++;
}

/** next_is() - Is @what next? Then go on behind it */
static bool next_is(struct cursor *c, char what)
{
        skip_space(c);
        if (c->at == c->end || *c->at != what)
                return false;
        c->at++;
        return true;
}

static int expect(struct cursor *c, char what, struct err *e)
{
        return next_is(c, what) ? 0 : unexpected(c, e);
}

/**
 * take_value() - The value that is next
 *
 * jansson sees no more of the text than a value may be long, so it builds no tree
 * of more.
 */
static int take_value(struct cursor *c, json_t **ret, struct err *e)
{
        size_t len = left(c) < c->value_max ? left(c) : c->value_max;
        json_error_t je;
        json_t *value;

        value = json_loadb(c->at, len, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &je);
        if (value) {
                c->at += je.position; /* set on success as well: what was read */
                *ret = value;
                return 0;
        }
        if (json_error_code(&je) != json_error_premature_end_of_input)
                return err_set(e, FAULT_BAD_INPUT, 0, "offset %td: %s",
                               c->at - c->text + je.position, je.text);
        if (len < left(c))
                return err_set(e, FAULT_BAD_INPUT, 0, "offset %td: more than %zu bytes",
                               c->at - c->text, len);
        c->at = c->end;
        return unexpected(c, e);
}

/**
 * each_item() - The list that is next
 */
static int each_item(struct cursor *c, const struct json_stream *s, struct err *e)
{
        size_t i = 0;

        if (expect(c, '[', e) < 0)
                return -1;
        if (next_is(c, ']'))
                return 0;
        do {
                OWN(json) json_t *item = NULL;

                if (take_value(c, &item, e) < 0 || s->item(item, i++, s->ctx, e) < 0)
                        return -1;
        } while (next_is(c, ','));
        return expect(c, ']', e);
}

/**
 * list_or_null() - The value of the member that should be the list
 */
static int list_or_null(struct cursor *c, const struct json_stream *s, bool *seen, struct err *e)
{
        OWN(json) json_t *other = NULL;

        if (*seen)
                return err_set(e, FAULT_BAD_INPUT, 0, "offset %td: '%s' is there twice",
                               c->at - c->text, s->key);
        skip_space(c);
        if (left(c) && *c->at == '[') {
                *seen = true;
                return each_item(c, s, e);
        }
        if (take_value(c, &other, e) < 0)
                return -1;
        return json_is_null(other) ? 0 : jsonx_wrong_type(other, s->key, "array", e);
}

static int member(struct cursor *c, const struct json_stream *s, bool *seen, struct err *e)
{
        OWN(json) json_t *name = NULL, *value = NULL;

        skip_space(c);
        if (left(c) && *c->at != '"')
                return unexpected(c, e);
        if (take_value(c, &name, e) < 0 || expect(c, ':', e) < 0)
                return -1;
        if (strcmp(json_string_value(name), s->key) == 0)
                return list_or_null(c, s, seen, e);
        if (take_value(c, &value, e) < 0)
                return -1;
        if (s->rest && json_object_set(s->rest, json_string_value(name), value) < 0)
                return err_oom(e);
        return 0;
}

static int object(struct cursor *c, const struct json_stream *s, bool *seen, struct err *e)
{
        if (expect(c, '{', e) < 0)
                return -1;
        if (next_is(c, '}'))
                return 0;
        do {
                if (member(c, s, seen, e) < 0)
                        return -1;
        } while (next_is(c, ','));
        return expect(c, '}', e);
}

/**
 * not_an_object() - The whole text is something else
 */
static int not_an_object(struct cursor *c, struct err *e)
{
        OWN(json) json_t *root = NULL;

        if (take_value(c, &root, e) < 0)
                return -1;
        return json_is_null(root) ? 0 : jsonx_wrong_type(root, "(body)", "object", e);
}

int json_stream(const struct json_stream *s, const char *text, size_t len, bool *ret_seen,
                struct err *e)
{
        struct cursor c = { text, text, text + len, s->value_max ? s->value_max : SIZE_MAX };
        bool seen = false;

        skip_space(&c);
        if ((left(&c) && *c.at == '{' ? object(&c, s, &seen, e) : not_an_object(&c, e)) < 0)
                return -1;
        skip_space(&c);
        if (left(&c))
                return unexpected(&c, e);
        *ret_seen = seen;
        return 0;
}
