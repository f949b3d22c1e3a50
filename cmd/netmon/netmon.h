/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration and cycle of netmon. */
#ifndef NETMON_NETMON_H
#define NETMON_NETMON_H

#include "netman/conf.h"

/**
 * struct netmon_conf - The configuration file
 * @poll_interval:    Seconds
 * @debug_port:       Of the loopback server with GET /metrics; 0: none
 * @networker_config: The networker's own file: to count its ports; NULL: they are not counted
 *
 * The reference's other keys are read by nobody: counting takes no lock.
 */
struct netmon_conf {
        int64_t poll_interval;
        char *metron_address;
        char *interface_name;
        char *log_level, *log_prefix, *lock_file, *networker_config;
        bool telemetry_enabled;
        int64_t telemetry_interval;
        int64_t debug_port;
};

extern const struct conf_spec netmon_spec;

static inline void netmon_conf_drop(struct netmon_conf *c)
{
        conf_done(&netmon_spec, c);
}

/** netmon_run() - Measure and send until a signal says to end. Return: 0 then, else -1 */
int netmon_run(const struct netmon_conf *c, struct err *e);

#endif
