/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: gob, the encoding that Go programs use among themselves, as far as the
 * cf CLI's plugin protocol needs it.
 *
 * A stream is a sequence of messages: a length, then a type id, then either a
 * definition (the id is negative) or a value of that type. The sender chooses
 * the ids and the order of fields, and leaves out what is zero; so reading is
 * driven by the definitions received, and what is read becomes a JSON value in
 * which struct fields are members under their names:
 *
 *   struct, map -> object; slice, array -> array; string, bytes, time -> string
 *   int, uint -> integer; float -> real; bool -> boolean; nil -> null
 *
 * Absent members are zero. Text need not be UTF-8. Map keys that are no strings
 * become text.
 */
#ifndef NETMAN_PLUGIN_GOB_H
#define NETMAN_PLUGIN_GOB_H

#include "netman/err.h"
#include "netman/jsonx.h"
#include "netman/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GOB_MESSAGE_MAX ((size_t)32 << 20) /* GetApps of 5,000 apps is about 2 MB */

/* Ids that every stream knows without definition. */
enum gob_id {
        GOB_BOOL = 1,
        GOB_INT = 2,
        GOB_UINT = 3,
        GOB_FLOAT = 4,
        GOB_BYTES = 5,
        GOB_STRING = 6,
        GOB_COMPLEX = 7,
        GOB_INTERFACE = 8,
        GOB_FIRST_FREE = 64, /* from here on the sender chooses */
};

/* What a definition defines; the numbers are those on the wire. */
enum gob_kind {
        GOB_KIND_ARRAY = 1,
        GOB_KIND_SLICE = 2,
        GOB_KIND_STRUCT = 3,
        GOB_KIND_MAP = 4,
        GOB_KIND_OPAQUE = 5, /* encodes itself: a time, for one */
        GOB_KIND_BINARY = 6,
        GOB_KIND_TEXT = 7,
};

/** struct gob_field - A member of a struct */
struct gob_field {
        char *name;
        int64_t type;
};

/**
 * struct gob_type - A definition received
 * @key:    Of a map
 * @elem:   Of an array, slice or map
 * @fields: Of a struct
 */
struct gob_type {
        int64_t id;
        enum gob_kind kind;
        int64_t key, elem;
        struct gob_field *fields;
        size_t field_count;
};

/**
 * struct gob_types - Definitions of one direction of one connection
 * @fields: Of all of them together
 */
struct gob_types {
        struct gob_type *items;
        size_t count, cap, fields;
};

void gob_types_done(struct gob_types *t);
static inline void gob_types_drop(struct gob_types *t)
{
        gob_types_done(t);
}

/** gob_types_find() - NULL where the id is not defined; borrowed */
const struct gob_type *gob_types_find(const struct gob_types *t, int64_t id);

/** struct gob_reader - Bytes being read */
struct gob_reader {
        const uint8_t *at, *end;
};

int gob_get_uint(struct gob_reader *r, uint64_t *ret, struct err *e);
int gob_get_int(struct gob_reader *r, int64_t *ret, struct err *e);

/** gob_get_bytes() - A length and as many bytes; borrowed */
int gob_get_bytes(struct gob_reader *r, const char **ret, size_t *ret_len, struct err *e);

/**
 * gob_get_definition() - What follows a negative id
 * @id: The id being defined: the message's own, not the one inside
 * @e:  Also: defined already, too many, too many fields, a name too long
 */
int gob_get_definition(struct gob_types *t, int64_t id, struct gob_reader *r, struct err *e);

/**
 * gob_message() - Take one message, without its length
 * @t:   Definitions so far; grows
 * @ret: The value; NULL for a message that was a definition, or empty
 * @e:   FAULT_UPSTREAM: not gob, or beyond one of the limits
 */
int gob_message(struct gob_types *t, const void *data, size_t len, json_t **ret, struct err *e);

/**
 * gob_frame() - Does a message lie in the first @len bytes of a stream?
 * @ret_head: Bytes of its length
 * @ret_len:  Bytes of the message itself; may be beyond @len
 * @e:        The length is malformed or too great
 *
 * Return: 1; 0 where not even the length is complete; -1 on error
 */
int gob_frame(const void *data, size_t len, size_t *ret_head, size_t *ret_len, struct err *e);

/* --- writing: gob_put.c --------------------------------------------------- */

void gob_put_uint(struct str *s, uint64_t n);
void gob_put_int(struct str *s, int64_t n);
void gob_put_text(struct str *s, const char *text);

/** gob_put_message() - @body, which begins with a type id, as a message; emptied */
void gob_put_message(struct str *s, struct str *body);

/**
 * gob_put_text_field() - A struct's field, unless it is empty
 * @delta: Fields since the last one sent; counted up here where nothing is sent,
 *         set to 1 where something is
 */
void gob_put_text_field(struct str *s, unsigned int *delta, const char *text);

/** struct gob_def - A definition to be sent; the first name NULL ends the fields */
struct gob_def {
        enum gob_kind kind;
        int id;
        const char *name; /* "" is sent as none */
        int key, elem;
        struct {
                const char *name;
                int type;
        } fields[20];
};
void gob_put_def(struct str *s, const struct gob_def *def);

#endif
