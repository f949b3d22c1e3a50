/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/patience.h"

#include "netman/clock.h"

#include <string.h>

enum { FIRST_MS = 200, MOST_MS = 5000 };

bool patience_fail(struct patience *p, const struct err *why)
{
        bool news = p->pause_ms == 0 || strcmp(p->said.msg, why->msg) != 0;
        int64_t longer = p->pause_ms ? p->pause_ms * 2 : FIRST_MS;

        p->pause_ms = longer < MOST_MS ? longer : MOST_MS;
        p->next_ms = clock_ms() + p->pause_ms;
        p->said = *why;
        return news;
}

void patience_end(struct patience *p)
{
        *p = (struct patience){ 0 };
}
