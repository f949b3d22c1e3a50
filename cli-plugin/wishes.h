/* SPDX-License-Identifier: Apache-2.0 */
/* The file of apply-access: policies by the names of apps, in YAML. */
#ifndef NETMAN_PLUGIN_WISHES_H
#define NETMAN_PLUGIN_WISHES_H

#include "netman/policy.h"

#include <stddef.h>

/**
 * wishes_parse() - Read
 *
 *   policies:
 *   - source: frontend
 *     destination: backend
 *     protocol: tcp            # the default
 *     ports: [8080, 9000-9010] # or one
 *
 * and nothing behind it: a second document is an error.
 *
 * @ret: Policies whose source and destination are names, in the file's order
 * @e:   FAULT_BAD_INPUT with the line number
 */
int wishes_parse(const char *text, size_t len, struct policy_list *ret, struct err *e);

#endif
