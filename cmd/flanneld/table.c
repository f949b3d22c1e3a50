/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/table.h"

int table_edit(const struct fw_locks *held, const char *table, fw_edit_fn fn, void *ctx,
               struct table_size *ret, struct err *e)
{
        if (fw_edit_held(held, table, fn, ctx, NULL, e) < 0)
                return -1;
        return fw_size(table, &ret->rules, &ret->bytes, e);
}

bool table_differs(const char *table, const struct table_size *was)
{
        struct table_size is = { 0 };

        return fw_size(table, &is.rules, &is.bytes, NULL) == 0 &&
               (is.rules != was->rules || is.bytes != was->bytes);
}
