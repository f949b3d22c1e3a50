/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable string, and numbers read strictly.
 */
#ifndef NETMAN_STR_H
#define NETMAN_STR_H

#include "netman/err.h"
#include "netman/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct str - Text that grows; all zero is a valid empty one
 * @data: NUL-terminated once anything was added; NULL before
 * @len:  Without the terminator
 * @bad:  Memory ran out somewhere: everything since is lost. Writers need not
 *        look after each step; whoever uses the result asks str_ok() once.
 */
struct str {
        char *data;
        size_t len, cap;
        bool bad;
};

void str_add(struct str *s, const char *text);
void str_add_mem(struct str *s, const void *data, size_t len);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * str_reserve() - Room for @more bytes and a terminator at once, for who knows
 *
 * Return: false if there is none, which str_ok() will tell as well
 */
bool str_reserve(struct str *s, size_t more);

/** str_ok() - Was everything kept? Return: 0, or -1 with out of memory in @e */
int str_ok(const struct str *s, struct err *e);

/** str_text() - The text, "" where nothing was added; borrowed */
const char *str_text(const struct str *s);

/** str_steal() - The text, now the caller's to free; NULL if memory ran out */
char *str_steal(struct str *s);

/** str_clear() - Empty it, keep the memory */
void str_clear(struct str *s);
void str_done(struct str *s);

/* OWN(str) struct str s = { 0 }; */
static inline void str_drop(struct str *s)
{
        str_done(s);
}

/**
 * str_to_int() - Decimal digits, an optional minus, nothing else
 * @e: FAULT_BAD_INPUT: no number, or out of [@min, @max]
 */
int str_to_int(const char *text, int64_t min, int64_t max, int64_t *ret, struct err *e);

bool str_eq(const char *a, const char *b); /* NULL equals NULL only */
bool str_starts(const char *text, const char *prefix);

#endif
