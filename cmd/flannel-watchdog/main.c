/* SPDX-License-Identifier: Apache-2.0 */
/* flannel-watchdog: ends with status 1 when bridge and subnet file disagree. */
#include "cmd/flannel-watchdog/watch.h"
#include "netman/conf.h"
#include "netman/log.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>

enum { LOOK_EVERY_MS = 1000 };

static const struct conf_key keys[] = {
        { .name = "flannel_subnet_file",
          .type = CONF_STR,
          .at = offsetof(struct watchdog_conf, subnet_file),
          .required = true },
        { .name = "bridge_name",
          .type = CONF_STR,
          .at = offsetof(struct watchdog_conf, bridge),
          .required = true },
        { .name = "log_prefix",
          .type = CONF_STR,
          .at = offsetof(struct watchdog_conf, log_prefix),
          .def_str = "cfnetworking" },
        { 0 },
};

static const struct conf_spec spec = { .keys = keys };

static void watchdog_conf_drop(struct watchdog_conf *c)
{
        conf_done(&spec, c);
}

/* Look every second until a signal or a disagreement. Return: exit status */
static int watch(const struct watchdog_conf *c)
{
        OWN(nlx) struct nlx *nl = NULL;
        OWN(fd) int signals = -1;
        struct err e = { 0 };
        bool doubt = false;
        sigset_t set;

        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGTERM);
        (void)sigaddset(&set, SIGINT);
        (void)sigprocmask(SIG_BLOCK, &set, NULL);
        signals = signalfd(-1, &set, SFD_CLOEXEC);
        if (signals < 0 || nlx_open(&nl, &e) < 0) {
                log_fatal("fatal", LOG_WHY(&e));
                return 1;
        }
        log_info("starting", LOG_STR("bridge", c->bridge), LOG_STR("file", c->subnet_file));
        for (;;) {
                struct pollfd p = { signals, POLLIN, 0 };
                int rc = watchdog_check(nl, c, &e);

                if (rc < 0 && (e.fault != FAULT_UPSTREAM || doubt)) {
                        log_fatal("fatal", LOG_WHY(&e));
                        return 1;
                }
                doubt = rc < 0;
                if (poll(&p, 1, LOOK_EVERY_MS) > 0)
                        return 0;
        }
}

int main(int argc, char **argv)
{
        static const struct option options[] = { { "config-file", required_argument, NULL, 'c' },
                                                 { "check-config", no_argument, NULL, 'k' },
                                                 { "version", no_argument, NULL, 'v' },
                                                 { 0 } };
        OWN(watchdog_conf) struct watchdog_conf conf = { 0 };
        OWN(str) struct str problems = { 0 };
        const char *path = NULL;
        bool check_only = false;
        struct err e = { 0 };
        int opt;

        while ((opt = getopt_long_only(argc, argv, "", options, NULL)) != -1) {
                if (opt == 'v')
                        return printf("flannel-watchdog " NETMAN_VERSION "\n") < 0;
                if (opt == 'c')
                        path = optarg;
                check_only |= opt == 'k';
        }
        log_init("cfnetworking", "flannel-watchdog", STDOUT_FILENO);
        if (conf_load(path ? path : "", &spec, &conf, &problems, &e) < 0) {
                (void)fprintf(stderr, "%s", str_text(&problems));
                log_fatal("config", LOG_WHY(&e));
                return 1;
        }
        log_init(conf.log_prefix, "flannel-watchdog", STDOUT_FILENO);
        return check_only ? 0 : watch(&conf);
}
