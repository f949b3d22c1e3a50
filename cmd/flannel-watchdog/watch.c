/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flannel-watchdog/watch.h"

#include "cmd/flannel-watchdog/report.h"
#include "netman/file.h"
#include "netman/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

enum { FILE_MAX = 65536, LOOK_EVERY_MS = 1000 };

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
        { .name = "metron_address",
          .type = CONF_STR,
          .at = offsetof(struct watchdog_conf, metron_address) },
        { .name = "health_check_port",
          .type = CONF_INT,
          .at = offsetof(struct watchdog_conf, health_check_port),
          .max = UINT16_MAX },
        { 0 },
};

static void check(const void *conf, struct str *problems)
{
        const struct watchdog_conf *c = conf;
        struct err e;

        if (c->metron_address && dropsonde_check(c->metron_address, &e) < 0)
                conf_problem(problems, "metron_address", "%s", e.msg);
}

const struct conf_spec watchdog_spec = { .keys = keys, .check = check };

/* "10.255.7.1/24" */
static int read_cidr(char *text, struct nlx_addr *ret)
{
        char *slash = strchr(text, '/');
        int64_t len;

        if (!slash)
                return -1;
        *slash = '\0';
        if (inet_pton(AF_INET, text, &ret->ip_be) != 1 ||
            str_to_int(slash + 1, 1, 32, &len, NULL) < 0)
                return -1;
        ret->len = (uint8_t)len;
        return 0;
}

int watchdog_subnet(const char *text, struct nlx_addr *ret, struct err *e)
{
        static const char key[] = "FLANNEL_SUBNET=";

        for (const char *line = text; line; line = strchr(line, '\n')) {
                char value[32];

                line += *line == '\n';
                if (strncmp(line, key, sizeof key - 1) != 0)
                        continue;
                (void)snprintf(value, sizeof value, "%.*s",
                               (int)strcspn(line + sizeof key - 1, "\r\n"), line + sizeof key - 1);
                if (read_cidr(value, ret) == 0)
                        return 0;
                break;
        }
        return err_set(e, FAULT_BAD_INPUT, 0, "names no FLANNEL_SUBNET");
}

static const char *text_of(const struct nlx_addr *a, char buf[24])
{
        char ip[INET_ADDRSTRLEN];

        (void)snprintf(buf, 24, "%s/%u", inet_ntop(AF_INET, &a->ip_be, ip, sizeof ip), a->len);
        return buf;
}

int watchdog_check(struct nlx *nl, const struct watchdog_conf *c, struct err *e)
{
        OWN(mem) struct nlx_addr *all = NULL;
        OWN(str) struct str text = { 0 };
        struct nlx_addr want = { 0 };
        struct nlx_link bridge;
        struct err why = { 0 };
        char a[24], b[24];
        size_t count;

        if (file_read(c->subnet_file, FILE_MAX, &text, e) < 0)
                return err_add(e, "discovering flannel subnet");
        if (watchdog_subnet(str_text(&text), &want, e) < 0)
                return err_add(e, "discovering flannel subnet: %s", c->subnet_file);
        if (nlx_link_get(nl, c->bridge, &bridge, &why) < 0) {
                if (why.fault == FAULT_ABSENT)
                        return 0;
                *e = why;
                return -1;
        }
        if (nlx_addrs(nl, bridge.index, &all, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (all[i].ip_be == want.ip_be && all[i].len == want.len)
                        return 0;
        if (count != 1)
                return err_set(e, FAULT_UPSTREAM, 0, "device '%s' does not have one address",
                               c->bridge);
        return err_set(
                e, FAULT_CONFLICT, 0,
                "This cell must be restarted (run \"bosh restart <job>\").  Flannel is out of "
                "sync with the local bridge. (%s has %s, %s says %s)",
                c->bridge, text_of(&all[0], a), c->subnet_file, text_of(&want, b));
}

/**
 * end_signals() - A descriptor that is readable once we are asked to end
 */
static int end_signals(struct err *e)
{
        sigset_t set;
        int fd;

        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGTERM);
        (void)sigaddset(&set, SIGINT);
        (void)sigprocmask(SIG_BLOCK, &set, NULL);
        fd = signalfd(-1, &set, SFD_CLOEXEC);
        return fd >= 0 ? fd : err_set(e, FAULT_SYSTEM, errno, "signalfd");
}

int watchdog_run(const struct watchdog_conf *c, struct err *e)
{
        OWN(report) struct report report = { 0 };
        OWN(nlx) struct nlx *nl = NULL;
        OWN(fd) int signals = end_signals(e);
        struct pollfd p = { signals, POLLIN, 0 };
        bool doubt = false;

        if (signals < 0 || nlx_open(&nl, e) < 0 || report_start(c, &report, e) < 0)
                return -1;
        log_info("starting", LOG_STR("bridge", c->bridge), LOG_STR("file", c->subnet_file));
        do {
                int rc = watchdog_check(nl, c, e);
                bool maybe = rc < 0 && e->fault == FAULT_UPSTREAM && !doubt;

                /* Of a file that cannot be read nothing is known. */
                if (!maybe && (rc == 0 || e->fault == FAULT_CONFLICT || e->fault == FAULT_UPSTREAM))
                        report_down(&report, rc < 0);
                if (rc < 0 && !maybe)
                        return -1;
                doubt = maybe;
        } while (poll(&p, 1, LOOK_EVERY_MS) <= 0);
        return 0;
}
