/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: A container's rules
 *
 * Pure functions from a container's address, its net-out rules and the
 * configuration to the rules of its chains; nothing here knows a kernel.
 */
#ifndef NETWORKER_RULES_H
#define NETWORKER_RULES_H

#include "garden-external-networker/ipc/request.h"
#include "garden-external-networker/netrules/conf.h"
#include "garden-external-networker/netrules/names.h"
#include "netman/fw_rule.h"

#include <stddef.h>
#include <stdint.h>

/**
 * struct subject - The container that rules are made for
 * @workload: "app", "running", "staging", "task"…: its property container_workload; may be NULL
 * @app:      Whose policies it has: its property policy_group_id; may be NULL
 * @ip:       The address that Garden knows
 * @others:   Further ones in the overlay, of more networks: no rule speaks for them,
 *            so nothing passes
 */
struct subject {
        const char *handle, *workload, *app;
        uint32_t ip;
        const uint32_t *others;
        size_t other_count;
        struct chain_names names;
};

/** rules_input() - What the container may reach on the cell itself */
int rules_input(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                struct err *e);

/**
 * rules_egress() - Net-out rules in the literal layout, in their order
 */
int rules_egress(const struct rules_conf *c, const struct subject *s,
                 const struct egress_list *list, struct fw_rules *ret, struct err *e);

/**
 * rules_first() - What stands before all net-out rules: denied networks, the limit
 *                 on new connections
 */
int rules_first(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                struct err *e);

/** rules_ratelog() - What becomes of connections that are opened too fast; no rules: refusal */
int rules_ratelog(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                  struct err *e);

/** rules_replies() - What belongs to an open connection passes */
int rules_replies(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                  struct err *e);

/** rules_refusal() - The end of every chain of a tree: refuse, whoever sent it */
int rules_refusal(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                  struct err *e);

/** rules_netout_end() - What stands behind all net-out rules: replies pass, the rest is refused */
int rules_netout_end(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                     struct err *e);

/** rules_netlog() - Log what a net-out rule accepted, and accept it */
int rules_netlog(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                 struct err *e);

/**
 * rules_overlay() - Refuse what comes to a container
 *
 * From the overlay all of it: the policy agent's chain is passed before and has
 * accepted what a policy allows; this stands even if the agent never ran. From
 * elsewhere all but replies and what came through a port forward: the cell's
 * neighbours could send to a container's own address, too.
 */
int rules_overlay(const struct rules_conf *c, struct fw_rules *ret, struct err *e);

/** rules_forward() - The chain that leads to the trees */
int rules_forward(const struct rules_conf *c, struct fw_rules *ret, struct err *e);

/** rules_netin() - One port forward */
struct fw_rule rules_netin(uint32_t host_ip, uint16_t host_port, uint32_t container_ip,
                           uint16_t container_port);

#endif
