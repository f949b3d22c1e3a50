/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/netman-doctor/checks.h"

#include "netman/file.h"
#include "netman/fw_tx.h"
#include "netman/nl.h"
#include "netman/str.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOCK_WAIT_MS   1000
#define NEIGHBOURS_MIN 4096 /* containers and the underlay have some, too */

/**
 * read_number() - A file that holds one number
 */
static int read_number(const char *path, int64_t *ret, struct err *e)
{
        OWN(str) struct str text = { 0 };

        if (file_read(path, 64, &text, e) < 0)
                return -1;
        if (text.len && text.data[text.len - 1] == '\n')
                text.data[text.len - 1] = '\0';
        return str_to_int(str_text(&text), INT64_MIN, INT64_MAX, ret, e);
}

/* A switch that has to have a value, or at least that value. */
static const struct {
        const char *what, *path;
        int64_t least;
        bool needed;
        const char *remedy;
} switches[] = {
        { "IPv4 forwarding", "/proc/sys/net/ipv4/ip_forward", 1, true,
          "sysctl -w net.ipv4.ip_forward=1" },
        { "bridged packets meet the tables", "/proc/sys/net/bridge/bridge-nf-call-iptables", 1,
          true, "modprobe br_netfilter; sysctl -w net.bridge.bridge-nf-call-iptables=1" },
        { "room for connections", "/proc/sys/net/netfilter/nf_conntrack_max", 65536, false,
          "sysctl -w net.netfilter.nf_conntrack_max=262144" },
};

/**
 * count_cells() - Other cells of the overlay: each has a route through a VXLAN device
 */
static int count_cells(int64_t *ret, struct err *e)
{
        OWN(nlx) struct nlx *nl = NULL;
        OWN(mem) struct nlx_route *routes = NULL;
        struct nlx_link link;
        size_t count;

        if (nlx_open(&nl, e) < 0 || nlx_routes(nl, 0, &routes, &count, e) < 0)
                return -1;
        *ret = 0;
        for (size_t i = 0; i < count; i++)
                *ret += nlx_link_get_index(nl, routes[i].dev, &link, NULL) == 0 &&
                        strcmp(link.kind, "vxlan") == 0;
        return 0;
}

/**
 * check_neighbours() - Room for twice the cells, below each of the three marks
 *
 * Above the second the kernel throws out entries that are some seconds old, above the
 * third it takes no new ones.
 */
static void check_neighbours(struct report *r)
{
        static const char what[] = "room for neighbours";
        int64_t cells, least, value;
        struct err e = { 0 };

        if (count_cells(&cells, &e) < 0) {
                report_fail(r, what, "%s", e.msg);
                return;
        }
        for (int mark = 1; mark <= 3; mark++) {
                char path[80];

                (void)snprintf(path, sizeof path, "/proc/sys/net/ipv4/neigh/default/gc_thresh%d",
                               mark);
                least = cells * 2;
                if (mark == 3 && least < NEIGHBOURS_MIN)
                        least = NEIGHBOURS_MIN;
                /* They are only in the first network namespace. */
                if (read_number(path, &value, &e) < 0 || value >= least)
                        continue;
                report_warn(r, what,
                            "%s is %" PRId64 ", with %" PRId64 " other cells; do: sysctl -w "
                            "net.ipv4.neigh.default.gc_thresh%d=%" PRId64,
                            path, value, cells, mark, least);
                return;
        }
        report_pass(r, what);
}

void check_kernel(struct report *r)
{
        check_neighbours(r);
        for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
                struct err e = { 0 };
                int64_t value = 0;

                if (read_number(switches[i].path, &value, &e) == 0 && value >= switches[i].least) {
                        report_pass(r, switches[i].what);
                        continue;
                }
                /* Some are only in the first network namespace. */
                if (e.fault == FAULT_ABSENT && !switches[i].needed)
                        continue;
                if (!*e.msg)
                        (void)err_set(&e, FAULT_BAD_INPUT, 0, "%s is %" PRId64, switches[i].path,
                                      value);
                if (switches[i].needed)
                        report_fail(r, switches[i].what, "%s; do: %s", e.msg, switches[i].remedy);
                else
                        report_warn(r, switches[i].what, "%s; do: %s", e.msg, switches[i].remedy);
        }
}

static void check_extensions(struct report *r)
{
        static const char what[] = "matches and targets of the rules";
        OWN(str) struct str missing = { 0 };
        struct err e;

        if (fw_missing(&missing, &e) < 0)
                report_fail(r, what, "%s", e.msg);
        else if (missing.len)
                report_fail(r, what,
                            "the kernel lacks%s; load their modules: modprobe xt_NAME or ipt_NAME",
                            str_text(&missing));
        else
                report_pass(r, what);
}

static void check_lock(const char *path, struct report *r)
{
        OWN(fd) int fd = -1;
        char what[160];
        struct err e;

        (void)snprintf(what, sizeof what, "lock %.140s", path);
        /* One that nobody has taken yet is made by who takes it first, not by who looks. */
        if ((access(path, F_OK) < 0 && errno == ENOENT) ||
            file_lock(path, LOCK_WAIT_MS, &fd, &e) == 0)
                report_pass(r, what);
        else
                report_fail(r, what, "%s; see who holds it: fuser -v %s", e.msg, path);
}

void check_tables(const struct config *c, struct report *r)
{
        static const char *const tables[] = { "filter", "nat", "raw", "mangle" };

        for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
                unsigned int rules, bytes;
                char what[40];
                struct err e;

                (void)snprintf(what, sizeof what, "legacy table %s", tables[i]);
                if (fw_size(tables[i], &rules, &bytes, &e) == 0)
                        report_pass(r, what);
                else
                        report_fail(r, what,
                                    "%s; the kernel needs CONFIG_IP_NF_IPTABLES_LEGACY or the "
                                    "module iptable_%s",
                                    e.msg, tables[i]);
        }
        check_extensions(r);
        check_lock(c->rules.iptables_lock_file, r);
        check_lock(FW_XTABLES_LOCK, r);
}
