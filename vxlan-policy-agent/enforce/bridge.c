/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/enforce/bridge.h"

#include "netman/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SWITCH "/proc/sys/net/bridge/bridge-nf-call-iptables"

/**
 * any_bridge() - Is there a bridge in this network namespace?
 *
 * Return: true also where that cannot be found out
 */
static bool any_bridge(void)
{
        OWN(dir) DIR *dir = opendir("/sys/class/net");
        const struct dirent *entry;
        char path[320];

        if (!dir)
                return true;
        while ((entry = readdir(dir))) {
                (void)snprintf(path, sizeof path, "/sys/class/net/%s/bridge", entry->d_name);
                if (access(path, F_OK) == 0)
                        return true;
        }
        return false;
}

int bridge_filters(struct err *e)
{
        OWN(fd) int fd = open(SWITCH, O_RDONLY | O_CLOEXEC);
        OWN(fd) int out = -1;
        char now = '0';

        if (fd >= 0 && read(fd, &now, 1) == 1 && now == '1')
                return 0;
        if (fd >= 0)
                out = open(SWITCH, O_WRONLY | O_CLOEXEC);
        if (out >= 0 && write(out, "1\n", 2) == 2)
                return 0;
        if (!any_bridge())
                return 0;
        return err_set(e, FAULT_SYSTEM, 0,
                       "traffic between containers on the bridge passes without policy: %s; "
                       "load br_netfilter and set net.bridge.bridge-nf-call-iptables=1",
                       fd < 0 ? "br_netfilter is not loaded"
                              : "net.bridge.bridge-nf-call-iptables is 0");
}
