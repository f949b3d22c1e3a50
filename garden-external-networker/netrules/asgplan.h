/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: Net-out rules as a tree of chains
 *
 * The layers of a list (asgbox.h), one behind the other, each as the chains of
 * asgtree.h; the first that has a rule for a packet decides. Few lists have more than
 * three. Where there are many, a guide, chains of the same kind for all boxes of the
 * lower half, tells whether to look there or in the upper half, and so on with each
 * half: the layers, too, are searched in steps that grow with the logarithm of their
 * number, and each such step costs half of the list once more. Guides have no verdicts,
 * they only lead on.
 *
 * What becomes of N rules, and how many the first packet of a connection crosses at
 * most where N is 10,000; no list goes into the kernel as one, however it overlaps:
 *
 *   apart from each other, or with some wide ones over all others   1.2 N     70
 *   the worst overlaps we know, where none logs or all do           2.5 N    180
 *   the same, every second one logged at random                    12.5 N    700
 *
 * With more than 16 of them, each layer's ICMP rules add up to 512: types and codes.
 * The unit tests hold us to these figures. Whatever they are, a layer takes less than
 * 7 N: of k boxes that share an address less than 2k spans with two boxes each, a
 * quarter of that again where chains part them and end, and what leads there.
 *
 * Every chain ends in a refusal or leads on, so a packet that finds no rule never falls
 * out. The chains are named after a hash of all that is in them: containers with the
 * same rules share them.
 */
#ifndef NETWORKER_ASGPLAN_H
#define NETWORKER_ASGPLAN_H

#include "garden-external-networker/ipc/request.h"
#include "garden-external-networker/netrules/asgchain.h"
#include "netman/err.h"
#include "netman/fw_rule.h"

#define ASG_PREFIX      "asg-"
#define ASG_LITERAL_MAX 32 /* rules that go into the kernel as they came */

/**
 * asg_plan_make() - The chains of a list of rules
 * @log_chain: Where logged packets go on; an empty name if nothing is ever logged
 * @log_all:   Log what any rule accepts
 * @tail:      Ends every chain that does not lead on: the refusal
 *
 * Names in order are layers in order: who reads the chains' verdicts that way has a list
 * that says the same.
 */
int asg_plan_make(const struct egress_list *list, const char *log_chain, bool log_all,
                  const struct fw_rules *tail, struct asg_plan *ret, struct err *e);

/** asg_plan_root() - Name of the chain to go to */
const char *asg_plan_root(const struct asg_plan *plan);

#endif
