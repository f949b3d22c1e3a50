/* SPDX-License-Identifier: Apache-2.0 */
/* Masquerading: what a container sends outside the overlay leaves with the cell's address. */
#ifndef CNI_MASQ_H
#define CNI_MASQ_H

#include "netman/err.h"
#include "netman/fw_rule.h"

#include <stdint.h>

/**
 * struct masq - One container's masquerading
 * @overlay:   Traffic to it keeps its address
 * @spare:     So does traffic to this network; @spare.len 0 for none
 */
struct masq {
        const char *lock_file, *handle;
        uint32_t ip;
        struct fw_net overlay, spare;
};

int masq_add(const struct masq *m, struct err *e);

/** masq_remove() - By handle: the address need not be known; none is no error */
int masq_remove(const char *lock_file, const char *handle, struct err *e);

#endif
