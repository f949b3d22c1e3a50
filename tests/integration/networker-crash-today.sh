# As today's deployments have it, the wrapper sets up the rules and the networker touches no
# table: each of them killed before every system call that changes the world.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"
. "$TOP/tests/lib/crash.sh"

cell_up 10.255.7.0/24
jq '. + {instance_address: "10.99.0.5"}' "$T/cni.d/30-net.conf" >"$T/x" && mv "$T/x" "$T/cni.d/30-net.conf"
jq 'del(.overlay_network, .instance_address) | .total_ports = 3' "$T/networker.json" >"$T/x" && mv "$T/x" "$T/networker.json"
use_up_ports
deep='{"Pid":0,"Properties":{"policy_group_id":"app"},"netin":[{"host_port":0,"container_port":8080}],
    "netout_rules":[{"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":80}]}]}'
container k
snapshot before
exec 3<"/proc/$(pid k)/ns/net"

traced up "$deep"
match "the wrapper sets up the rules" '^0 10.255.7.[0-9]+ 2$' \
    "$? $(answer '.properties."garden.network.container-ip"') $(iptables-save | grep -cE -- '-A (netout|netin)--k .*(10.99.0.1|DNAT)')"
traced down null
snapshot after
check "down comes through when it is not killed" diff "$T/before" "$T/after"
each up "$T/trace.up" shot up "$deep"
after_up() { up k "$deep" && shot "$@"; }
each down "$T/trace.down" after_up down null
crash_wrapper "$deep"
done_testing
