/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: flannel's own flags, as far as they have a meaning here, and
 * a few of ours. As with flannel, FLANNELD_ETCD_ENDPOINTS and so on in the
 * environment stand for flags that are not given.
 */
#ifndef FLANNELD_OPTIONS_H
#define FLANNELD_OPTIONS_H

#include "cmd/flanneld/store.h"
#include "cmd/flanneld/underlay.h"
#include "netman/err.h"
#include "netman/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct options - What was asked for; texts are borrowed from argv and environ
 * @margin_min: Minutes before its end at which the lease is renewed
 * @ttl_s:      Life of a lease
 * @guard:      Refuse VXLAN packets from anybody but the other cells
 * @lock_file:  Lock of all who change iptables here, besides iptables' own; or NULL
 * @no_gbp:     Go on although the network carries no group policy
 * @ip_masq:    Masquerade what leaves the overlay
 * @resync_s:   Seconds between two looks at the iptables rules
 * @healthz_ip, @healthz_port: Where GET /healthz is answered; port 0: nowhere
 * @debug_port: The same for the debug server, on loopback
 */
struct options {
        struct store_conf store;
        struct underlay_wish underlay;
        const char *subnet_file;
        int64_t margin_min;
        int64_t ttl_s;
        bool no_gbp;
        bool guard;
        bool ip_masq;
        int64_t resync_s;
        const char *healthz_ip;
        int64_t healthz_port, debug_port;
        const char *lock_file;
        bool check;
        bool version;
        bool help;
        enum log_level level;
};

/** options_usage - What there is to say */
extern const char options_usage[];

/**
 * options_parse() - Read the command line
 * @environment: getenv() or, in tests, something like it
 * @problems:    Gets a line, naming the flag, for each that is wrong
 */
void options_parse(int argc, char *const *argv, char *(*environment)(const char *name),
                   struct options *ret, struct str *problems);

#endif
