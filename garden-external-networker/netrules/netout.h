/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's egress chain, inside an edit of the filter table. Up to
 * ASG_LITERAL_MAX net-out rules stand in it as they came; more are a tree of
 * chains (asgplan.h) that it leads to, behind the rule that lets replies pass.
 */
#ifndef NETWORKER_NETOUT_H
#define NETWORKER_NETOUT_H

#include "garden-external-networker/netrules/rules.h"
#include "netman/fw_tx.h"

/** netout_set() - Make the chain say just these rules; the log chain must exist */
int netout_set(struct fw_table *t, const struct rules_conf *c, const struct subject *s,
               const struct egress_list *rules, struct err *e);

/**
 * netout_add() - Put rules before those that it has
 * @e: FAULT_ABSENT if there is no such chain
 */
int netout_add(struct fw_table *t, const struct rules_conf *c, const struct subject *s,
               const struct egress_list *rules, struct err *e);

/**
 * netout_read() - The net-out rules that the chain stands for, in order
 * @log_chain: Where rules that log go on
 *
 * Of a tree: its layers in order, less what none of them needs; it says the same.
 */
int netout_read(struct fw_table *t, const char *chain, const char *log_chain,
                struct egress_list *ret, struct err *e);

/** netout_drop() - Delete the chain, and its tree if nobody else uses it */
int netout_drop(struct fw_table *t, const char *chain, struct err *e);

#endif
