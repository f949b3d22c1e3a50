/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/rules.h"

int rules_begin(struct rules *r, const struct options *o, const struct joined *j,
                const struct leases *peers, struct err *e)
{
        r->guard = (struct guard){ .on = o->guard,
                                   .port = j->conf.port,
                                   .network = j->conf.network,
                                   .device = j->vtep.name,
                                   .lock_file = o->lock_file };
        r->masq = (struct masq){
                .on = o->ip_masq,
                .network = j->conf.network,
                .subnet = j->lease.subnet,
                .lock_file = o->lock_file,
        };
        return rules_sync(r, peers, true, e);
}

void rules_drop(struct rules *r)
{
        guard_drop(&r->guard);
}

int rules_sync(struct rules *r, const struct leases *peers, bool all, struct err *e)
{
        r->stray = guard_sync(&r->guard, peers, all, e) < 0 || (all && masq_sync(&r->masq, e) < 0);
        return r->stray ? -1 : 0;
}

void rules_look(struct rules *r)
{
        r->stray |= guard_stray(&r->guard) || masq_stray(&r->masq);
}

bool rules_any(const struct rules *r)
{
        return r->guard.on || r->masq.on;
}
