/* SPDX-License-Identifier: Apache-2.0 */
/* gob: writing. */
#include "cli-plugin/gob.h"

#include <string.h>

void gob_put_uint(struct str *s, uint64_t n)
{
        unsigned char bytes[9];
        unsigned int count = 0;

        if (n < 0x80) {
                bytes[0] = (unsigned char)n;
                str_add_mem(s, bytes, 1);
                return;
        }
        for (uint64_t rest = n; rest; rest >>= 8)
                count++;
        bytes[0] = (unsigned char)(256U - count);
        for (unsigned int i = 0; i < count; i++)
                bytes[1 + i] = (unsigned char)(n >> 8 * (count - 1 - i));
        str_add_mem(s, bytes, 1 + count);
}

void gob_put_int(struct str *s, int64_t n)
{
        gob_put_uint(s, n < 0 ? ~(uint64_t)n << 1 | 1 : (uint64_t)n << 1);
}

void gob_put_text(struct str *s, const char *text)
{
        size_t len = strlen(text);

        gob_put_uint(s, len);
        str_add_mem(s, text, len);
}

void gob_put_message(struct str *s, struct str *body)
{
        gob_put_uint(s, body->len);
        str_add_mem(s, str_text(body), body->len);
        s->bad |= body->bad;
        str_clear(body);
}

void gob_put_text_field(struct str *s, unsigned int *delta, const char *text)
{
        if (!*text) {
                ++*delta;
                return;
        }
        gob_put_uint(s, *delta);
        gob_put_text(s, text);
        *delta = 1;
}

/** put_pair() - A struct {1: Name string, 2: Id int} */
static void put_pair(struct str *s, const char *name, int id)
{
        unsigned int delta = 1;

        gob_put_text_field(s, &delta, name);
        gob_put_uint(s, delta);
        gob_put_int(s, id);
        gob_put_uint(s, 0);
}

static void put_fields(struct str *s, const struct gob_def *def)
{
        size_t count = 0;

        while (count < sizeof def->fields / sizeof *def->fields && def->fields[count].name)
                count++;
        if (!count)
                return;
        gob_put_uint(s, 1);
        gob_put_uint(s, count);
        for (size_t i = 0; i < count; i++)
                put_pair(s, def->fields[i].name, def->fields[i].type);
}

void gob_put_def(struct str *s, const struct gob_def *def)
{
        OWN(str) struct str body = { 0 };

        gob_put_int(&body, -def->id);
        gob_put_uint(&body, def->kind); /* the body is that field of the definition */
        gob_put_uint(&body, 1);
        put_pair(&body, def->name, def->id);
        if (def->kind == GOB_KIND_STRUCT)
                put_fields(&body, def);
        if (def->kind == GOB_KIND_MAP) {
                gob_put_uint(&body, 1);
                gob_put_int(&body, def->key);
        }
        if (def->kind == GOB_KIND_SLICE || def->kind == GOB_KIND_MAP) {
                gob_put_uint(&body, 1);
                gob_put_int(&body, def->elem);
        }
        gob_put_uint(&body, 0);
        gob_put_uint(&body, 0);
        gob_put_message(s, &body);
}
