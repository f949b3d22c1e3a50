# Today's deployments: the networker touches no table and hands ports and egress rules on;
# the wrapper makes them hold. And a container with an interface of each of two networks.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"

cell_up 10.255.7.0/24
snapshot before
ip route add default via 10.99.0.1

# --- rules from runtimeConfig ------------------------------------------------------------
mkdir "$T/today.d"
jq '{name: "cni-wrapper", cniVersion: "1.0.0", plugins: [. + {instance_address: "10.99.0.5", dns_servers: ["169.254.0.2", "8.8.8.8"],
    host_tcp_services: ["10.99.0.5:7777"], deny_networks: {running: ["10.99.0.3/32"]}, underlay_ips: ["10.99.0.5"], ingress_tag: "ffff0000",
    vtep_name: "flannel.1", iptables_asg_logging: false, iptables_denied_logs_per_sec: 2, iptables_accepted_udp_logs_per_sec: 7,
    outbound_connections: {limit: true, logging: true, burst: 1000, rate_per_sec: 100, dry_run: false}, lock_timeout_seconds: 1,
    datastore_file_owner: "nobody", datastore_file_group: "nogroup"},
    {name: "bandwidth-limit", type: "bandwidth", ingressRate: 80000000, ingressBurst: 80000000, egressRate: 80000000, egressBurst: 80000000}]}' \
    "$T/cni.d/30-net.conf" >"$T/today.d/30-cni-wrapper.conflist"
jq --arg t "$T" 'del(.overlay_network, .instance_address, .dns_servers) | .cni_config_dir = $t + "/today.d"' "$T/networker.json" >"$T/today.json"

container a
up a '{"Pid":'"$(pid a)"',"Properties":{"app_id":"app-a","policy_group_id":"app-a","container_workload":"app"},
       "netin":[{"host_port":0,"container_port":8080},{"host_port":60777,"container_port":2222}],
       "netout_rules":[{"protocol":1,"networks":[{"start":"10.99.0.1","end":"10.99.0.3"}],"ports":[{"start":80}],"log":true},
           {"protocol":3,"networks":[{"start":"10.99.0.1"}],"icmps":{"type":8,"code":0}}]}' "$T/today.json"
same "up succeeds" "0 " "$status $(cat "$T/err")"
ip_a=$(answer '.properties."garden.network.container-ip"')
same "the answer has the wrapper's name servers" '["169.254.0.2","8.8.8.8"]' "$(answer -c .dns_servers)"
same "the store belongs to who is configured" "nobody nogroup" "$(stat -c '%U %G' "$T/store")"
serve outside 80
serve outside 81
serve a 8080
check "an egress rule opens its port" reach a 10.99.0.1 80
refuse "another port stays shut" reach a 10.99.0.1 81
check "an ICMP rule lets pings pass" ping_once a 10.99.0.1
in_ns outside ip addr add 10.99.0.3/24 dev up1
refuse "denied networks stay shut" reach a 10.99.0.3 80
check "ingress reaches the container through the host port" in_ns outside curl -sfm 5 -o /dev/null http://10.99.0.5:61000/
socat TCP-LISTEN:7777,reuseaddr,fork SYSTEM:'echo hello' &
socat TCP-LISTEN:7779,reuseaddr,fork SYSTEM:'echo hello' &
wait_for 10 sh -c 'ss -ltn | grep -q :7777 && ss -ltn | grep -q :7779'
talk() { in_ns a sh -c "socat -T 3 - TCP:$1,connect-timeout=3 </dev/null | grep -q hello"; }
check "a host service is reached" talk 10.99.0.5:7777
refuse "another port of the cell is not" talk 10.99.0.5:7779
match "connections are limited" '-m hashlimit --hashlimit-above 100/sec --hashlimit-burst 1000 .* -j netout--a--rl-log' "$(iptables -S netout--a)"
match "both ports are forwarded" "^-A netin--a -d 10.99.0.5/32 -p tcp -m tcp --dport 60777 -j DNAT --to-destination $ip_a:2222" "$(iptables -t nat -S)"
container b
up b '{"Pid":'"$(pid b)"',"Properties":{}}' "$T/today.json"
same "a container without any rule comes up" 0 "$status"
refuse "and reaches nothing" reach b 10.99.0.1 80
refuse "not even a container" reach b "$ip_a" 8080
for c in a b; do
    kill_container $c
    down $c "$T/today.json"
    same "down of $c" "0 " "$status $(cat "$T/err")"
done
snapshot after
check "nothing is left" diff "$T/before" "$T/after"

container c
for bad in 'instance_address:"10.99.0.300"' 'host_tcp_services:["x"]' 'outbound_connections:{"burst":0}' 'deny_networks:{"always":["1.2.3.4/99"]}' 'lock_timeout_seconds:0'; do
    jq --arg k "${bad%%:*}" --argjson v "${bad#*:}" '.plugins[0][$k] = $v' "$T/today.d/30-cni-wrapper.conflist" >"$T/x" && mkdir -p "$T/bad.d" && mv "$T/x" "$T/bad.d/30-bad.conflist"
    jq --arg t "$T" '.cni_config_dir = $t + "/bad.d"' "$T/today.json" >"$T/bad.json"
    up c '{"Pid":'"$(pid c)"'}' "$T/bad.json"
    match "a wrapper whose ${bad%%:*} makes no sense says so" "^1 cfnetworking: cni up failed: .*${bad%%:*}" "$status $(tail -n 1 "$T/err")"
done
exec 9>"$T/iptables.lock"
flock 9
up c '{"Pid":'"$(pid c)"'}' "$T/today.json"
same "a lock that is held for longer than the wrapper may wait fails up" 1 "$status"
match "and is named" "lock $T/iptables.lock is held by another process \(waited 1000 ms\)" "$(tail -n 1 "$T/err")"
exec 9>&-
down c "$T/today.json"
snapshot after
check "nothing is left of any of them" diff "$T/before" "$T/after"
kill_container c

# --- two networks ------------------------------------------------------------------------------
mkdir "$T/two.d"
cp "$T/cni.d/30-net.conf" "$T/two.d/"
jq '.name = "second" | .delegate = {type: "bridge", name: "second", cniVersion: "0.3.1", bridge: "br-second", isGateway: true, ipam: {type: "host-local", subnet: "10.255.8.0/24"}}' \
    "$T/cni.d/30-net.conf" >"$T/two.d/40-second.conf"
jq --arg t "$T" '.cni_config_dir = $t + "/two.d"' "$T/networker.json" >"$T/two.json"
container t
up t '{"Pid":'"$(pid t)"',"Properties":{"app_id":"app-t"},"netout_rules":[{"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":80}]}]}' "$T/two.json"
same "a container of two networks comes up" "0 eth0" "$status $(answer '.properties."garden.network.interface"')"
ip_t=$(answer '.properties."garden.network.container-ip"')
second=$(in_ns t ip -o -4 addr show eth1 | sed 's/.* inet \([0-9.]*\).*/\1/')
match "with an address of each" '^10\.255\.7\.[0-9]+ 10\.255\.8\.[0-9]+$' "$ip_t $second"
same "the store has the one that Garden knows" "$ip_t" "$(jq -r .t.ip "$T/store")"
masked() { iptables -t nat -S | grep -oE -- "-s 10.255.[78].[0-9]+/32 ! -d 10.255.0.0/16 -m comment --comment \"t:eth[01]\"" | sed 's/-s \([0-9.]*\).*"t:\(.*\)"/\1 \2/' | sort | paste -sd,; }
same "each is masqueraded" "$ip_t eth0,$second eth1" "$(masked)"

check "the first address has its egress rules" reach t 10.99.0.1 80
in_ns t ip route replace default via 10.255.8.1 dev eth1
refuse "no rule speaks for the second: it is refused" reach t 10.99.0.1 80
refuse "on the cell, too" in_ns t socat -u TCP:10.99.0.5:7779,connect-timeout=2 /dev/null
in_ns t ip route replace default via 10.255.7.1 dev eth0

# DEL of one of them, by the wrapper alone, as any runtime would.
wrapper_alone DEL t eth1 "$T/two.d/40-second.conf"
same "DEL of the second" "0 " "$? $(cat "$T/out" "$T/err")"
refuse "takes its interface" in_ns t ip link show eth1
same "and its masquerading, not the first's" "$ip_t eth0" "$(masked)"
same "and leaves the store's record" "$ip_t app-t" "$(jq -r '.t | .ip + " " + .metadata.app_id' "$T/store")"
match "and the first's guard" "comment \"t:eth0\"" "$(iptables -t raw -S)"
lacks "but not its own" t:eth1 <(iptables-save -t raw)
check "the first goes on to work" reach t 10.99.0.1 80
kill_container t
down t "$T/two.json"
same "down of the rest" "0 " "$status $(cat "$T/err")"
container u
up u '{"Pid":'"$(pid u)"'}' "$T/two.json"
wrapper_alone DEL u eth0 "$T/two.d/30-net.conf"
same "DEL of the first takes its record" "0 null" "$? $(jq -c .u "$T/store")"
kill_container u
down u "$T/two.json"
ip link del br-second
snapshot after
check "nothing is left of them" diff "$T/before" "$T/after"

# --- two networks of flannel's, which keeps what it ran in one folder ------------------------
sed 's/10.255.7.1/10.255.8.1/' "$T/subnet.env" >"$T/second.env"
jq --arg t "$T" '.name = "second" | .delegate += {name: "second", subnetFile: ($t + "/second.env"), delegate: {bridge: "br-second"}}' \
    "$T/cni.d/30-net.conf" >"$T/two.d/40-second.conf"
container f
kept() { find "$T/flannel" -type f -printf '%f\n' | sort | paste -sd,; }
leases() { find /var/lib/cni/networks -name '10.*' | wc -l; }
up f '{"Pid":'"$(pid f)"'}' "$T/two.json"
same "two networks of flannel's come up, each with its own file" "0 f,f:eth1" "$status $(kept)"
same "the first's is where flannel has it" cni-flannel0 "$(jq -r .bridge "$T/flannel/f")"
down f "$T/two.json"
same "down gives both addresses back" "0  0" "$status $(cat "$T/err") $(leases)"
refuse "and takes both interfaces" in_ns f ip link show eth0
up f '{"Pid":'"$(pid f)"'}' "$T/two.json"
same "up again" 0 "$status"
for order in 'eth0 eth1' 'eth1 eth0'; do
    for i in $order; do
        [ "$i" = eth0 ] && file=30-net.conf || file=40-second.conf
        wrapper_alone DEL f "$i" "$T/two.d/$file"
        wrapper_alone DEL f "$i" "$T/two.d/$file" # twice is fine, and nobody else's business
        [ "$i" != "${order% *}" ] || same "the first to go of $order leaves the other its own" "1 $([ "$i" = eth0 ] && echo f:eth1 || echo f)" "$(leases) $(kept)"
    done
    same "in the order $order nothing stays" "0 " "$(leases) $(kept)"
    up f '{"Pid":'"$(pid f)"'}' "$T/two.json"
done
down f "$T/two.json"
up f '{"Pid":'"$(pid f)"'}'
jq -c 'del(.netmanInterface)' "$T/flannel/f" >"$T/x" && cp "$T/x" "$T/flannel/f"
kill_container f
down f
same "a file that flannel's own plugin wrote is undone as well" "0  0 " "$status $(cat "$T/err") $(leases) $(kept)"
ip link del br-second
snapshot after
check "nothing is left at the end" diff "$T/before" "$T/after"
done_testing
