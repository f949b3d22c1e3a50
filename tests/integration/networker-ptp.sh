# The routed topology: a veth with a route for each container, no bridge at all
# (delegate.type "ptp" below flannel). What holds on a bridge must hold here.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"

cell_up 10.255.7.0/24
ip link del cni-flannel0
jq '.delegate.delegate = {type: "ptp", ipMasq: false} | .delegate.ipam = {routes: [{dst: "0.0.0.0/0"}]}' "$T/cni.d/30-net.conf" >"$T/x" && mv "$T/x" "$T/cni.d/30-net.conf"
# Without a bridge there is nothing to be filtered on one.
sysctl -qw net.bridge.bridge-nf-call-iptables=0
snapshot before

rules='"netout_rules":[{"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":80}]}]'
for c in a b; do
    container $c
    up $c '{"Pid":'"$(pid $c)"',"Properties":{"policy_group_id":"app-'$c'"},"netin":[{"host_port":0,"container_port":8080}]'"$([ $c = a ] && echo ",$rules")"'}'
    same "container $c comes up without a bridge" "0 " "$status $(cat "$T/err")"
    serve $c 8080
done
ip_a=$(jq -r .a.ip "$T/store")
ip_b=$(jq -r .b.ip "$T/store")
same "there is no bridge" "" "$(ip -o link show type bridge)"
serve outside 80
serve outside 81
check "an egress rule opens its port" reach a 10.99.0.1 80
match "what leaves is masqueraded" 10.99.0.5 "$(cat "$T/serve.outside.80")"
refuse "another port stays shut" reach a 10.99.0.1 81
refuse "the other container has not gained by it" reach b 10.99.0.1 80
check "ingress reaches a through its host port" in_ns outside curl -sfm 5 -o /dev/null http://10.99.0.5:61000/
check "and b through its own" in_ns outside curl -sfm 5 -o /dev/null http://10.99.0.5:61001/
refuse "without a policy containers are refused" reach a "$ip_b" 8080
refuse "either way" reach b "$ip_a" 8080
socat TCP-LISTEN:7779,reuseaddr,fork SYSTEM:'echo hello' &
wait_for 10 sh -c 'ss -ltn | grep -q :7779'
refuse "a container does not reach its cell" in_ns a socat -u TCP:10.99.0.5:7779,connect-timeout=2 /dev/null
refuse "nor by the address of its gateway" in_ns a socat -u TCP:10.255.7.1:7779,connect-timeout=2 /dev/null
in_ns b ip addr add "$ip_a/32" dev eth0
refuse "another container's address is of no use" in_ns b curl -sfm 2 --interface "$ip_a" -o /dev/null http://10.99.0.1:80/
same "nothing with it left the cell" 1 "$(grep -c 'accepting connection' "$T/serve.outside.80")"
netout b '{"container_ip":"'"$ip_b"'","netout_rule":{"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":81}]}}'
check "a net-out rule that comes later opens its port" reach b 10.99.0.1 81

# --- who comes by another way than the host port -------------------------------------------
in_ns outside ip route add 10.255.0.0/16 via 10.99.0.5
refuse "a neighbour of the cell does not reach a container past its host port" in_ns outside curl -sfm 2 -o /dev/null "http://$ip_a:8080/"
check "the cell itself does, for health checks" curl -sfm 5 -o /dev/null "http://$ip_a:8080/"
check "replies to what a container asked for pass" reach a 10.99.0.1 80

for c in a b; do
    kill_container $c
    down $c
    same "down of $c" "0 " "$status $(cat "$T/err")"
done
snapshot after
check "nothing is left" diff "$T/before" "$T/after"
done_testing
