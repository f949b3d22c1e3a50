/* SPDX-License-Identifier: Apache-2.0 */
/* The file that flanneld writes, as the agent and the watchdog read it. */
#include "cmd/flannel-watchdog/watch.h"
#include "netman/own.h"
#include "vxlan-policy-agent/poll/subnet.h"

#include <arpa/inet.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        OWN(mem) char *text = strndup((const char *)data, size);
        struct nlx_addr gateway = { 0 };
        struct fw_net net = { 0 };
        struct err e;
        bool one = subnet_parse(text, &net, &e) == 0;
        bool other = watchdog_subnet(text, &gateway, &e) == 0;

        /* What one of them takes for the cell's subnet the other must, too. */
        if (one != other)
                __builtin_trap();
        if (one && (!net.len || net.len > 32 || net.len != gateway.len ||
                    !fw_net_has(net, ntohl(gateway.ip_be)) || net.addr & ~fw_mask(net.len)))
                __builtin_trap();
        return 0;
}
