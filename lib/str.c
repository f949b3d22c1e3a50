/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/str.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool str_reserve(struct str *s, size_t more)
{
        size_t cap = s->cap ? s->cap : 64;
        char *data;

        if (s->bad)
                return false;
        if (more >= SIZE_MAX / 2 - s->len) {
                s->bad = true;
                return false;
        }
        while (cap < s->len + more + 1)
                cap *= 2;
        if (cap == s->cap)
                return true;
        data = realloc(s->data, cap);
        if (!data) {
                s->bad = true;
                return false;
        }
        s->data = data;
        s->cap = cap;
        return true;
}

void str_add_mem(struct str *s, const void *data, size_t len)
{
        if (!str_reserve(s, len))
                return;
        if (len)
                memcpy(s->data + s->len, data, len);
        s->len += len;
        s->data[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
        str_add_mem(s, text, strlen(text));
}

void str_addf(struct str *s, const char *fmt, ...)
{
        va_list ap;
        int len;

        va_start(ap, fmt);
        len = vsnprintf(NULL, 0, fmt, ap);
        va_end(ap);
        if (len < 0 || !str_reserve(s, (size_t)len)) {
                s->bad = true;
                return;
        }
        va_start(ap, fmt);
        (void)vsnprintf(s->data + s->len, (size_t)len + 1, fmt, ap);
        va_end(ap);
        s->len += (size_t)len;
}

int str_ok(const struct str *s, struct err *e)
{
        return s->bad ? err_oom(e) : 0;
}

const char *str_text(const struct str *s)
{
        return s->data ? s->data : "";
}

char *str_steal(struct str *s)
{
        char *text;

        str_add_mem(s, "", 0); /* an empty string is text too */
        text = s->bad ? NULL : GIVE(s->data);
        str_done(s);
        return text;
}

void str_clear(struct str *s)
{
        s->len = 0;
        if (s->data)
                s->data[0] = '\0';
}

void str_done(struct str *s)
{
        free(s->data);
        *s = (struct str){ 0 };
}

int str_to_int(const char *text, int64_t min, int64_t max, int64_t *ret, struct err *e)
{
        const char *digits = *text == '-' ? text + 1 : text;
        long long n;

        if (!*digits || strspn(digits, "0123456789") != strlen(digits))
                return err_set(e, FAULT_BAD_INPUT, 0, "'%.40s' is not a number", text);
        errno = 0;
        n = strtoll(text, NULL, 10);
        if (errno || n < min || n > max)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "%.40s is out of range, must be %" PRId64 " to %" PRId64, text, min,
                               max);
        *ret = n;
        return 0;
}

bool str_eq(const char *a, const char *b)
{
        return a == b || (a && b && strcmp(a, b) == 0);
}

bool str_starts(const char *text, const char *prefix)
{
        return strncmp(text, prefix, strlen(prefix)) == 0;
}
