/* SPDX-License-Identifier: Apache-2.0 */
/* A table of iptables that others change too: its size tells that somebody did. */
#ifndef FLANNELD_TABLE_H
#define FLANNELD_TABLE_H

#include "netman/fw_tx.h"

/** struct table_size - Of a table when we last set it right */
struct table_size {
        unsigned int rules, bytes;
};

/** table_edit() - Change it under the locks. @ret: its size then, before anybody else's turn */
int table_edit(const struct fw_locks *held, const char *table, fw_edit_fn fn, void *ctx,
               struct table_size *ret, struct err *e);

/** table_differs() - Has it another size now? */
bool table_differs(const char *table, const struct table_size *was);

#endif
