/* SPDX-License-Identifier: Apache-2.0 */
/* Does what the cell does agree with what it was told to? */
#ifndef FLANNEL_WATCHDOG_WATCH_H
#define FLANNEL_WATCHDOG_WATCH_H

#include "netman/conf.h"
#include "netman/err.h"
#include "netman/nl.h"

/**
 * struct watchdog_conf - The configuration file
 * @metron_address:    Who is told flannelDown; NULL: nobody
 * @health_check_port: On loopback, answers while all is well; 0: none
 */
struct watchdog_conf {
        char *subnet_file;
        char *bridge;
        char *log_prefix;
        char *metron_address;
        int64_t health_check_port;
};

extern const struct conf_spec watchdog_spec;

static inline void watchdog_conf_drop(struct watchdog_conf *c)
{
        conf_done(&watchdog_spec, c);
}

/** watchdog_subnet() - The gateway's address in a subnet file's text, "10.255.7.1/24" */
int watchdog_subnet(const char *text, struct nlx_addr *ret, struct err *e);

/**
 * watchdog_check() - One look
 * @e: FAULT_CONFLICT: bridge and subnet file disagree; FAULT_ABSENT,
 *     FAULT_BAD_INPUT: the subnet file is missing or names no subnet;
 *     FAULT_UPSTREAM: the bridge has no address or several, as it has for a
 *     moment while the CNI plugin makes it: worth a second look
 *
 * A bridge that is not there yet agrees with any file: there is no container.
 */
int watchdog_check(struct nlx *nl, const struct watchdog_conf *c, struct err *e);

/** watchdog_run() - Look every second. Return: 0 when a signal says to end; -1: a disagreement */
int watchdog_run(const struct watchdog_conf *c, struct err *e);

#endif
