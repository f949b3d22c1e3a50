/* SPDX-License-Identifier: Apache-2.0 */
/* What netmon measures. */
#ifndef NETMON_MEASURE_H
#define NETMON_MEASURE_H

#include "netman/err.h"
#include "netman/nl.h"

#include <stddef.h>
#include <stdint.h>

/** enum reading - The metrics, in the order they are sent */
enum reading {
        READING_INTERFACES,
        READING_RULES,
        READING_TX_BYTES,
        READING_RX_BYTES,
        READING_RX_DROPPED,
        READING_TX_DROPPED,
        READING_COUNT_
};

/** reading_name() - "NetInterfaceCount", … */
const char *reading_name(enum reading r);

/**
 * measure() - Take all readings
 * @device: The overlay device
 * @ret:    What could be read; @ret_count: how many of them, from the first
 * @e:      Why the one after those could not
 */
int measure(struct nlx *nl, const char *device, uint64_t ret[READING_COUNT_], size_t *ret_count,
            struct err *e);

#endif
