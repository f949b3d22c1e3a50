/* SPDX-License-Identifier: Apache-2.0 */
/* flanneld: this cell's part of the VXLAN overlay with group policy. */
#include "cmd/flanneld/daemon.h"
#include "netman/log.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
        struct options o;
        struct err e = { 0 };

        if (options_parse(argc, argv, getenv, &o, &e) < 0) {
                (void)fprintf(stderr, "flanneld: %s\n\n%s", e.msg, options_usage);
                return 2;
        }
        if (o.help || o.version) {
                (void)fputs(o.help ? options_usage : "flanneld " NETMAN_VERSION "\n", stdout);
                return 0;
        }
        if (o.check)
                return 0;
        log_init("cfnetworking", "flanneld", 1);
        log_set_level(o.level);
        if (daemon_run(&o, &e) < 0) {
                log_fatal("failed", LOG_WHY(&e));
                return 1;
        }
        return 0;
}
