/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/manager/steps.h"

#include "netman/file.h"
#include "netman/nl.h"
#include "netman/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SWITCH "/proc/sys/net/bridge/bridge-nf-call-iptables"

/**
 * is_bridged() - Does the way to the address lead through a bridge?
 */
static int is_bridged(uint32_t ip_be, bool *ret, struct err *e)
{
        OWN(nlx) struct nlx *nl = NULL;
        struct nlx_link link;
        struct err why = { 0 };
        uint32_t src;
        int dev;

        *ret = false;
        if (nlx_open(&nl, e) < 0)
                return -1;
        if (nlx_route_get(nl, ip_be, &dev, &src, &why) < 0)
                return 0; /* no way at all, so no bridge */
        if (nlx_link_get_index(nl, dev, &link, e) < 0)
                return -1;
        *ret = strcmp(link.kind, "bridge") == 0;
        return 0;
}

static bool is_on(void)
{
        OWN(str) struct str text = { 0 };

        return file_read(SWITCH, 16, &text, &(struct err){ 0 }) == 0 && str_text(&text)[0] == '1';
}

int step_bridge_check(uint32_t ip_be, struct err *e)
{
        OWN(fd) int fd = -1;
        bool bridged;

        if (is_bridged(ip_be, &bridged, e) < 0)
                return -1;
        if (!bridged || is_on())
                return 0;
        fd = open(SWITCH, O_WRONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return err_set(e, FAULT_SYSTEM, 0,
                               "packets between containers would pass no rules: "
                               "load the kernel module br_netfilter");
        if (fd < 0 || write(fd, "1", 1) != 1 || !is_on())
                return err_set(e, FAULT_SYSTEM, errno,
                               "packets between containers would pass no rules: "
                               "set net.bridge.bridge-nf-call-iptables=1");
        return 0;
}
