/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: Is a packet in one of these boxes?
 *
 * Chains that answer it for boxes whose order does not matter, in steps that grow
 * with the logarithm of their number, whatever way they overlap:
 *
 *   addresses  The middle one of the boxes, by first address, has the chain C, at its
 *              first address c. Boxes that end before c are a tree for packets to
 *              lower addresses, those that begin behind c are one for the rest: each
 *              has half of the boxes at most. All others hold c, and are looked at in
 *              C before it leads on to either.
 *   ports      Of boxes that all hold c, those that fit a given port make up one range
 *              of addresses: from the least of their first ones to the greatest of
 *              their last ones. So for a port the two boxes that reach farthest say all
 *              that there is to say, and these change only where a box begins or ends:
 *              less than twice as often as there are boxes. Those of neighbouring ports
 *              stand in one chain, and chains that lead on by ports find that.
 *   ICMP       has no ranges to lead on by, but few kinds: a rule for each type, and
 *              below it for each code, and then addresses.
 *
 * A packet gets a verdict only from a rule that is a box itself, and so does what the
 * list says wherever it is: dispatch can lose a packet, not let one pass. And what is
 * read back from the chains are the rules that were put in, less those that others cover.
 */
#ifndef NETWORKER_ASGTREE_H
#define NETWORKER_ASGTREE_H

#include "garden-external-networker/netrules/asgchain.h"

/**
 * asg_tree() - Chains for boxes; the last chain made is where to start
 * @boxes: As by asg_box_cmp(), and unsorted afterwards
 */
int asg_tree(struct asg_plan *plan, struct asg_box *boxes, size_t count,
             const struct asg_ways *ways, struct err *e);

#endif
