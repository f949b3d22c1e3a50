/* SPDX-License-Identifier: Apache-2.0 */
/* What fw_tx.c (locks, read, commit) and fw_table.c (edits in memory) share. */
#ifndef NETMAN_FW_TABLE_H
#define NETMAN_FW_TABLE_H

#include "netman/fw_tx.h"

#include <libiptc/libiptc.h>

/**
 * struct fw_table - One table, read
 * @changed: Something differs from what the kernel holds
 */
struct fw_table {
        struct xtc_handle *handle;
        const char *name;
        bool changed;
};

/**
 * fw_table_failed() - Turn libiptc's errno into an error: "table NAME: @what: why"
 *
 * Return: always -1
 */
int fw_table_failed(const struct fw_table *t, const char *what, struct err *e);

#endif
