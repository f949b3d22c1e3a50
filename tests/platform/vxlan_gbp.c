/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet's mark travels in the VXLAN header to the other host, sixteen bits of
 * it, and is the packet's mark there.
 */
#include "tests/platform/probe.h"

static const char setup[] =
        "set -e\n"
        "for n in 1 2; do ip netns add h$n; done\n"
        "ip link add u1 netns h1 type veth peer name u2 netns h2\n"
        "for n in 1 2; do\n"
        "  ip -n h$n addr add 192.0.2.$n/24 dev u$n; ip -n h$n link set u$n up\n"
        "  ip -n h$n link add vx type vxlan id 7 local 192.0.2.$n dstport 8472 gbp nolearning\n"
        "  ip -n h$n link set vx address 02:00:00:00:00:0$n; ip -n h$n link set vx up\n"
        "  ip -n h$n addr add 10.7.0.$n/24 dev vx\n"
        "  o=$((3 - n))\n"
        "  ip -n h$n neigh add 10.7.0.$o lladdr 02:00:00:00:00:0$o dev vx nud permanent\n"
        "  bridge -n h$n fdb append 02:00:00:00:00:0$o dev vx dst 192.0.2.$o\n"
        "done\n"
        "x() { ip netns exec h1 iptables-legacy -A OUTPUT \"$@\"; }\n"
        "x -p udp --dport 1001 -j MARK --set-xmark 0x1234/0xffffffff\n"
        "x -p udp --dport 1002 -j MARK --set-xmark 0x21234/0xffffffff\n"
        "r() { ip netns exec h2 iptables-legacy -A INPUT \"$@\"; }\n"
        "r -p udp --dport 1001 -m mark --mark 0x1234 -m comment --comment carried\n"
        "r -p udp --dport 1002 -m mark --mark 0x1234 -m comment --comment cut\n"
        "r -p udp --dport 1003 -m mark --mark 0 -m comment --comment none\n"
        "for p in 1001 1002 1003; do\n"
        "  ip netns exec h1 sh -c \"echo x | socat -u - UDP:10.7.0.2:$p\"; done\n";

static bool counted_on_two(const char *comment)
{
        char command[256];

        (void)snprintf(command, sizeof command,
                       "ip netns exec h2 iptables-legacy -vS | grep -e '--comment %s -c 1 '",
                       comment);
        return probe_sh(command);
}

int main(void)
{
        struct probe p = { 0 };

        probe_must(setup);
        probe_ok(&p, counted_on_two("carried"), "a mark set on one host is the mark on the other");
        probe_ok(&p, counted_on_two("cut"), "only its low sixteen bits arrive");
        probe_ok(&p, counted_on_two("none"), "a packet without a mark arrives without one");
        return probe_end(&p);
}
