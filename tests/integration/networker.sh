# The networker on a cell of its own: containers made as Garden makes them, the real
# chain of CNI plugins, real packets, and nothing left at the end.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"

cell_up 10.255.7.0/24
snapshot before

# --- up ------------------------------------------------------------------------
container a
container b
up a '{"Pid":'"$(pid a)"',"Properties":{"app_id":"app-a","policy_group_id":"app-a"},
       "netin":[{"host_port":0,"container_port":8080},{"host_port":60777,"container_port":2222}]}'
same "up succeeds" 0 "$status"
match "up answers with the container's address" '^10\.255\.7\.[0-9]+$' "$(answer '.properties."garden.network.container-ip"')"
same "up answers with the conventional host address" 255.255.255.255 "$(answer '.properties."garden.network.host-ip"')"
same "up answers with the mapped ports" '[{"HostPort":61000,"ContainerPort":8080},{"HostPort":60777,"ContainerPort":2222}]' \
    "$(answer '.properties."garden.network.mapped-ports"')"
same "up answers with the interface" eth0 "$(answer '.properties."garden.network.interface"')"
same "up answers with name servers" '["169.254.0.2"]' "$(answer -c .dns_servers)"
same "up answers with search domains" '["apps.internal"]' "$(answer -c .search_domains)"
same "standard output is one line" 1 "$(wc -l <"$T/out")"
ip_a=$(answer '.properties."garden.network.container-ip"')
up b '{"Pid":'"$(pid b)"',"Properties":{}}'
ip_b=$(answer '.properties."garden.network.container-ip"')
same "the store knows the container" "$ip_a app-a" "$(jq -r '.a | .ip + " " + .metadata.policy_group_id' "$T/store")"
same "the store counts its changes" 2 "$(cat "$T/store_version")"
same "the namespace is kept" "$(stat -Lc %i "/proc/$(pid a)/ns/net")" "$(stat -Lc %i "$T/netns/a")"

# --- what operators know from the reference --------------------------------------
match "the egress chain lets replies pass" "^-A netout--a -s $ip_a/32 ! -d 10.255.0.0/16 -m state --state RELATED,ESTABLISHED -j RETURN" "$(iptables -S)"
match "the egress chain ends in a refusal" "^-A netout--a -s $ip_a/32 ! -d 10.255.0.0/16 -j REJECT --reject-with icmp-port-unreachable" "$(iptables -S | grep 'A netout--a -' | tail -n 1)"
match "the input chain ends in a refusal" "^-A input--a -s $ip_a/32 -j REJECT --reject-with icmp-port-unreachable" "$(iptables -S | grep 'A input--a' | tail -n 1)"
match "the ingress chain forwards the port" "^-A netin--a -d 10.99.0.5/32 -p tcp -m tcp --dport 61000 -j DNAT --to-destination $ip_a:8080" "$(iptables -t nat -S)"

# --- packets -----------------------------------------------------------------------
serve outside 80
serve outside 443
serve a 8080
serve b 9000
refuse "egress is refused without a rule" reach a 10.99.0.1 80
netout a '{"container_ip":"'"$ip_a"'","netout_rule":{"protocol":1,"networks":[{"start":"10.99.0.1","end":"10.99.0.3"}],"ports":[{"start":80,"end":80}]}}'
check "a net-out rule opens a port" reach a 10.99.0.1 80
refuse "another port stays shut" reach a 10.99.0.1 443
refuse "the other container has not gained by it" reach b 10.99.0.1 80
match "what leaves is masqueraded" 10.99.0.5 "$(cat "$T/serve.outside.80")"
check "ingress reaches the container through the host port" in_ns outside curl -sfm 5 -o /dev/null http://10.99.0.5:61000/
refuse "containers on one bridge are refused by default" reach a "$ip_b" 9000
refuse "a container does not reach its cell" reach a 10.99.0.5 7777

refuse "who logs nothing has no chain for it" iptables -S netout--a--log
bulk a '{"container_ip":"'"$ip_a"'","netout_rules":[
    {"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":443,"end":443}],"log":true},
    {"protocol":2,"networks":[{"start":"0.0.0.0","end":"9.255.255.255"}],"ports":[{"start":53,"end":53}]},
    {"protocol":3,"networks":[{"start":"10.99.0.1"}],"icmps":{"type":8,"code":0}}]}'
same "bulk-net-out succeeds" 0 "$status"
check "a logged rule opens its port too" reach a 10.99.0.1 443
match "and leads to the chain that logs" '--log-prefix "OK_a "' "$(iptables -S netout--a--log)"
check "an ICMP rule lets pings pass" ping_once a 10.99.0.1
refuse "but not the other container's" ping_once b 10.99.0.1
same "the newest rules come first" 443:443,53:53,,80:80 \
    "$(iptables-save -t filter | grep -- '-A netout--a .*iprange' | sed 's/.*--dport \([0-9:]*\).*/\1/; s/^\([0-9]*\)$/\1:\1/; s/^-A.*//' | paste -sd,)"

netin a '{"HostIP":"10.99.0.5","HostPort":0,"ContainerIP":"'"$ip_a"'","ContainerPort":8080}'
same "net-in takes a port from the pool" '{"host_port":61001,"container_port":8080}' "$(cat "$T/out")"
check "which forwards" in_ns outside curl -sfm 5 -o /dev/null http://10.99.0.5:61001/
netin a '{"HostIP":"10.99.0.5","HostPort":61003,"ContainerIP":"'"$ip_a"'","ContainerPort":0}'
same "net-in refuses a port of the pool's range" 1 "$status"
match "and says why" '^cfnetworking: .*cannot specify port from allocation range$' "$(cat "$T/err")"
netin a '{"HostIP":"10.99.0.5","HostPort":60999,"ContainerIP":"'"$ip_a"'","ContainerPort":0}'
same "net-in without a container port uses the host port" '{"host_port":60999,"container_port":60999}' "$(cat "$T/out")"
same "the state file has the reference's form" '{"acquired_ports":{"a":[61000,61001]}}' "$(cat "$T/state.json")"

# --- more rules than a packet should walk along ----------------------------------------
many() { # many PORT: 300 networks, ours among them
    jq -nc --arg port "$1" '[range(300) | {protocol: 1, networks: [{start: "10.98.\(. % 250).\(. / 2 | floor)"}], ports: [{start: 1, end: (1 + .)}]}]
        + [{protocol: 1, networks: [{start: "10.99.0.1"}], ports: [{start: ($port | tonumber)}]}]'
}
for c in a b; do
    bulk $c '{"container_ip":"'"$(jq -r .$c.ip "$T/store")"'","netout_rules":'"$(many 444)"'}'
    same "300 rules for $c in one call" 0 "$status"
done
serve outside 444
serve outside 445
check "one of many rules opens its port" reach b 10.99.0.1 444
refuse "another port stays shut" reach b 10.99.0.1 445
check "the rules from before still hold" reach a 10.99.0.1 80
match "no chain of them is long" '^(1?[0-9]|20)$' "$(iptables -S | grep -- '^-A' | awk '{print $2}' | grep -E '^(asg|netout)' | sort | uniq -c | sort -n | tail -n 1 | awk '{print $1}')"
netout b '{"container_ip":"'"$ip_b"'","netout_rule":{"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":445}]}}'
check "one rule more opens one port more" reach b 10.99.0.1 445
check "and takes none away" reach b 10.99.0.1 444
refuse "the other container has not gained by it" reach a 10.99.0.1 445

jq -nc --arg ip "$ip_b" '{container_ip: $ip, netout_rules: ([range(10000) | {protocol: 1, networks: [{start: "10.\(20 + (. / 250 | floor)).\(. % 250).0", end: "10.\(20 + (. / 250 | floor)).\(. % 250).9"}], ports: [{start: (1 + . % 1000)}]}]
    + [{protocol: 1, networks: [{start: "10.99.0.1"}], ports: [{start: 446}]}])}' >"$T/ten-thousand"
serve outside 446
refuse "before ten thousand rules a port is shut" reach b 10.99.0.1 446
bulk b "$(cat "$T/ten-thousand")"
same "ten thousand rules in one call" 0 "$status"
check "the last of them opens its port" reach b 10.99.0.1 446
check "and those from before still hold" reach b 10.99.0.1 445
refuse "the other container has gained by none" reach a 10.99.0.1 446

# --- down ----------------------------------------------------------------------------
for c in a b; do
    kill_container $c
    down $c
    same "down of $c succeeds" "0 0" "$status $(stat -c %s "$T/out")"
done
down a
same "down again succeeds" 0 "$status"
down never-seen
same "down of an unknown container succeeds" 0 "$status"
same "the ports are given back" '{"acquired_ports":{}}' "$(cat "$T/state.json")"
snapshot after
check "nothing is left" diff "$T/before" "$T/after"

# --- failure half-way ------------------------------------------------------------------
container c
up c '{"Pid":'"$(pid c)"',"Properties":{},"netin":[{"host_port":0,"container_port":1}]}' "$T/broken.conf"
same "up fails when the last plugin fails" "1 0" "$status $(stat -c %s "$T/out")"
match "with the plugin's own words" '^cfnetworking: cni up failed: .*plugin type="broken" failed \(add\): no such luck; really$' "$(cat "$T/err")"
snapshot after
check "and leaves nothing" diff "$T/before" "$T/after"
up c '{"Pid":999999,"Properties":{}}'
same "up of a process that is not there fails" 1 "$status"
snapshot after
check "and leaves nothing either" diff "$T/before" "$T/after"
up c '{"Pid":0,"Properties":{}}' "$T/networker.json" 3<"/proc/$(pid c)/ns/net"
same "a namespace may come as file descriptor 3" 0 "$status"
down c
kill_container c

# --- many at once ------------------------------------------------------------------------
for i in $(seq 20); do container "m$i"; done
for i in $(seq 20); do
    (up "m$i" '{"Pid":'"$(pid "m$i")"',"Properties":{"app_id":"app"},"netin":[{"host_port":0,"container_port":8080}],
        "netout_rules":[{"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":80,"end":80}]}]}'
    echo "$status" >"$T/m$i.status") &
    jobs="${jobs-} $!"
done
# shellcheck disable=SC2086 # a list
wait $jobs
same "20 containers come up at once" 20 "$(cat "$T"/m*.status | grep -c '^0$')"
same "each with a port of its own" 20 "$(jq '[.acquired_ports[][]] | unique | length' "$T/state.json")"
same "all of them recorded" 20 "$(jq length "$T/store")"
serve m7 8080
serve m8 8080
bulk m1 '{"container_ip":"'"$(jq -r .m1.ip "$T/store")"'","netout_rules":'"$(many 444)"'}'
rules_one=$(iptables -S | wc -l)
bulk m2 '{"container_ip":"'"$(jq -r .m2.ip "$T/store")"'","netout_rules":'"$(many 444)"'}'
match "containers with the same rules share them" '^-?[0-9]$' "$(($(iptables -S | wc -l) - rules_one))"
check "one of them may go out" reach m20 10.99.0.1 80
refuse "none reaches another" reach m7 "$(jq -r .m8.ip "$T/store")" 8080
jobs=
for i in $(seq 20); do
    kill_container "m$i"
    (down "m$i"; echo "$status" >"$T/m$i.status") &
    jobs="$jobs $!"
done
# shellcheck disable=SC2086 # a list
wait $jobs
same "20 containers go down at once" 20 "$(cat "$T"/m*.status | grep -c '^0$')"
snapshot after
check "and leave nothing" diff "$T/before" "$T/after"
done_testing
