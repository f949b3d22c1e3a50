/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a commit notices of another program's change to the same table, and the
 * longest name of a chain.
 */
#include "tests/platform/probe.h"

#include <errno.h>
#include <libiptc/libiptc.h>

/**
 * race() - Read the table, let another program change it, change it ourselves, commit
 *
 * Return: 0, or the commit's errno
 */
static int race(const char *rival)
{
        struct xtc_handle *h = iptc_init("filter");
        xt_chainlabel chain = "probe";
        int rc = 0;

        if (!h)
                return errno;
        probe_must(rival);
        if (!iptc_create_chain(chain, h) || !iptc_commit(h))
                rc = errno;
        iptc_free(h);
        probe_must("iptables-legacy -X probe 2>/dev/null || true");
        return rc;
}

static int create(const char *name)
{
        struct xtc_handle *h = iptc_init("filter");
        xt_chainlabel chain = { 0 };
        int rc = 0;

        if (!h)
                return errno;
        (void)snprintf(chain, sizeof chain, "%s", name);
        if (!iptc_create_chain(chain, h) || !iptc_commit(h))
                rc = errno;
        iptc_free(h);
        return rc;
}

int main(void)
{
        struct probe p = { 0 };

        probe_must("iptables-legacy -A FORWARD -s 192.0.2.1 -j DROP");
        probe_ok(&p, race("iptables-legacy -A FORWARD -s 192.0.2.2 -j DROP") == EAGAIN,
                 "a rule more in between: EAGAIN");
        probe_ok(&p, race("iptables-legacy -D FORWARD -s 192.0.2.2 -j DROP") == EAGAIN,
                 "a rule less in between: EAGAIN");
        probe_ok(&p, race("iptables-legacy -R FORWARD 1 -s 192.0.2.3 -j DROP") == 0,
                 "another rule in its place: the commit goes through");
        probe_ok(&p, probe_sh("iptables-legacy -C FORWARD -s 192.0.2.1 -j DROP"),
                 "and undoes it: the lock is what protects others");
        probe_ok(&p, create("a-name-of-twenty-eight-chars") == 0, "28 characters name a chain");
        probe_ok(&p, !probe_sh("iptables-legacy -N a-name-of-twenty-nine-letters 2>/dev/null"),
                 "29 do not, for the iptables command: operators could not look at it");
        return probe_end(&p);
}
