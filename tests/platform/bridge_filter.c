/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets between two ports of a bridge meet iptables only where
 * bridge-nf-call-iptables is on, which each network namespace decides for itself;
 * and they know the port they came through.
 */
#include "tests/platform/probe.h"

static const char setup[] =
        "set -e\n"
        "ip link add br0 type bridge; ip link set br0 up; ip addr add 10.7.0.254/24 dev br0\n"
        "sysctl -qw net.ipv4.ip_forward=1\n"
        "for n in 1 2; do\n"
        "  ip netns add c$n; ip link add p$n type veth peer name eth0 netns c$n\n"
        "  ip link set p$n master br0 up; ip -n c$n addr add 10.7.0.$n/24 dev eth0\n"
        "  ip -n c$n link set eth0 up; ip -n c$n route add default via 10.7.0.254; done\n"
        "ip netns add out; ip link add u0 type veth peer name eth0 netns out\n"
        "ip addr add 192.0.2.1/24 dev u0; ip link set u0 up\n"
        "ip -n out addr add 192.0.2.2/24 dev eth0; ip -n out link set eth0 up\n"
        "f() { t=$1 c=$2 p=$3 n=$4; shift 4\n"
        "  iptables-legacy -t $t -A $c -p udp --dport $p \"$@\" -m comment --comment $n; }\n"
        "f filter FORWARD 1001 off\n"
        "f filter FORWARD 1002 on\n"
        "f filter FORWARD 1002 port -m physdev --physdev-in p1\n"
        "f filter FORWARD 1002 device -i br0\n"
        "f filter FORWARD 1003 routed -m physdev --physdev-in p1\n"
        "f raw PREROUTING 1003 raw -m physdev --physdev-in p1 -i br0\n"
        "f raw PREROUTING 1004 local -m physdev --physdev-in p1 -i br0\n"
        "f filter FORWARD 1002 marked -j MARK --set-mark 5\n"
        "iptables-legacy -A FORWARD -p udp --dport 1002 -m mark --mark 5 -m comment --comment "
        "seen\n"
        "say() { ip netns exec c1 sh -c \"echo x | socat -u - UDP:$1:$2\"; }\n"
        "sysctl -qw net.bridge.bridge-nf-call-iptables=0; say 10.7.0.2 1001\n"
        "sysctl -qw net.bridge.bridge-nf-call-iptables=1; say 10.7.0.2 1002\n"
        "say 192.0.2.2 1003; say 10.7.0.254 1004\n";

int main(void)
{
        struct probe p = { 0 };

        probe_must(setup);
        probe_ok(&p, probe_counted("filter", "off", 0), "switched off, bridged packets pass by");
        probe_ok(&p, probe_counted("filter", "on", 1), "switched on, they meet FORWARD once");
        probe_ok(&p, probe_counted("filter", "port", 1), "and know the port they came through");
        probe_ok(&p, probe_counted("filter", "device", 1), "and have the bridge as device");
        probe_ok(&p, probe_counted("filter", "seen", 1),
                 "MARK works in filter, on bridged packets");
        probe_ok(&p, probe_counted("raw", "raw", 1),
                 "raw PREROUTING knows the port of a packet that will be routed");
        probe_ok(&p, probe_counted("raw", "local", 1), "and of one that is for ourselves");
        probe_ok(&p, probe_counted("filter", "routed", 1), "FORWARD still knows it when routed");
        probe_ok(&p,
                 probe_sh("sysctl -qw net.bridge.bridge-nf-call-iptables=0; "
                          "unshare -n sysctl -n net.bridge.bridge-nf-call-iptables | grep -q 1"),
                 "each network namespace has a switch of its own");
        return probe_end(&p);
}
