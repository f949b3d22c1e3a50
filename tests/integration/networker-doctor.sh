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
jq 'del(.instance_address)' "$T/networker.json" >"$T/other.json"
CONFIG=$T/other.json doctor
match "an MTU that cannot be judged is told" "^warn  MTU of containers fits the underlay: not looked at: no instance_address" "$(cat "$T/out")"
mkdir "$T/today.d"
jq '. + {instance_address: "10.99.0.5"}' "$T/cni.d/30-net.conf" >"$T/today.d/30-net.conf"
jq --arg t "$T" 'del(.instance_address, .overlay_network) | .cni_config_dir = $t + "/today.d"' "$T/networker.json" >"$T/other.json"
CONFIG=$T/other.json doctor
match "it can where the wrapper has the address" "^pass  MTU of containers fits the underlay$" "$(cat "$T/out")"
jq --arg t "$T" '.iptables_lock_file = $t + "/no-lock"' "$T/networker.json" >"$T/other.json"
CONFIG=$T/other.json doctor
match "a lock that nobody has taken yet is well" "^0 pass  lock $T/no-lock$" "$status $(grep no-lock "$T/out")"
refuse "and is not made by looking" test -e "$T/no-lock"
exec 9>"$T/iptables.lock"
flock 9
ill "a lock that is held" "^FAIL  lock $T/iptables.lock: "
exec 9>&-
sysctl -qw net.ipv4.ip_local_port_range='32768 61100'
doctor
match "ports that overlap are a warning" '^warn  host ports apart from ephemeral ports: the pool 61000-61199 overlaps' "$(cat "$T/out")"
same "which is no failure" 0 "$status"
match "with a range that leaves the pool alone" "; do: sysctl -w net.ipv4.ip_local_port_range='32768 60999'$" "$(cat "$T/out")"
jq '.start_port = 30000 | .total_ports = 20000' "$T/networker.json" >"$T/other.json"
CONFIG=$T/other.json doctor
match "above it, if there is more" "; do: sysctl -w net.ipv4.ip_local_port_range='50000 61100'$" "$(cat "$T/out")"
jq '.start_port = 2000 | .total_ports = 60000' "$T/networker.json" >"$T/other.json"
CONFIG=$T/other.json doctor
match "or with the advice to move the pool" "ip_local_port_range 32768-61100; choose another start_port$" "$(cat "$T/out")"
sysctl -qw net.ipv4.ip_local_port_range='32768 60999'

# --- orphans --------------------------------------------------------------------------
for c in live dead; do
    container $c
    up $c '{"Pid":'"$(pid $c)"',"Properties":{"app_id":"x"},"netin":[{"host_port":0}]}'
done
doctor
same "live containers are no orphans" 0 "$status"
kill_container dead
ill "a container without a process" '^FAIL  nothing is owned by containers that are gone: dead; do: netman-doctor --fix-orphans$'
lacks "the live one is not named" ': live;' "$T/out"
doctor --fix-orphans
same "--fix-orphans removes it" 0 "$status"
match "and says whose" '^pass  orphan dead removed$' "$(cat "$T/out")"
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

# --- what plugins know, and nobody else ---------------------------------------------------
# orphan WHAT HANDLE: it must be found, and removed with all that is its.
orphan() {
    ill "$1" "^FAIL  nothing is owned by containers that are gone: $2; do: "
    doctor --fix-orphans
    match "$1: is removed" "^0 pass  orphan $2 removed$" "$status $(grep orphan "$T/out")"
    snapshot after
    sed -i '/state.json_containers/,+1d' "$T/after"
    check "$1: and nothing is left" diff "$T/before" "$T/after"
}
echo '{"ghost":{"handle":"ghost","ip":"10.255.7.200","metadata":{}}}' >"$T/store"
orphan "a record in the store" ghost
printf 'ghost\r\neth0' >/var/lib/cni/networks/net/10.255.7.99
orphan "an address at host-local" ghost
jq '.type = "bridge" | .name = "net"' "$T/cni.d/30-net.conf" >"$T/flannel/ghost:eth0"
orphan "what flannel keeps of an interface" ghost
touch "$T/flannel/ghost.new"
orphan "what a killed flannel has left" ghost
container wild
wrapper_alone ADD wild eth0 "$T/cni.d/30-net.conf"
lease=$(grep -l wild /var/lib/cni/networks/net/10.*)
rm -f "$T/flannel/wild" "$lease"
echo '{}' >"$T/store"
kill_container wild
orphan "rules of the wrapper's" wild
container wild
wrapper_alone ADD wild eth0 "$T/cni.d/30-net.conf"
kill_container wild
orphan "all of them together" wild
echo '{"../up":{"handle":"../up","ip":"10.255.7.200","metadata":{}}}' >"$T/store"
doctor --fix-orphans
match "what can be no handle is left alone" '^0 .*\.\./up' "$status $(jq -c . "$T/store")"
echo '{}' >"$T/store"

# A DEL that fails quietly: the doctor sees what it left, and that it could not mend it.
mkdir "$T/few"
ln -s /usr/lib/cni/bridge "$T/few/"
jq --arg t "$T" --arg bin "$BIN" '.cni_plugin_dir = $bin + ":" + $t + "/few"' "$T/networker.json" >"$T/other.json"
container half
up half '{"Pid":'"$(pid half)"'}'
kill_container half
down half "$T/other.json"
same "a down that leaves an address behind" 0 "$status"
CONFIG=$T/other.json doctor --fix-orphans
match "the doctor does not say that it has mended what it has not" '^FAIL  orphan half removed: something of it is left' "$(cat "$T/out")"
orphan "what is left of it" half

mkdir "$T/real-netns"
ln -s "$T/real-netns" "$T/linked-netns"
jq --arg t "$T" '.bind_mount_dir = $t + "/linked-netns/"' "$T/networker.json" >"$T/other.json"
container far
up far '{"Pid":'"$(pid far)"'}' "$T/other.json"
kill_container far
CONFIG=$T/other.json doctor
match "a dead one is found where bind_mount_dir is written another way" ': far; do: ' "$(cat "$T/out")"
down far "$T/other.json"

# --- alive, without a process ----------------------------------------------------------------
ip netns add lonely
up_from() { "$NETWORKER" --configFile="$T/networker.json" --action up --handle lonely <<<'{"Pid":0}' 3<"$1" >/dev/null 2>"$T/err"; }
up_from /run/netns/lonely
doctor --fix-orphans
match "a namespace that something else holds is alive" '^0 pass  nothing is owned by' "$status $(grep 'owned by' "$T/out")"
same "and stays" lonely "$(jq -r 'keys[]' "$T/store")"
down lonely
ip netns del lonely
container lonely
exec 8<"/proc/$(pid lonely)/ns/net"
up_from "/proc/$(pid lonely)/ns/net"
kill_container lonely
doctor
match "so is one that a program has open" '^0 pass  nothing is owned by' "$status $(grep 'owned by' "$T/out")"
exec 8<&-
doctor --fix-orphans
match "one that nobody holds, but which came without a process, is the operator's to judge" \
    "^0 warn  .*: lonely is empty, and came so: .*; if it is gone, do: garden-external-networker --configFile $T/networker.json --action down --handle lonely </dev/null$" "$status $(grep 'lonely' "$T/out")"
down lonely
doctor
match "whose judgement is taken" '^0 pass  nothing is owned by' "$status $(grep 'owned by' "$T/out")"

"$BIN/netman-doctor" -configFile "$T/networker.json" >/dev/null 2>"$T/err"
same "one dash will do" 0 $?
"$BIN/netman-doctor" >/dev/null 2>"$T/err"
same "without a configuration it says how it is used" 2 $?
done_testing
