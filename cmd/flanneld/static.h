/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of the static mode:
 *
 *   { "config": { "Network": "10.255.0.0/16", "Backend": { "Type": "vxlan", "GBP": true } },
 *     "leases": [ { "Subnet": "10.255.7.0/24", "PublicIP": "10.0.0.7" }, … ] }
 *
 * A lease may name its "VtepMAC"; else it follows from the public address, so
 * that every cell that has the file knows it.
 */
#ifndef FLANNELD_STATIC_H
#define FLANNELD_STATIC_H

#include "cmd/flanneld/lease.h"
#include "netman/jsonx.h"

/** static_leases() - The leases in the file's document, all of VNI @vni */
int static_leases(const json_t *root, uint32_t vni, struct leases *ret, struct err *e);

#endif
