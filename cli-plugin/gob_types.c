/* SPDX-License-Identifier: Apache-2.0 */
/* gob: numbers, and definitions of types. */
#include "cli-plugin/gob.h"

#include <stdlib.h>
#include <string.h>

#define TYPES_MAX      1024
#define FIELDS_MAX     256  /* of one type */
#define ALL_FIELDS_MAX 8192 /* cf has some 100 */
#define NAME_SIZE_MAX  256

static int cut_short(struct err *e)
{
        return err_set(e, FAULT_UPSTREAM, 0, "gob: message ends too early");
}

int gob_get_uint(struct gob_reader *r, uint64_t *ret, struct err *e)
{
        uint64_t n = 0;
        unsigned int len;

        if (r->at == r->end)
                return cut_short(e);
        if (*r->at < 0x80) {
                *ret = *r->at++;
                return 0;
        }
        len = 256U - *r->at++; /* the byte is the negated count of those that follow */
        if (len > sizeof n)
                return err_set(e, FAULT_UPSTREAM, 0, "gob: number of %u bytes", len);
        if ((size_t)(r->end - r->at) < len)
                return cut_short(e);
        while (len--)
                n = n << 8 | *r->at++;
        *ret = n;
        return 0;
}

int gob_get_int(struct gob_reader *r, int64_t *ret, struct err *e)
{
        uint64_t u;

        if (gob_get_uint(r, &u, e) < 0)
                return -1;
        *ret = u & 1 ? (int64_t) ~(u >> 1) : (int64_t)(u >> 1);
        return 0;
}

int gob_get_bytes(struct gob_reader *r, const char **ret, size_t *ret_len, struct err *e)
{
        uint64_t len;

        if (gob_get_uint(r, &len, e) < 0)
                return -1;
        if (len > (size_t)(r->end - r->at))
                return cut_short(e);
        *ret = (const char *)r->at;
        *ret_len = (size_t)len;
        r->at += len;
        return 0;
}

/**
 * next_field() - The number of a struct's next field
 * @number: In: of the field before; out: 0 at the struct's end
 *
 * The end of a message ends all structs in it: Go's own reader takes that too.
 */
static int next_field(struct gob_reader *r, uint64_t *number, struct err *e)
{
        uint64_t delta = 0;

        if (r->at < r->end && gob_get_uint(r, &delta, e) < 0)
                return -1;
        if (delta > FIELDS_MAX)
                return err_set(e, FAULT_UPSTREAM, 0, "gob: field number out of range");
        *number = delta ? *number + delta : 0;
        return 0;
}

/** get_pair() - A struct {1: Name string, 2: Id int}; @name borrowed, may stay NULL */
static int get_pair(struct gob_reader *r, const char **name, size_t *name_len, int64_t *id,
                    struct err *e)
{
        uint64_t field = 0;

        *name = NULL;
        *name_len = 0;
        *id = 0;
        for (;;) {
                if (next_field(r, &field, e) < 0)
                        return -1;
                if (field == 0)
                        return 0;
                if (field == 1   ? gob_get_bytes(r, name, name_len, e) < 0
                    : field == 2 ? gob_get_int(r, id, e) < 0
                                 : err_set(e, FAULT_UPSTREAM, 0, "gob: unknown part of a type") < 0)
                        return -1;
        }
}

static int get_struct_field(struct gob_reader *r, struct gob_field *f, struct err *e)
{
        const char *name;
        size_t len;

        if (get_pair(r, &name, &len, &f->type, e) < 0)
                return -1;
        if (len > NAME_SIZE_MAX)
                return err_set(e, FAULT_UPSTREAM, 0, "gob: name of a field too long");
        f->name = strndup(name ? name : "", len);
        return f->name ? 0 : err_oom(e);
}

static int get_fields(struct gob_reader *r, struct gob_type *t, struct err *e)
{
        uint64_t count;

        if (gob_get_uint(r, &count, e) < 0)
                return -1;
        if (t->fields || count > FIELDS_MAX || count > (size_t)(r->end - r->at))
                return err_set(e, FAULT_UPSTREAM, 0, "gob: too many fields");
        t->fields = calloc(count ? count : 1, sizeof *t->fields);
        if (!t->fields)
                return err_oom(e);
        for (; t->field_count < count; t->field_count++) {
                if (get_struct_field(r, &t->fields[t->field_count], e) < 0)
                        return -1;
        }
        return 0;
}

/**
 * get_part() - One field of a definition's body, by kind and number
 *
 * Field 1 is common to all kinds: name and id, of which we need neither.
 */
static int get_part(struct gob_reader *r, struct gob_type *t, uint64_t field, struct err *e)
{
        const char *name;
        size_t name_len;
        int64_t id;

        if (field == 1)
                return get_pair(r, &name, &name_len, &id, e);
        if (field == 2 && t->kind == GOB_KIND_STRUCT)
                return get_fields(r, t, e);
        if (field == 2 && t->kind == GOB_KIND_MAP)
                return gob_get_int(r, &t->key, e);
        if ((field == 2 && (t->kind == GOB_KIND_ARRAY || t->kind == GOB_KIND_SLICE)) ||
            (field == 3 && t->kind == GOB_KIND_MAP))
                return gob_get_int(r, &t->elem, e);
        if (field == 3 && t->kind == GOB_KIND_ARRAY)
                return gob_get_int(r, &id, e); /* its length, which each value repeats */
        return err_set(e, FAULT_UPSTREAM, 0, "gob: unknown part of a type");
}

static int get_body(struct gob_reader *r, struct gob_type *t, struct err *e)
{
        uint64_t kind = 0, field = 0;

        if (next_field(r, &kind, e) < 0)
                return -1;
        if (kind < GOB_KIND_ARRAY || kind > GOB_KIND_TEXT)
                return err_set(e, FAULT_UPSTREAM, 0, "gob: unknown kind of type");
        t->kind = (enum gob_kind)kind;
        do {
                if (next_field(r, &field, e) < 0 || (field && get_part(r, t, field, e) < 0))
                        return -1;
        } while (field);
        if (next_field(r, &kind, e) < 0)
                return -1;
        if (kind)
                return err_set(e, FAULT_UPSTREAM, 0, "gob: a type of two kinds");
        return 0;
}

static void type_done(struct gob_type *t)
{
        for (size_t i = 0; t->fields && i < t->field_count; i++)
                free(t->fields[i].name);
        free(t->fields);
}

static int reserve(struct gob_types *t, struct err *e)
{
        size_t cap = t->cap ? t->cap * 2 : 16;
        struct gob_type *items;

        if (t->count == TYPES_MAX)
                return err_set(e, FAULT_UPSTREAM, 0, "gob: more than %d types", TYPES_MAX);
        if (t->count < t->cap)
                return 0;
        items = reallocarray(t->items, cap, sizeof *items);
        if (!items)
                return err_oom(e);
        t->items = items;
        t->cap = cap;
        return 0;
}

int gob_get_definition(struct gob_types *t, int64_t id, struct gob_reader *r, struct err *e)
{
        struct gob_type type = { .id = id };

        if (id < GOB_FIRST_FREE || gob_types_find(t, id))
                return err_set(e, FAULT_UPSTREAM, 0, "gob: type defined twice, or a fixed one");
        if (reserve(t, e) < 0)
                return -1;
        if (get_body(r, &type, e) < 0) {
                type_done(&type);
                return -1;
        }
        if (t->fields + type.field_count > ALL_FIELDS_MAX) {
                type_done(&type);
                return err_set(e, FAULT_UPSTREAM, 0, "gob: more than %d fields", ALL_FIELDS_MAX);
        }
        t->fields += type.field_count;
        t->items[t->count++] = type;
        return 0;
}

const struct gob_type *gob_types_find(const struct gob_types *t, int64_t id)
{
        for (size_t i = 0; i < t->count; i++) {
                if (t->items[i].id == id)
                        return &t->items[i];
        }
        return NULL;
}

void gob_types_done(struct gob_types *t)
{
        for (size_t i = 0; i < t->count; i++)
                type_done(&t->items[i]);
        free(t->items);
        *t = (struct gob_types){ 0 };
}
