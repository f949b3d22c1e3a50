/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/jsonx.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

int jsonx_parse(const char *text, size_t len, json_t **ret, struct err *e)
{
        json_error_t je;
        json_t *root = json_loadb(text, len, JSON_DECODE_ANY, &je);

        if (!root)
                return err_set(e, FAULT_BAD_INPUT, 0, "line %d, column %d: %s", je.line, je.column,
                               je.text);
        *ret = root;
        return 0;
}

static const char *type_name(const json_t *v)
{
        switch (json_typeof(v)) {
        case JSON_OBJECT:
                return "object";
        case JSON_ARRAY:
                return "array";
        case JSON_STRING:
                return "string";
        case JSON_TRUE:
        case JSON_FALSE:
                return "bool";
        case JSON_NULL:
                return "null";
        case JSON_INTEGER:
        case JSON_REAL:
                break;
        }
        return "number";
}

void jsonx_wrong_type_(const json_t *v, const char *path, const char *want, struct err *e)
{
        (void)err_set(e, FAULT_BAD_INPUT, 0, "json: cannot unmarshal %s into field %s of type %s",
                      type_name(v), path, want);
}

/**
 * member() - A member's value, or NULL where it is absent or null
 */
static json_t *member(const json_t *obj, const char *key)
{
        json_t *v = json_object_get(obj, key);

        return json_is_null(v) ? NULL : v;
}

static int missing(const char *key, struct err *e)
{
        return err_set(e, FAULT_BAD_INPUT, 0, "missing '%s'", key);
}

int jsonx_opt_str(const json_t *obj, const char *key, const char **ret, struct err *e)
{
        json_t *v = member(obj, key);

        if (!v)
                return 0;
        if (!json_is_string(v))
                return err_set(e, FAULT_BAD_INPUT, 0, "'%s' must be a string", key);
        *ret = json_string_value(v);
        return 0;
}

int jsonx_str(const json_t *obj, const char *key, const char **ret, struct err *e)
{
        return member(obj, key) ? jsonx_opt_str(obj, key, ret, e) : missing(key, e);
}

int jsonx_opt_int(const json_t *obj, const char *key, int64_t min, int64_t max, int64_t *ret,
                  struct err *e)
{
        json_t *v = member(obj, key);
        json_int_t n;

        if (!v)
                return 0;
        if (!json_is_integer(v))
                return err_set(e, FAULT_BAD_INPUT, 0, "'%s' must be an integer", key);
        n = json_integer_value(v);
        if (n < min || n > max)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "'%s' is %" JSON_INTEGER_FORMAT ", must be %" PRId64 " to %" PRId64,
                               key, n, min, max);
        *ret = n;
        return 0;
}

int jsonx_int(const json_t *obj, const char *key, int64_t min, int64_t max, int64_t *ret,
              struct err *e)
{
        return member(obj, key) ? jsonx_opt_int(obj, key, min, max, ret, e) : missing(key, e);
}

int jsonx_opt_array(const json_t *obj, const char *key, json_t **ret, struct err *e)
{
        json_t *v = member(obj, key);

        if (v && !json_is_array(v))
                return err_set(e, FAULT_BAD_INPUT, 0, "'%s' must be an array", key);
        *ret = v;
        return 0;
}

/** is_plain() - Does JSON have it as it is? */
static bool is_plain(const char *text)
{
        while (*text && isascii(*text) && !iscntrl(*text) && *text != '"' && *text != '\\')
                text++;
        return !*text;
}

void jsonx_quote(struct str *out, const char *text)
{
        OWN(json) json_t *quoted = NULL;
        OWN(mem) char *literal = NULL;

        if (is_plain(text)) { /* nearly always, and lists of 100,000 ids are printed */
                str_add_mem(out, "\"", 1);
                str_add(out, text);
                str_add_mem(out, "\"", 1);
                return;
        }
        quoted = json_string(text);
        literal = quoted ? json_dumps(quoted, JSON_ENCODE_ANY) : NULL;
        str_add(out, literal ? literal : "\"(not UTF-8)\"");
}
