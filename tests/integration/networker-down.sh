# down where the world is not as up left it: after a restart of the cell, with a plugin
# that fails quietly, for handles that never were, with a CNI configuration that is broken.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"

cell_up 10.255.7.0/24
snapshot before

# conf NAME JQ-FILTER: a networker's configuration of its own, $T/NAME.json.
conf() { jq --arg t "$T" --arg bin "$BIN" "$2" "$T/networker.json" >"$T/$1.json"; }

# gone WHAT: nothing must be left of anything.
gone() {
    snapshot after
    check "$1" diff "$T/before" "$T/after"
}

# --- the cell has been restarted: the namespace's file is there, its mount is not ----------
restarted() { # restarted HANDLE
    kill_container "$1"
    umount "$T/netns/$1"
}
container p
up p '{"Pid":'"$(pid p)"',"netin":[{"host_port":0}]}'
restarted p
down p
same "after a restart of the cell down succeeds" 0 "$status"
gone "and no address, chain or file is left"

container p
up p '{"Pid":'"$(pid p)"'}'
restarted p
container p
up p '{"Pid":'"$(pid p)"'}'
same "and so does up, which clears up first" 0 "$status"
kill_container p
down p
gone "with nothing left after it"

mkdir "$T/plain.d"
jq -n '{name: "plain", cniVersion: "0.4.0", plugins: [{type: "bridge", bridge: "br-plain", isGateway: true,
    ipam: {type: "host-local", ranges: [[{subnet: "10.77.0.0/24"}]]}}]}' >"$T/plain.d/10-plain.conflist"
conf plain 'del(.overlay_network) | .cni_config_dir = $t + "/plain.d"'
container p
up p '{"Pid":'"$(pid p)"'}' "$T/plain.json"
restarted p
down p "$T/plain.json"
same "with a plain bridge too: $(cat "$T/err")" 0 "$status"
ip link del br-plain
gone "and nothing is left of that"
same "not even its address" 0 "$(find /var/lib/cni/networks/plain -name '10.*' | wc -l)"

container p
wrapper_alone ADD p eth0 "$T/cni.d/30-net.conf"
kill_container p
touch "$T/a-file"
wrapper_alone DEL p eth0 "$T/cni.d/30-net.conf" "$T/a-file"
gone "the wrapper alone, told of a file that is no namespace by another runtime, leaves nothing"
rm "$T/a-file"

container p
jq '.lock_timeout_seconds = 3' "$T/cni.d/30-net.conf" >"$T/short.conf"
wrapper_alone ADD p eth0 "$T/short.conf"
flock "$T/store_lock" sleep 8 &
locks=$!
flock "$T/iptables.lock" sleep 4.5 &
locks="$locks $!"
wait_for 10 sh -c "! flock -n '$T/store_lock' true && ! flock -n '$T/iptables.lock' true"
wrapper_alone DEL p eth0 "$T/short.conf"
match "the store's lock, not to be had in time, is told of" 'store delete: lock .*store_lock is held by another process \(waited 3000 ms\)' "$(cat "$T/err")"
same "that of the tables is waited for all the same, and nothing stays in them" "" "$(iptables -t nat -S | grep MASQ; iptables -t raw -S | grep eth0)"
# shellcheck disable=SC2086 # a list
wait $locks
wrapper_alone DEL p eth0 "$T/short.conf"
kill_container p
gone "nothing at all stays of the next try"

# --- a plugin whose DEL exits 0 and has failed all the same -----------------------------------
mkdir "$T/few"
ln -s /usr/lib/cni/bridge /usr/lib/cni/loopback "$T/few/" # no host-local: no address can be given back
conf few '.cni_plugin_dir = $bin + ":" + $t + "/few"'
container p
up p '{"Pid":'"$(pid p)"'}'
down p "$T/few.json"
same "down over a wrapper that could not undo all succeeds, as it must" 0 "$status"
match "and what the wrapper said is passed on" '^cni-wrapper-plugin: .*failed to find plugin "host-local"' "$(cat "$T/err")"
check "what it left is there" grep -l -r p /var/lib/cni/networks/net
down p
same "down again" "0 " "$status $(cat "$T/err")"
gone "removes it"

mkdir "$T/wordy.d" "$T/wordy"
printf '#!/bin/sh\nyes "no news" | head -c 100000 >&2\nexec /usr/lib/cni/bridge\n' >"$T/wordy/wordy"
chmod +x "$T/wordy/wordy"
jq -n '{name: "w", cniVersion: "0.4.0", type: "wordy", bridge: "br-w", ipam: {type: "host-local", ranges: [[{subnet: "10.77.0.0/24"}]]}}' >"$T/wordy.d/10-w.conf"
conf wordy 'del(.overlay_network) | .cni_config_dir = $t + "/wordy.d" | .cni_plugin_dir += ":" + $t + "/wordy"'
up p '{"Pid":'"$(pid p)"'}' "$T/wordy.json"
match "a plugin that does well may speak, too, within bounds" '^0 [1-4][0-9]{3}$' "$status $(stat -c %s "$T/err")"
down p "$T/wordy.json"
ip link del br-w
gone "and leaves nothing"

# --- a plugin that hangs below others ---------------------------------------------------------
mkdir "$T/hang.d" "$T/hang"
printf '#!/bin/sh\n[ "$CNI_COMMAND" = DEL ] && exit 0\nsleep 98765 &\nsleep 98765\n' >"$T/hang/hang"
chmod +x "$T/hang/hang"
jq '.delegate = {name: "net", cniVersion: "0.3.1", type: "hang"}' "$T/cni.d/30-net.conf" >"$T/hang.d/30-hang.conf"
conf hang '.cni_config_dir = $t + "/hang.d" | .cni_plugin_dir += ":" + $t + "/hang" | .cni_timeout_seconds = 4 | .lock_timeout_seconds = 1'
up p '{"Pid":'"$(pid p)"'}' "$T/hang.json"
match "a delegate that does not end fails up, and is the one that is named" '^1 cfnetworking: .*plugin type="cni-wrapper-plugin" failed \(add\): .*plugin type="hang" failed \(add\): .*did not end in time$' "$status $(tail -n 1 "$T/err")"
refuse "it does not run on" pgrep -f "$T/hang/hang"
refuse "nor does anything that it started" pgrep -f "sleep 98765"
down p "$T/hang.json"
same "nobody holds up down" "0 " "$status $(cat "$T/err")"
jq '.delegate = {name: "net", cniVersion: "0.3.1", type: "bridge", ipam: {type: "hang"}}' "$T/cni.d/30-net.conf" >"$T/hang.d/30-hang.conf"
up p '{"Pid":'"$(pid p)"'}' "$T/hang.json"
match "nor does an address manager below another's plugin" '^1 .*did not end in time' "$status $(tail -n 1 "$T/err")"
refuse "run on" pgrep -f "sleep 98765"
down p "$T/hang.json"
ip link del cni0
gone "and leaves nothing"

# --- with many rules down clears the table while the plugins run --------------------------------
# A wrapper that waits on DEL until the tables are cleared, then looks how far a process
# gets that is still in the container.
mkdir "$T/late"
cat >"$T/late/cni-wrapper-plugin" <<SH
#!/bin/bash
if [ "\$CNI_COMMAND" = DEL ]; then
    for _ in {1..500}; do iptables -S | grep -q 'netout--p' || break; sleep 0.02; done
    iptables -S | grep -E 'netout--p|-s \$(cat "$T/ip")/32' >"$T/rules"
    for to in 10.99.0.1:80 10.255.7.1:22 10.99.0.5:22 \$(cat "$T/neighbour"):80; do
        nsenter -t $(pid p) -n socat -u /dev/null TCP:\$to,connect-timeout=1 2>&1 && echo "reached \$to"
    done >>"$T/reached" 2>&1
fi
exec "$BIN/cni-wrapper-plugin"
SH
chmod +x "$T/late/cni-wrapper-plugin"
conf late '.cni_plugin_dir = $t + "/late:" + .cni_plugin_dir | .host_tcp_services = ["10.99.0.5:22"]'
all='{"protocol":0,"networks":[{"start":"0.0.0.0","end":"255.255.255.255"}]}'
serve outside 80
socat TCP-LISTEN:22,reuseaddr,fork /dev/null &
up p '{"Pid":'"$(pid p)"',"netin":[{"host_port":0}],"netout_rules":['"$all"']}' "$T/late.json"
answer '.properties."garden.network.container-ip"' >"$T/ip"
container n
up n '{"Pid":'"$(pid n)"',"netout_rules":['"$all"']}'
answer '.properties."garden.network.container-ip"' >"$T/neighbour"
bulk n "$(jq -nc --arg ip "$(cat "$T/neighbour")" '{container_ip: $ip, netout_rules: [range(600) | {protocol: 1, networks: [{start: "10.98.\(. / 200 | floor).\(. % 200)"}], ports: [{start: (1 + .)}], log: (. % 2 == 0)}]}')"
serve n 80
check "a container reaches the outside" reach p 10.99.0.1 80
check "and the cell's service" in_ns p socat -u /dev/null TCP:10.99.0.5:22,connect-timeout=2
down p "$T/late.json"
same "down of a container that processes are in succeeds" "0 " "$status $(cat "$T/out" "$T/err")"
same "its rules go while the plugins take its interfaces away" "" "$(cat "$T/rules")"
match "and it reaches nothing then, whoever is still in it" 'No route to host|timed out' "$(cat "$T/reached")"
refuse "neither outside, cell nor neighbour" grep reached "$T/reached"
check "its neighbour does, as before" reach n 10.99.0.1 80
down n
kill_container n
gone "and leaves nothing"

# --- a down that could not have the tables' lock -----------------------------------------------
# The address is another's before the forward to it is gone.
conf busy '.lock_timeout_seconds = 1'
up p '{"Pid":'"$(pid p)"',"netin":[{"host_port":0,"container_port":8080}]}'
ip=$(answer '.properties."garden.network.container-ip"')
port=$(answer '.properties."garden.network.mapped-ports" | fromjson[0].HostPort')
flock "$T/iptables.lock" sleep 4 &
lock=$!
wait_for 10 sh -c "! flock -n '$T/iptables.lock' true"
down p "$T/busy.json"
match "down says which lock it could not have" '^1 .*remove port forwards: lock .*iptables.lock' "$status $(tail -n 1 "$T/err")"
same "the container's port is not yet another's" "[$port]" "$(jq -c .acquired_ports.p "$T/state.json")"
wait $lock
match "the forward still stands" "--to-destination $ip:8080" "$(iptables -t nat -S netin--p)"
echo -n "10.255.7.$((${ip##*.} - 1))" >/var/lib/cni/networks/net/last_reserved_ip.0
container n
up n '{"Pid":'"$(pid n)"'}'
same "another container gets the address" "$ip" "$(answer '.properties."garden.network.container-ip"')"
serve n 8080
refuse "and is not reached through a port that was never its own" in_ns outside curl -sfm 2 -o /dev/null "http://10.99.0.5:$port/"
down p
same "the next down does the rest" "0 " "$status $(cat "$T/err")"
down n
kill_container n
gone "and leaves nothing"

# --- what an earlier version made ---------------------------------------------------------------
up p '{"Pid":'"$(pid p)"'}'
iptables -N overlay--p
iptables -A overlay--p -j REJECT
iptables -R "$(iptables -S | sed -n "s/^-A \(netman--dst-[^ ]*\) .*-g netman--overlay\$/\1/p")" 1 -d "$(jq -r .p.ip "$T/store")" -m comment --comment p -g overlay--p
down p
gone "a container whose chains are an earlier version's leaves nothing"

# A plugin whose result names what the cell itself hangs on, a veth too where the cell is a
# container.
mkdir "$T/naming" "$T/naming.d"
cat >"$T/naming/naming" <<'SH'
#!/bin/sh
[ "$CNI_COMMAND" = DEL ] && exit 0
jq '.prevResult | .interfaces += [{name: "up0"}]'
SH
chmod +x "$T/naming/naming"
jq '{name, cniVersion, plugins: [., {type: "naming"}]}' "$T/cni.d/30-net.conf" >"$T/naming.d/30-net.conflist"
conf naming '.cni_config_dir = $t + "/naming.d" | .cni_plugin_dir += ":" + $t + "/naming"'
up p '{"Pid":'"$(pid p)"'}' "$T/naming.json"
match "a result may name the cell's own interface" up0 "$(jq -c '.results[0].result.interfaces' "$T/state.json_containers/p.json")"
down p "$T/naming.json"
match "which stays up when the container goes" '^0 .*state UP' "$status $(ip -o link show up0)"
gone "and leaves nothing"

# --- what is remembered of a container, unreadable or damaged ---------------------------------
up p '{"Pid":'"$(pid p)"'}'
one_port='{"HostIP":"10.99.0.5","HostPort":0,"ContainerIP":"'$(jq -r .p.ip "$T/store")'","ContainerPort":1}'
record=$T/state.json_containers/p.json
cp "$record" "$T/p.json"
head -c 5000000 /dev/zero | tr '\0' ' ' >>"$record"
netin p "$one_port"
match "net-in that cannot read the record fails and names it" "^1 cfnetworking: container's record: .*p.json" "$status $(tail -n 1 "$T/err")"
check "and leaves it where it is" test -s "$record"
for damage in '' '{"hashed":fal' '{"results":[]}'; do
    echo "$damage" >"$record"
    netin p "$one_port"
    match "net-in with a damaged record ('$damage') is refused" "^1 cfnetworking: container's record in .* is damaged" "$status $(tail -n 1 "$T/err")"
done
cp "$T/p.json" "$record"
netin p "$one_port"
same "when it is whole again net-in works" 0 "$status"
echo '{' >"$record"
down p
same "down goes without" "0 " "$status $(cat "$T/err")"
gone "and leaves nothing"

# --- the container store, damaged or unreadable ---------------------------------------------------
damaged() { echo '{"p":' >"$T/store"; }
unreadable() { rm "$T/store" && mkdir "$T/store"; }
for how in damaged unreadable; do
    up p '{"Pid":'"$(pid p)"'}'
    cp "$T/store" "$T/store.good"
    $how
    down p
    match "down past a store that is $how succeeds and says so" "^0 store delete: .*$T/store" "$status $(cat "$T/err")"
    up q '{"Pid":'"$(pid p)"'}'
    match "up with a store that is $how fails and says so" "^1 cfnetworking: .*store add: .*$T/store" "$status $(tail -n 1 "$T/err")"
    rm -rf "$T/store"
    cp "$T/store.good" "$T/store"
    down p
    same "when the store is well again, down does the rest" "0 " "$status $(cat "$T/err")"
    gone "and no trace is left of a store that was $how"
done

# --- one broken file among the networks ----------------------------------------------------------
up p '{"Pid":'"$(pid p)"'}'
echo '{' >"$T/cni.d/99-broken.conf"
netin p "$one_port"
same "with a CNI configuration that is broken net-in works: it runs no plugin" 0 "$status"
netout p '{"container_ip":"'"$(jq -r .p.ip "$T/store")"'","netout_rule":{"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":80}]}}'
same "and net-out" 0 "$status"
down p
match "down says what is broken" "^1 cfnetworking: cni down: load cni config: $T/cni.d/99-broken.conf: line 2" "$status $(tail -n 1 "$T/err")"
lacks "having closed the container's chains" "(input|netout|overlay|netin)--p( |\$)" <(iptables-save)
same "and given back its ports" '{"acquired_ports":{}}' "$(jq -c . "$T/state.json")"
up q '{"Pid":'"$(pid p)"'}'
match "up says it, too" "^1 cfnetworking: load cni config: $T/cni.d/99-broken.conf: " "$status $(tail -n 1 "$T/err")"
rm "$T/cni.d/99-broken.conf"
down p
same "when it is mended, down does the rest" "0 " "$status $(cat "$T/err")"
gone "and leaves nothing"

# --- handles that can never have been up -----------------------------------------------------------
for handle in a/b ../x .. .x "$(printf 'a%.0s' $(seq 201))"; do
    down "$handle"
    same "down of the impossible handle '${handle:0:10}' succeeds" "0 0" "$status $(stat -c %s "$T/out")"
    match "and says what it is" "invalid handle '" "$(cat "$T/err")"
    up "$handle" '{"Pid":'"$(pid p)"'}'
    match "up of it does not" "^1 cfnetworking: invalid handle '" "$status $(cat "$T/err")"
done
gone "none of which touched anything"

# --- the cell's own namespace -----------------------------------------------------------------------
ip link add eth0 type veth peer name eth9
up p '{"Pid":'$$'}'
match "a process in the cell's own network namespace is refused" "^1 cfnetworking: failed mounting /proc/$$/ns/net to $T/netns/p: .*the cell's own" "$status $(tail -n 1 "$T/err")"
check "and the cell's eth0 stays" ip link show eth0
down p
check "after down too" ip link show eth0
ip link del eth0
kill_container p
gone "nothing is left at the end"
done_testing
