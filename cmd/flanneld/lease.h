/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases: which subnet belongs to which cell. In the store a lease's key names
 * the subnet and its value, JSON in flannel's own form, the cell.
 */
#ifndef FLANNELD_LEASE_H
#define FLANNELD_LEASE_H

#include "cmd/flanneld/ip4.h"
#include "cmd/flanneld/netconf.h"
#include "netman/err.h"
#include "netman/own.h"
#include "netman/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEASE_MAC_LEN = 6, LEASES_MAX = 65536, LEASE_VALUE_MAX = 4096 };

#define LEASE_VNI_UNSAID UINT32_MAX

/**
 * struct lease - One cell's
 * @public_ip: The cell's address in the underlay; 0: its value cannot be understood
 * @vxlan:     It is a VXLAN lease and @vni and @mac are set; other kinds only
 *             occupy their subnet
 * @vni:       Or LEASE_VNI_UNSAID, as flannel before 0.14 leaves it
 * @id:        What keeps it alive in the store (etcd v3's lease id; with etcd v2 1
 *             if it has an end); 0: it stays for ever
 * @rev:       Revision of the store at its last change
 */
struct lease {
        struct ip4_net subnet;
        uint32_t public_ip;
        bool vxlan;
        uint32_t vni;
        uint8_t mac[LEASE_MAC_LEN];
        int64_t id;
        int64_t rev;
};

/**
 * lease_key_parse() - The subnet that a key names
 * @key: "10.255.7.0-24", with anything up to the last slash in front; an IPv6
 *       subnet behind "&" is passed over
 *
 * Return: false if it names none
 */
bool lease_key_parse(const char *key, struct ip4_net *ret);

/** lease_key() - "10.255.7.0-24" */
struct ip4_text lease_key(struct ip4_net subnet);

/** lease_value_parse() - Fill in @l's cell from a value; the rest stays as it is */
int lease_value_parse(const char *text, size_t len, struct lease *l, struct err *e);

/** lease_value_print() - The value, compact and with its keys in flannel's order */
void lease_value_print(const struct lease *l, struct str *s);

/** lease_same_cell() - Do both name the same cell in the same way? */
bool lease_same_cell(const struct lease *a, const struct lease *b);

/** struct leases - All leases, sorted by subnet; all zero is none */
struct leases {
        struct lease *at; /* owned */
        size_t count, cap;
};

void leases_drop(struct leases *all);

/** leases_put() - Add one, or replace the one of the same subnet */
int leases_put(struct leases *all, const struct lease *l, struct err *e);

/** leases_remove() - Remove the one of a subnet, if there is one */
void leases_remove(struct leases *all, struct ip4_net subnet);

/** leases_find() - By subnet. Return: borrowed, or NULL */
const struct lease *leases_find(const struct leases *all, struct ip4_net subnet);

/** leases_of() - By public address. Return: borrowed, or NULL */
const struct lease *leases_of(const struct leases *all, uint32_t public_ip);

/**
 * leases_pick() - A free subnet
 * @dice: A random number: of the first hundred free subnets it picks one, so
 *        that cells that start together seldom want the same
 * @e:    FAULT_CONFLICT: the network is exhausted
 */
int leases_pick(const struct leases *all, const struct netconf *c, uint32_t dice,
                struct ip4_net *ret, struct err *e);

/** mac_parse(), mac_print() - "0a:58:0a:ff:07:00" */
bool mac_parse(const char *text, uint8_t mac[LEASE_MAC_LEN]);
struct ip4_text mac_text(const uint8_t mac[LEASE_MAC_LEN]);

#endif
