/* SPDX-License-Identifier: Apache-2.0 */
/* Trying again what failed: each time later, and saying why only when it is news. */
#ifndef FLANNELD_PATIENCE_H
#define FLANNELD_PATIENCE_H

#include "netman/err.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * struct patience - All zero: nothing has failed
 * @pause_ms: From the last failure to the next try; @next_ms is when that is, by clock_ms()
 * @said:     Why it failed, as it was said last
 */
struct patience {
        int64_t pause_ms, next_ms;
        struct err said;
};

/** patience_fail() - It failed: wait longer. Return: true if @why is news, to be logged */
bool patience_fail(struct patience *p, const struct err *why);

/** patience_end() - It went well, or there is reason to believe that it will now */
void patience_end(struct patience *p);

#endif
