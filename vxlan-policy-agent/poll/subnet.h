/* SPDX-License-Identifier: Apache-2.0 */
/* This cell's part of the overlay, from the file that flanneld writes. */
#ifndef VXLAN_POLICY_AGENT_SUBNET_H
#define VXLAN_POLICY_AGENT_SUBNET_H

#include "netman/err.h"
#include "netman/fw_rule.h"

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/**
 * struct subnet - What the file said; all zero: nothing yet
 * @net:   @net.len is 0 until a file could be read
 * @looked: At a file, or for one
 * @inode, @changed: Of the file that was looked at last, readable or not; 0 where
 *          there was none
 */
struct subnet {
        struct fw_net net;
        bool looked;
        ino_t inode;
        struct timespec changed;
};

/** subnet_stale() - Is there another file than the one that was looked at last? */
bool subnet_stale(const char *path, const struct subnet *s);

/**
 * subnet_read() - Look at the file
 * @s: Notes which file it was; its net stays as it was on failure
 * @e: FAULT_ABSENT, or FAULT_BAD_INPUT naming the line that is missing or wrong
 */
int subnet_read(const char *path, struct subnet *s, struct err *e);

/** subnet_parse() - FLANNEL_SUBNET=10.255.7.1/24 among other lines: 10.255.7.0/24 */
int subnet_parse(const char *text, struct fw_net *ret, struct err *e);

#endif
