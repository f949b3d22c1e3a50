# Policies where every container has a route and no bridge (delegate.type "ptp"): what
# holds on a bridge must hold here. Real networker, real agent, real packets.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/agent.sh"
. "$TOP/tests/lib/cell.sh"

routes_only() {
    ip link del cni-flannel0
    jq '.delegate.delegate = {type: "ptp", ipMasq: false} | .delegate.ipam = {routes: [{dst: "0.0.0.0/0"}]}' "$T/cni.d/30-net.conf" >"$T/x" &&
        mv "$T/x" "$T/cni.d/30-net.conf"
}
agent_cell 10.99.0.0 10.99.0.255 routes_only
for p in 8080 9090; do
    in_ns back socat "TCP-LISTEN:$p,reuseaddr,fork" SYSTEM:'echo hello' &
    wait_for 10 in_ns back sh -c "ss -Hltn 'sport = :$p' | grep -q ."
done
# reach WHERE SOURCE PORT: is a connection from that address answered?
reach() { in_ns "$1" timeout 3 socat -u "TCP:$(addr back):$3,bind=$2,connect-timeout=1" - | grep -q hello; }

refuse "before the agent runs all is refused" reach front "$(addr front)" 8080
policies_are r1 "$(policy $front 0001 $back 0002 tcp 8080 8080)"
api_up
agent_config
agent_up
check "a policy opens its port" wait_for 20 reach front "$(addr front)" 8080
refuse "and no other" reach front "$(addr front)" 9090
refuse "nor for another app" reach evil "$(addr evil)" 8080
in_ns evil ip addr add "$(addr front)/32" dev eth0
refuse "another container's address is of no use" reach evil "$(addr front)" 8080
same "there is no bridge, and none is asked for" "" "$(grep bridge "$T/agent.log"; ip -o link show type bridge)"
policies_are r2
check "without the policy it is shut" wait_for 10 sh -c '! iptables -S | grep -q dport.8080'
refuse "for all" reach front "$(addr front)" 8080
agent_down
same "the agent ends well" 0 "$status"
same "the sanitizers are silent" "" "$(grep -E 'runtime error|Sanitizer' "$T/agent.err")"
done_testing
