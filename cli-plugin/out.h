/* SPDX-License-Identifier: Apache-2.0 */
/* What people see: colours, and tables with tabs. */
#ifndef NETMAN_PLUGIN_OUT_H
#define NETMAN_PLUGIN_OUT_H

#include "netman/str.h"

#include <stdbool.h>
#include <stddef.h>

enum style { STYLE_CYAN, STYLE_RED, STYLE_GREEN, STYLE_BOLD };

/**
 * struct out - Text in the making, with or without colours
 * @data:   It is for programs, so an error does not belong there
 * @status: Exit status of a command that did what it was asked for
 */
struct out {
        struct str text;
        bool colour, data;
        int status;
};

/**
 * out_wants_colour() - Colours on standard output? On a terminal
 *
 * NO_COLOR (https://no-color.org) turns them off. So does CF_COLOR=false, the cf
 * CLI's own setting; its CF_COLOR=true wants them in files and pipes too.
 */
bool out_wants_colour(void);

/** out_add() - Add @text in a style */
void out_add(struct out *o, enum style style, const char *text);

/** out_fail() - Print an error in its place: where there is data it is standard error */
void out_fail(struct out *o);

/** out_flush() - Print what was added and forget it; @e: it could not be written */
int out_flush(struct out *o, struct err *e);

static inline void out_drop(struct out *o)
{
        str_done(&o->text);
}

#define TABLE_COLUMNS_MAX 8

/**
 * struct table - Rows of cells
 * @columns:   How many, up to TABLE_COLUMNS_MAX
 * @spaces:    Between cells, as cf's own tables have them; else tabs, tab stops of 8
 * @cyan_mask: Bit i: cells of column i are cyan
 * @cells:     Owned copies, row by row, the header first
 */
struct table {
        size_t columns;
        bool spaces;
        unsigned int cyan_mask;
        char **cells;
        size_t count, cap;
};

/** table_cell() - Append a cell; rows fill up from the left */
int table_cell(struct table *t, const char *text, struct err *e);

/**
 * table_print() - The reference's form: a column is as wide as its longest cell
 *                 plus 2, rounded up to tab stops; the header is bold. With spaces:
 *                 plus 3, not rounded
 */
void table_print(const struct table *t, struct out *o);

void table_done(struct table *t);
static inline void table_drop(struct table *t)
{
        table_done(t);
}

#endif
