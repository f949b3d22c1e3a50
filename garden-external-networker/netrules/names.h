/* SPDX-License-Identifier: Apache-2.0 */
/* Names of a container's chains, and of the chains that all containers share. */
#ifndef NETWORKER_NAMES_H
#define NETWORKER_NAMES_H

#include "netman/fw_dispatch.h"
#include "netman/fw_rule.h"

#include <stdbool.h>

#define CHAIN_FORWARD "netman--forward" /* filter; FORWARD jumps here */
#define CHAIN_SRC     "netman--src"     /* filter; tree of netout chains */
#define CHAIN_DST     "netman--dst"     /* filter; tree of all containers' addresses */
#define CHAIN_OVERLAY "netman--overlay" /* filter; where its leaves lead */
#define CHAIN_INPUT   "netman--input"   /* filter; INPUT jumps here; tree of input chains */
#define CHAIN_NETIN   "netman--netin"   /* nat; PREROUTING jumps here; tree of netin chains */

extern const struct fw_tree tree_src, tree_dst, tree_input, tree_netin;

/** struct chain_names - A container's own chains */
struct chain_names {
        char input[FW_CHAIN_MAX + 1], netout[FW_CHAIN_MAX + 1], netlog[FW_CHAIN_MAX + 1];
        char netin[FW_CHAIN_MAX + 1], ratelog[FW_CHAIN_MAX + 1];
        char overlay[FW_CHAIN_MAX + 1]; /* of earlier versions: only to be deleted */
        char rate[FW_RATE_NAME + 1];    /* no chain: the kernel's table of counts */
};

/**
 * chain_names_make() - "netout--HANDLE" and so on, cut to what the kernel takes
 * @hashed: The cut name is another container's: end it in a hash of the handle
 *          ("netout--executor-he~1f2e3d4c")
 *
 * Characters that iptables cannot print become '_', and the name is hashed.
 */
void chain_names_make(const char *handle, bool hashed, struct chain_names *ret);

#endif
