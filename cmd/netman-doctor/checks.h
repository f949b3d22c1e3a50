/* SPDX-License-Identifier: Apache-2.0 */
/* What can be wrong with a cell. Each check tells what it found in the report. */
#ifndef DOCTOR_CHECKS_H
#define DOCTOR_CHECKS_H

#include "cmd/netman-doctor/report.h"
#include "garden-external-networker/manager/manager.h"

/** check_kernel() - Switches and sizes of the kernel */
void check_kernel(struct report *r);

/** check_tables() - Are the legacy tables there, and can their locks be had? */
void check_tables(const struct config *c, struct report *r);

/** check_network() - Port range and overlay against what else the cell uses */
void check_network(const struct config *c, struct report *r);

/**
 * check_mtu() - Does what containers may send fit into the underlay, in its envelope?
 * @instance: The cell's address, or 0
 */
void check_mtu(uint32_t instance, const char *subnet_file, struct report *r);

/** check_plugins() - Every plugin that the CNI configuration names, delegates too */
void check_plugins(const struct manager *m, struct report *r);

/**
 * check_orphans() - What no live container owns
 * @config_file: For remedies
 * @fix:         Remove it
 */
void check_orphans(const struct manager *m, const char *config_file, bool fix, struct report *r);

#endif
