/* SPDX-License-Identifier: Apache-2.0 */
/* What netmon measures. */
#ifndef NETMON_MEASURE_H
#define NETMON_MEASURE_H

#include "netman/err.h"
#include "netman/nl.h"

#include <stddef.h>
#include <stdint.h>

/** enum reading - What is read, in this order */
enum reading {
        READING_INTERFACES,
        READING_RULES,
        READING_CHAINS,
        READING_TX_BYTES,
        READING_RX_BYTES,
        READING_RX_DROPPED,
        READING_TX_DROPPED,
        READING_COUNT_
};

/** reading_name() - "NetInterfaceCount", …, as metron knows it; NULL for one that it is not told */
const char *reading_name(enum reading r);

/**
 * reading_for_metron() - A reading as metron is told it
 *
 * IPTablesRuleCount is the number of lines of `iptables -S`, which has one for each chain, too.
 */
uint64_t reading_for_metron(const uint64_t now[READING_COUNT_], enum reading r);

/**
 * measure() - Take all readings
 * @device: The overlay device
 * @ret:    What could be read; @ret_count: how many of them, from the first
 * @e:      Why the one after those could not
 */
int measure(struct nlx *nl, const char *device, uint64_t ret[READING_COUNT_], size_t *ret_count,
            struct err *e);

#endif
