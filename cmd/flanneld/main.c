/* SPDX-License-Identifier: Apache-2.0 */
/* flanneld: this cell's part of the VXLAN overlay with group policy. */
#include "cmd/flanneld/daemon.h"
#include "cmd/flanneld/join.h"
#include "netman/log.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
        OWN(str) struct str problems = { 0 };
        struct options o;
        struct err e = { 0 };

        options_parse(argc, argv, getenv, &o, &problems);
        if (o.check && !o.help && join_check(&o, &e) < 0)
                str_addf(&problems, "%s\n", e.msg);
        if (problems.len > 0) {
                (void)fprintf(stderr, "%sflanneld --help tells all flags\n", str_text(&problems));
                return 1;
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
