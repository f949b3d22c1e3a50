/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/rules.h"

#include <malloc.h>

enum { LOOKS_BETWEEN = 4 };

void rules_init(struct rules *r, const struct options *o, const struct joined *j)
{
        r->guard = (struct guard){ .on = o->guard,
                                   .port = j->conf.port,
                                   .network = j->conf.network,
                                   .device = j->vtep.name,
                                   .lock_file = o->lock_file };
        r->masq = (struct masq){ .on = o->ip_masq,
                                 .network = j->conf.network,
                                 .lock_file = o->lock_file };
}

void rules_set_subnet(struct rules *r, struct ip4_net subnet)
{
        r->masq.subnet = subnet;
}

void rules_drop(struct rules *r)
{
        guard_drop(&r->guard);
}

int rules_sync(struct rules *r, const struct leases *peers, bool all, struct err *e)
{
        r->stray = guard_sync(&r->guard, peers, all, e) < 0 || (all && masq_sync(&r->masq, e) < 0);
        if (all) {
                r->looks = 0;
                (void)malloc_trim(0); /* a cell's filter table takes 20 MB to read */
        }
        return r->stray ? -1 : 0;
}

void rules_look(struct rules *r)
{
        if (!rules_any(r))
                return;
        r->stray |= r->looks++ >= LOOKS_BETWEEN || guard_stray(&r->guard) || masq_stray(&r->masq);
}

bool rules_any(const struct rules *r)
{
        return r->guard.on || r->masq.on;
}
