# netman-doctor on a cell that is well, one that is ill, and one with the dead about.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"

cell_up 10.255.7.0/24
sysctl -qw net.ipv4.ip_local_port_range='32768 60999'
sysctl -qw net.ipv4.neigh.default.gc_thresh3=8192 2>/dev/null
snapshot before

doctor() {
    "$BIN/netman-doctor" --configFile "${CONFIG-$T/networker.json}" "$@" >"$T/out" 2>"$T/err"
    status=$?
}

doctor
same "a cell that is well passes" 0 "$status"
match "every plugin of the chain is looked for" 'pass  CNI plugin host-local' "$(cat "$T/out")"
match "and every match and target of the rules" '^pass  matches and targets of the rules$' "$(cat "$T/out")"
match "and the count is told" ' passed, [0-9]+ warnings, 0 failed$' "$(tail -n 1 "$T/out")"

# ill WHAT PATTERN: the doctor must fail and say so.
ill() {
    doctor
    same "$1: fails" 1 "$status"
    match "$1: says the remedy" "$2" "$(cat "$T/out")"
}
sysctl -qw net.ipv4.ip_forward=0
ill "no forwarding" '^FAIL  IPv4 forwarding: .*; do: sysctl -w net.ipv4.ip_forward=1$'
sysctl -qw net.ipv4.ip_forward=1
sysctl -qw net.bridge.bridge-nf-call-iptables=0
ill "bridged packets pass by" '^FAIL  bridged packets meet the tables: .*modprobe br_netfilter'
sysctl -qw net.bridge.bridge-nf-call-iptables=1
ip route add 10.255.128.0/24 dev up0
ill "an underlay route in the overlay" '^FAIL  overlay network apart from other routes: route to 10.255.128.0/24 on up0 overlaps 10.255.0.0/16'
ip route del 10.255.128.0/24
ip link set up0 mtu 1400
ill "an underlay that carries less than containers send" '^FAIL  MTU of containers fits the underlay: .*subnet.env gives them 1450, and up0 carries 1400'
ip link set up0 mtu 1500
mv "$T/subnet.env" "$T/subnet.away"
ill "no subnet file" '^FAIL  subnet file: .*is flanneld running'
mv "$T/subnet.away" "$T/subnet.env"
jq '.cni_plugin_dir = "/usr/lib/cni"' "$T/networker.json" >"$T/other.json"
CONFIG=$T/other.json ill "a plugin is missing" '^FAIL  CNI plugin cni-wrapper-plugin: .*cni_plugin_dir'
jq 'del(.state_file)' "$T/networker.json" >"$T/other.json"
CONFIG=$T/other.json ill "a configuration that is wrong" "^FAIL  networker's configuration: missing required config 'state_file'"
exec 9>"$T/iptables.lock"
flock 9
ill "a lock that is held" "^FAIL  lock $T/iptables.lock: "
exec 9>&-
sysctl -qw net.ipv4.ip_local_port_range='32768 61100'
doctor
match "ports that overlap are a warning" '^warn  host ports apart from ephemeral ports: the pool 61000-61199 overlaps' "$(cat "$T/out")"
same "which is no failure" 0 "$status"

# --- orphans --------------------------------------------------------------------------
for c in live dead; do
    container $c
    up $c '{"Pid":'"$(pid $c)"',"Properties":{"app_id":"x"},"netin":[{"host_port":0}]}'
done
doctor
same "live containers are no orphans" 0 "$status"
kill_container dead
ill "a container without a process" '^FAIL  nothing is owned by containers that are gone: dead; do: netman-doctor --fix-orphans$'
refuse "the live one is not named" grep -q ': live;' "$T/out"
doctor --fix-orphans
same "--fix-orphans removes it" 0 "$status"
doctor
same "then all is well" 0 "$status"
match "the live container keeps all it has" '"live":\[6100[01]\]' "$(cat "$T/state.json")"
kill_container live
rm -rf "$T/state.json_containers" # whatever was remembered
doctor --fix-orphans
same "one that nothing is remembered of is found by its chains" 0 "$status"
snapshot after
sed -i '/state.json_containers/,+1d' "$T/before" "$T/after"
check "and nothing is left" diff "$T/before" "$T/after"
"$BIN/netman-doctor" >/dev/null 2>"$T/err"
same "without a configuration it says how it is used" 2 $?
done_testing
