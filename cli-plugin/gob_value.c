/* SPDX-License-Identifier: Apache-2.0 */
/* gob: values, read as their types say. */
#include "cli-plugin/gob.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define DEPTH_MAX 64

/*
 * A byte of gob can be an empty struct, which is hundreds of bytes of ours. So what
 * values become is weighed, roughly as jansson needs it. GetApps of 5,000 apps
 * weighs about 25 MB.
 */
#define WEIGHT_MAX    ((size_t)128 << 20)
#define VALUE_WEIGHT  64  /* any, with its place in a list */
#define OBJECT_WEIGHT 256 /* besides */
#define MEMBER_WEIGHT 128 /* besides its name */
#define LIST_WEIGHT   128

/**
 * struct walk - A value on its way from bytes to JSON
 * @depth: How deep we are; types may contain themselves
 * @left:  Weight of the values that may still be made
 */
struct walk {
        struct gob_types *types;
        struct gob_reader r;
        int depth;
        size_t left;
};

static int get_value(struct walk *w, int64_t id, json_t **ret, struct err *e);

static int weigh(struct walk *w, size_t weight, struct err *e)
{
        if (weight > w->left)
                return err_set(e, FAULT_UPSTREAM, 0, "gob: value too great");
        w->left -= weight;
        return 0;
}

/** made() - Hand on what jansson made, or tell that it did not */
static int made(json_t *value, json_t **ret, struct err *e)
{
        if (!value)
                return err_oom(e);
        *ret = value;
        return 0;
}

static int get_text(struct walk *w, json_t **ret, struct err *e)
{
        const char *text;
        size_t len;

        if (gob_get_bytes(&w->r, &text, &len, e) < 0 || weigh(w, len, e) < 0)
                return -1;
        return made(json_stringn_nocheck(text, len), ret, e);
}

static int get_unsigned(struct walk *w, json_t **ret, struct err *e)
{
        uint64_t n;

        if (gob_get_uint(&w->r, &n, e) < 0)
                return -1;
        return made(n > INT64_MAX ? json_real((double)n) : json_integer((json_int_t)n), ret, e);
}

/** get_double() - Its bytes come reversed, so that low zero bytes vanish */
static int get_double(struct walk *w, json_t **ret, struct err *e)
{
        uint64_t n;
        double d;

        if (gob_get_uint(&w->r, &n, e) < 0)
                return -1;
        n = __builtin_bswap64(n);
        memcpy(&d, &n, sizeof d);
        return made(isfinite(d) ? json_real(d) : json_null(), ret, e);
}

static int get_complex(struct walk *w, json_t **ret, struct err *e)
{
        OWN(json) json_t *pair = json_array();

        for (int i = 0; i < 2; i++) {
                json_t *part = NULL;

                if (get_double(w, &part, e) < 0)
                        return -1;
                if (json_array_append_new(pair, part) < 0)
                        return err_oom(e);
        }
        *ret = GIVE(pair);
        return 0;
}

/** get_lone() - A value in its own place: a zero byte stands before all but structs */
static int get_lone(struct walk *w, int64_t id, json_t **ret, struct err *e)
{
        const struct gob_type *t = gob_types_find(w->types, id);
        uint64_t zero;

        if (!t || t->kind != GOB_KIND_STRUCT) {
                if (gob_get_uint(&w->r, &zero, e) < 0)
                        return -1;
                if (zero)
                        return err_set(e, FAULT_UPSTREAM, 0, "gob: value without its zero byte");
        }
        return get_value(w, id, ret, e);
}

/**
 * get_type_id() - The id of an interface's value, behind definitions of types
 *                 that were not needed before
 */
static int get_type_id(struct walk *w, int64_t *ret, struct err *e)
{
        uint64_t block;

        for (;;) {
                if (gob_get_int(&w->r, ret, e) < 0)
                        return -1;
                if (*ret > 0)
                        return 0;
                if (*ret <= -INT64_MAX || gob_get_definition(w->types, -*ret, &w->r, e) < 0 ||
                    gob_get_uint(&w->r, &block, e) < 0) /* length of what follows */
                        return err_add(e, "in an interface");
        }
}

/** get_interface() - Name of the concrete type, its id, a length, the value */
static int get_interface(struct walk *w, json_t **ret, struct err *e)
{
        const uint8_t *outer_end = w->r.end;
        const char *name;
        size_t len;
        int64_t id;
        uint64_t size;

        if (gob_get_bytes(&w->r, &name, &len, e) < 0)
                return -1;
        if (len == 0)
                return made(json_null(), ret, e);
        if (get_type_id(w, &id, e) < 0 || gob_get_uint(&w->r, &size, e) < 0)
                return -1;
        if (size > (size_t)(w->r.end - w->r.at))
                return err_set(e, FAULT_UPSTREAM, 0, "gob: message ends too early");
        w->r.end = w->r.at + size;
        if (get_lone(w, id, ret, e) < 0)
                return -1;
        w->r.at = w->r.end;
        w->r.end = outer_end;
        return 0;
}

static int get_basic(struct walk *w, int64_t id, json_t **ret, struct err *e)
{
        uint64_t u;
        int64_t n;

        switch (id) {
        case GOB_BOOL:
                return gob_get_uint(&w->r, &u, e) < 0 ? -1 : made(json_boolean(u), ret, e);
        case GOB_INT:
                return gob_get_int(&w->r, &n, e) < 0 ? -1 : made(json_integer(n), ret, e);
        case GOB_UINT:
                return get_unsigned(w, ret, e);
        case GOB_FLOAT:
                return get_double(w, ret, e);
        case GOB_BYTES:
        case GOB_STRING:
                return get_text(w, ret, e);
        case GOB_COMPLEX:
                return get_complex(w, ret, e);
        case GOB_INTERFACE:
                return get_interface(w, ret, e);
        default:
                return err_set(e, FAULT_UPSTREAM, 0, "gob: unknown type %" PRId64, id);
        }
}

static int get_struct(struct walk *w, const struct gob_type *t, json_t **ret, struct err *e)
{
        /* Definitions inside an interface may move the table: keep what we need. */
        const struct gob_field *fields = t->fields;
        size_t count = t->field_count;
        OWN(json) json_t *obj = json_object();
        uint64_t delta, number = 0;

        while (w->r.at < w->r.end) { /* a message's end ends the structs in it */
                json_t *value = NULL;

                if (gob_get_uint(&w->r, &delta, e) < 0)
                        return -1;
                if (!delta)
                        break;
                if (delta > count - number)
                        return err_set(e, FAULT_UPSTREAM, 0, "gob: field that the type lacks");
                number += delta;
                if (weigh(w, MEMBER_WEIGHT + strlen(fields[number - 1].name), e) < 0 ||
                    get_value(w, fields[number - 1].type, &value, e) < 0)
                        return -1;
                if (json_object_set_new_nocheck(obj, fields[number - 1].name, value) < 0)
                        return err_oom(e);
        }
        *ret = GIVE(obj);
        return 0;
}

/** get_count() - How many elements: each takes at least a byte */
static int get_count(struct walk *w, uint64_t *ret, struct err *e)
{
        if (gob_get_uint(&w->r, ret, e) < 0)
                return -1;
        if (*ret > (size_t)(w->r.end - w->r.at))
                return err_set(e, FAULT_UPSTREAM, 0, "gob: message ends too early");
        return 0;
}

static int get_slice(struct walk *w, int64_t elem, json_t **ret, struct err *e)
{
        OWN(json) json_t *list = json_array();
        uint64_t count;

        if (get_count(w, &count, e) < 0)
                return -1;
        while (count--) {
                json_t *value = NULL;

                if (get_value(w, elem, &value, e) < 0)
                        return -1;
                if (json_array_append_new(list, value) < 0)
                        return err_oom(e);
        }
        *ret = GIVE(list);
        return 0;
}

/** set_member() - A map's entry; a key that is no text is written as JSON */
static int set_member(json_t *obj, const json_t *key, json_t *value, struct err *e)
{
        OWN(mem) char *text = NULL;

        if (json_is_string(key)) {
                if (json_object_setn_new_nocheck(obj, json_string_value(key),
                                                 json_string_length(key), value) < 0)
                        return err_oom(e);
                return 0;
        }
        text = json_dumps(key, JSON_ENCODE_ANY | JSON_COMPACT);
        if (!text) {
                json_decref(value);
                return err_set(e, FAULT_UPSTREAM, 0, "gob: map key cannot be told");
        }
        return json_object_set_new_nocheck(obj, text, value) < 0 ? err_oom(e) : 0;
}

static int get_map(struct walk *w, int64_t key_type, int64_t elem_type, json_t **ret, struct err *e)
{
        OWN(json) json_t *obj = json_object();
        uint64_t count;

        if (get_count(w, &count, e) < 0)
                return -1;
        while (count--) {
                OWN(json) json_t *key = NULL;
                json_t *value = NULL;

                if (weigh(w, MEMBER_WEIGHT, e) < 0 || get_value(w, key_type, &key, e) < 0 ||
                    get_value(w, elem_type, &value, e) < 0 || set_member(obj, key, value, e) < 0)
                        return -1;
        }
        *ret = GIVE(obj);
        return 0;
}

static int get_defined(struct walk *w, const struct gob_type *t, json_t **ret, struct err *e)
{
        switch (t->kind) {
        case GOB_KIND_STRUCT:
                return weigh(w, OBJECT_WEIGHT, e) < 0 ? -1 : get_struct(w, t, ret, e);
        case GOB_KIND_ARRAY:
        case GOB_KIND_SLICE:
                return weigh(w, LIST_WEIGHT, e) < 0 ? -1 : get_slice(w, t->elem, ret, e);
        case GOB_KIND_MAP:
                return weigh(w, OBJECT_WEIGHT, e) < 0 ? -1 : get_map(w, t->key, t->elem, ret, e);
        case GOB_KIND_OPAQUE:
        case GOB_KIND_BINARY:
        case GOB_KIND_TEXT:
                break;
        }
        return get_text(w, ret, e);
}

static int get_value(struct walk *w, int64_t id, json_t **ret, struct err *e)
{
        const struct gob_type *t = gob_types_find(w->types, id);
        int rc;

        if (w->depth == DEPTH_MAX)
                return err_set(e, FAULT_UPSTREAM, 0, "gob: value too deep");
        if (weigh(w, VALUE_WEIGHT, e) < 0)
                return -1;
        w->depth++;
        rc = t ? get_defined(w, t, ret, e) : get_basic(w, id, ret, e);
        w->depth--;
        return rc;
}

int gob_message(struct gob_types *t, const void *data, size_t len, json_t **ret, struct err *e)
{
        const uint8_t *bytes = data;
        struct walk w = { .types = t, .r = { bytes, bytes + len }, .left = WEIGHT_MAX };
        OWN(json) json_t *value = NULL;
        int64_t id;

        *ret = NULL;
        if (len == 0)
                return 0; /* says nothing, and Go's own reader passes over it */
        if (gob_get_int(&w.r, &id, e) < 0)
                return -1;
        if (id < -INT64_MAX)
                return err_set(e, FAULT_UPSTREAM, 0, "gob: type id out of range");
        if ((id < 0 ? gob_get_definition(t, -id, &w.r, e) : get_lone(&w, id, &value, e)) < 0)
                return -1;
        if (w.r.at != w.r.end)
                return err_set(e, FAULT_UPSTREAM, 0, "gob: bytes behind the value");
        *ret = GIVE(value);
        return 0;
}

int gob_frame(const void *data, size_t len, size_t *ret_head, size_t *ret_len, struct err *e)
{
        const uint8_t *bytes = data;
        struct gob_reader r = { bytes, bytes + len };
        uint64_t size;

        /* From 248 on the first byte counts those that follow: 8 down to 1. */
        if (len == 0 || (bytes[0] >= 248 && len < 257U - bytes[0]))
                return 0;
        if (gob_get_uint(&r, &size, e) < 0)
                return -1;
        if (size > GOB_MESSAGE_MAX)
                return err_set(e, FAULT_UPSTREAM, 0, "gob: message of %" PRIu64 " bytes", size);
        *ret_head = (size_t)(r.at - bytes);
        *ret_len = (size_t)size;
        return 1;
}
