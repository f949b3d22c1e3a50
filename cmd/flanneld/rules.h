/* SPDX-License-Identifier: Apache-2.0 */
/* All that iptables is to hold for us: the guard, and masquerading. */
#ifndef FLANNELD_RULES_H
#define FLANNELD_RULES_H

#include "cmd/flanneld/guard.h"
#include "cmd/flanneld/join.h"
#include "cmd/flanneld/masq.h"

/**
 * struct rules - Both, and whether they may differ from what they are to be
 * @looks: Since all was compared
 */
struct rules {
        struct guard guard;
        struct masq masq;
        bool stray;
        unsigned int looks;
};

/** rules_init() - What is to be, as far as it is known before there is a lease */
void rules_init(struct rules *r, const struct options *o, const struct joined *j);
void rules_drop(struct rules *r);

/** rules_set_subnet() - The rest of it */
void rules_set_subnet(struct rules *r, struct ip4_net subnet);

/**
 * rules_sync() - Have the guard be in step with the peers; sets @stray if that fails
 * @all: And look at every rule
 */
int rules_sync(struct rules *r, const struct leases *peers, bool all, struct err *e);

/**
 * rules_look() - Set @stray if somebody may have changed something: the kernel tells nobody
 *
 * A table's size tells of rules that came or went; one that was changed in place is found
 * when all is compared, at every fifth look.
 */
void rules_look(struct rules *r);

/** rules_any() - Is there anything to look after? */
bool rules_any(const struct rules *r);

#endif
