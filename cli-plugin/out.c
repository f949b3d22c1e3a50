/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/out.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAB_STOP 8
#define PADDING  2 /* in front of a tab stop */
#define SPACES   3
#define RESET    "\033[0m"

static const char *const codes[] = {
        "\033[36;1m",
        "\033[31;1m",
        "\033[32;1m",
        "\033[;1m",
};
static_assert(sizeof codes / sizeof *codes == STYLE_BOLD + 1, "a code per style");

bool out_wants_colour(void)
{
        const char *none = getenv("NO_COLOR"), *cf = getenv("CF_COLOR");

        if ((none && *none) || str_eq(cf, "false"))
                return false;
        return str_eq(cf, "true") || isatty(STDOUT_FILENO);
}

void out_add(struct out *o, enum style style, const char *text)
{
        str_add(&o->text, o->colour ? codes[style] : "");
        str_add(&o->text, text);
        str_add(&o->text, o->colour ? RESET : "");
}

int out_flush(struct out *o, struct err *e)
{
        if (str_ok(&o->text, e) < 0)
                return -1;
        if (fwrite(str_text(&o->text), 1, o->text.len, stdout) != o->text.len ||
            fflush(stdout) != 0)
                return err_set(e, FAULT_SYSTEM, errno, "standard output");
        str_clear(&o->text);
        return 0;
}

void out_fail(struct out *o)
{
        FILE *to = o->data ? stderr : stdout;

        (void)fwrite(str_text(&o->text), 1, o->text.len, to); /* nobody is left to be told */
        (void)fflush(to);
        str_clear(&o->text);
}

int table_cell(struct table *t, const char *text, struct err *e)
{
        if (t->count == t->cap) {
                size_t cap = t->cap ? t->cap * 2 : 64;
                char **cells = reallocarray(t->cells, cap, sizeof *cells);

                if (!cells)
                        return err_oom(e);
                t->cells = cells;
                t->cap = cap;
        }
        t->cells[t->count] = strdup(text);
        if (!t->cells[t->count])
                return err_oom(e);
        t->count++;
        return 0;
}

/** width() - Characters of UTF-8 text */
static size_t width(const char *text)
{
        size_t n = 0;

        for (; *text; text++)
                n += ((unsigned char)*text & 0xc0) != 0x80;
        return n;
}

static void measure(const struct table *t, size_t widths[TABLE_COLUMNS_MAX])
{
        for (size_t c = 0; c < TABLE_COLUMNS_MAX; c++)
                widths[c] = 0;
        for (size_t i = 0; i < t->count; i++) {
                size_t w = width(t->cells[i]), *at = &widths[i % t->columns];

                *at = w > *at ? w : *at;
        }
        for (size_t c = 0; c < t->columns; c++)
                widths[c] = t->spaces ? widths[c] + SPACES
                                      : (widths[c] + PADDING + TAB_STOP - 1) / TAB_STOP * TAB_STOP;
}

/** pad() - From the end of a cell to its column's end */
static void pad(const struct table *t, const char *cell, size_t column_width, struct out *o)
{
        size_t at = width(cell);

        while (at < column_width) {
                str_add(&o->text, t->spaces ? " " : "\t");
                at = t->spaces ? at + 1 : (at / TAB_STOP + 1) * TAB_STOP;
        }
}

static void print_row(const struct table *t, size_t row, const size_t *widths, struct out *o)
{
        for (size_t c = 0; c < t->columns; c++) {
                const char *cell = t->cells[row * t->columns + c];

                if (row && t->cyan_mask >> c & 1)
                        out_add(o, STYLE_CYAN, cell);
                else
                        str_add(&o->text, cell);
                if (c + 1 < t->columns)
                        pad(t, cell, widths[c], o);
        }
        str_add(&o->text, "\n");
}

void table_print(const struct table *t, struct out *o)
{
        size_t widths[TABLE_COLUMNS_MAX], rows = t->count / t->columns;

        measure(t, widths);
        /* The header's line break is inside the bold, as it always was. */
        str_add(&o->text, o->colour ? codes[STYLE_BOLD] : "");
        print_row(t, 0, widths, o);
        str_add(&o->text, o->colour ? RESET : "");
        for (size_t row = 1; row < rows; row++)
                print_row(t, row, widths, o);
        if (rows == 1 && !t->spaces)
                str_add(&o->text, "\n"); /* behind the reset there has always been one */
}

void table_done(struct table *t)
{
        for (size_t i = 0; i < t->count; i++)
                free(t->cells[i]);
        free(t->cells);
        *t = (struct table){ 0 };
}
