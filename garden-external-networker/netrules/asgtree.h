/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: Is a packet in one of these boxes?
 *
 * Chains that answer it for boxes whose order does not matter, in steps that grow
 * with the logarithm of their number, whatever way they overlap:
 *
 *   addresses  Where a cut goes through no box, near the middle, each side is a part,
 *              and so on with both: a chain leads on to four parts, and so do those.
 *              Where none does, an address c is taken such that the boxes that end
 *              before it and those that begin behind it are two parts of about the
 *              same size. All others hold c, and are looked at before either part. What
 *              begins at c goes behind it, unless so much does that it is not parted.
 *   ports      Of boxes that all hold c, those that fit a given port make up one range
 *              of addresses: from the least of their first ones to the greatest of
 *              their last ones. So for a port the two boxes that reach farthest say all
 *              that there is to say, and these change only where a box begins or ends:
 *              less than twice as often as there are boxes. Those of neighbouring ports
 *              stand in one chain, and chains that lead on by ports find that.
 *   ICMP       has no ranges to lead on by, but few kinds: a rule for each type, and
 *              below it for each code, and then addresses.
 *
 * What the kernel takes to find that a rule does not fit, measured, in nanoseconds: a
 * network or a protocol 3, ports 26, a range of addresses 28; to go on to a chain 13.
 * Hence networks stand wherever they can, beside a range if not in its place.
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
