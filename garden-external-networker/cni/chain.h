/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: The CNI runtime
 *
 * Every network of cni_config_dir gives the container one interface, eth0, eth1
 * and so on; its plugins run in their order, each given the result of the one
 * before. On DEL all runs backwards, and a failure stops nothing.
 */
#ifndef NETWORKER_CHAIN_H
#define NETWORKER_CHAIN_H

#include "garden-external-networker/ipc/request.h"
#include "netman/cni.h"
#include "netman/err.h"
#include "netman/jsonx.h"

#include <stddef.h>
#include <stdint.h>

/**
 * struct chain - What all plugin runs for one container have in common
 * @nets:       The networks
 * @plugin_dir: Where plugins are
 * @netns:      The kept namespace; "" where it is gone
 * @timeout_ms: For each plugin
 * @metadata:   The container's properties; NULL or empty: not sent
 * @rules_json: Its net-out rules as they came, or NULL
 * @ports:      Its port forwards
 * @meanwhile:  To be done while the first plugin runs; may be NULL
 */
struct chain {
        const struct cni_networks *nets;
        const char *handle, *plugin_dir, *netns;
        int timeout_ms;
        json_t *metadata, *rules_json;
        const struct net_in *ports;
        size_t port_count;
        struct meanwhile *meanwhile;
};

/**
 * chain_add() - Connect the container to every network
 * @results: An array; gets {"name","ifname","result"} for each network that was
 *           connected, also on failure: what there is to undo
 */
int chain_add(const struct chain *chain, json_t *results, struct err *e);

/**
 * chain_del() - Disconnect it from every network
 * @results: As filled in by chain_add(); empty where they are not known
 * @e:       The first failure
 */
int chain_del(const struct chain *chain, const json_t *results, struct err *e);

/**
 * struct chain_answer - What the first network's result says
 * @interface: Inside the container; borrowed from the results
 * @dns:       Array of name servers, borrowed; NULL for none
 */
struct chain_answer {
        struct cni_ip4 ip;
        const char *interface;
        json_t *dns;
};

/**
 * chain_addresses() - Those that the other networks gave, host byte order
 * @ret: New array
 */
int chain_addresses(const json_t *results, uint32_t **ret, size_t *ret_count, struct err *e);

int chain_answer(const json_t *results, struct chain_answer *ret, struct err *e);

#endif
