/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule values <-> the bytes the kernel takes (struct ipt_entry). Only
 * lib/fw_tx.c and tests need this; everybody else uses netman/fw_tx.h.
 */
#ifndef NETMAN_FW_ENCODE_H
#define NETMAN_FW_ENCODE_H

#include "netman/fw_rule.h"

#include <libiptc/libiptc.h>

#define FW_ENTRY_MAX 1536 /* bytes: a rule with every match there is takes less */

/** struct fw_entry - One encoded rule */
struct fw_entry {
        size_t len;
        union { /* last, as clang wants it: ipt_entry has an open array */
                struct ipt_entry head;
                unsigned char bytes[FW_ENTRY_MAX];
        };
};

/**
 * fw_encode() - The bytes of a rule, as libiptc wants them
 * @e: FAULT_BAD_INPUT: no rule the kernel could hold, see fw_rule_check()
 *
 * A jump's chain and a verdict stand as the target's name; libiptc resolves them.
 */
int fw_encode(const struct fw_rule *r, struct fw_entry *ret, struct err *e);

/**
 * fw_decode() - The rule of an entry that libiptc gave
 * @target: iptc_get_target() of it
 *
 * What fw_encode() would not give back byte for byte is FW_FOREIGN, with a
 * checksum of its bytes in value and mask to tell two of them apart.
 */
void fw_decode(const struct ipt_entry *entry, const char *target, struct fw_rule *ret);

/** struct fw_extension - A match or target of the kernel that rules of ours may use */
struct fw_extension {
        const char *name;
        uint8_t revision;
        bool target;
};

/** fw_extension() - The @i-th of them. Return: false past the last */
bool fw_extension(size_t i, struct fw_extension *ret);

/**
 * fw_normalise() - An entry's bytes without what changes by itself
 * @ret: The copy without counters, kernel-private fields and resolved verdicts
 *
 * Return: false where the entry is larger than any of ours or malformed
 */
bool fw_normalise(const struct ipt_entry *entry, const char *target, struct fw_entry *ret);

/** fw_entry_same() - Are two encoded or normalised entries the same rule? */
bool fw_entry_same(const struct fw_entry *a, const struct fw_entry *b);

#endif
