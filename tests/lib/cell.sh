# A cell for tests of the networker: this sandbox's own network namespace, with the
# outside world (10.99.0.1) behind a veth. Sourced after check.sh.

NETWORKER=$BIN/garden-external-networker
export ASAN_OPTIONS=${ASAN_OPTIONS-}

# cell_up SUBNET: uplink, configuration files, CNI configuration.
cell_up() {
    ip netns add outside
    ip link add up0 type veth peer name up1 netns outside
    ip addr add 10.99.0.5/24 dev up0
    ip link set up0 up
    in_ns outside sh -c 'ip link set lo up; ip addr add 10.99.0.1/24 dev up1; ip link set up1 up'
    sysctl -qw net.ipv4.ip_forward=1
    mkdir -p "$T/cni.d" "$T/plugins" "$T/broken.d"
    cat >"$T/subnet.env" <<ENV
FLANNEL_NETWORK=10.255.0.0/16
FLANNEL_SUBNET=${1/.0\//.1/}
FLANNEL_MTU=1450
FLANNEL_IPMASQ=true
ENV
    jq -n --arg t "$T" '{name: "net", cniVersion: "0.3.1", type: "cni-wrapper-plugin",
        datastore: ($t + "/store"), iptables_lock_file: ($t + "/iptables.lock"), overlay_network: "10.255.0.0/16",
        delegate: {name: "net", cniVersion: "0.3.1", type: "flannel", subnetFile: ($t + "/subnet.env"),
            dataDir: ($t + "/flannel"), delegate: {bridge: "cni-flannel0", isDefaultGateway: true, ipMasq: false}}}' >"$T/cni.d/30-net.conf"
    jq -n '{name: "bad", type: "broken"}' >"$T/broken.d/40-bad.conf"
    cp "$T/cni.d/30-net.conf" "$T/broken.d/"
    cat >"$T/plugins/broken" <<'SH'
#!/bin/sh
[ "$CNI_COMMAND" = DEL ] && exit 0
echo '{"code":100,"msg":"no such luck","details":"really"}'
exit 1
SH
    chmod +x "$T/plugins/broken"
    jq -n --arg t "$T" --arg bin "$BIN" '{cni_plugin_dir: ($bin + ":" + $t + "/plugins:/usr/lib/cni"),
        cni_config_dir: ($t + "/cni.d"), bind_mount_dir: ($t + "/netns"), state_file: ($t + "/state.json"),
        start_port: 61000, total_ports: 200, iptables_lock_file: ($t + "/iptables.lock"),
        overlay_network: "10.255.0.0/16", instance_address: "10.99.0.5",
        dns_servers: ["169.254.0.2"], search_domains: ["apps.internal"]}' >"$T/networker.json"
    jq --arg t "$T" '.cni_config_dir = $t + "/broken.d"' "$T/networker.json" >"$T/broken.conf"
    # The bridge outlives containers, as on a real cell.
    container warm
    up warm '{"Pid":'"$(pid warm)"',"Properties":{}}'
    [ "$status" = 0 ] || { cat "$T/err"; echo "Bail out! no container comes up"; exit 1; }
    down warm
    kill_container warm
    rm -f "$T"/store*
    echo '{}' >"$T/store"
    echo '{"acquired_ports":{}}' >"$T/state.json"
}

# container NAME: a process in a new network namespace with its loopback up.
container() {
    unshare --net -- sh -c 'ip link set lo up; echo ready; exec sleep 100000' >"$T/ready.$1" &
    echo $! >"$T/pid.$1"
    wait_for 20 grep -q ready "$T/ready.$1"
}

pid() { cat "$T/pid.$1"; }

kill_container() {
    kill -9 "$(pid "$1")"
    wait "$(pid "$1")" 2>/dev/null
}

in_ns() {
    local where=$1
    shift
    if [ -e "$T/pid.$where" ]; then nsenter -t "$(pid "$where")" -n "$@"; else ip netns exec "$where" "$@"; fi
}

# run_networker CONFIG ACTION HANDLE JSON: $status, $T/out and $T/err (or per handle in
# subshells, where they would collide: the last one wins, and only $status is used).
run_networker() {
    if [ "$BASH_SUBSHELL" -gt 0 ]; then
        "$NETWORKER" --configFile="$1" --action "$2" --handle "$3" <<<"$4" >"$T/out.$3" 2>"$T/err.$3"
    else
        "$NETWORKER" --configFile="$1" --action "$2" --handle "$3" <<<"$4" >"$T/out" 2>"$T/err"
    fi
    status=$?
    return $status
}

# wrapper_alone COMMAND HANDLE INTERFACE CONFIGURATION [NETNS]: as any other runtime runs the CNI
# wrapper; the container's own namespace unless told otherwise.
wrapper_alone() {
    CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_IFNAME=$3 CNI_NETNS=${5-/proc/$(pid "$2")/ns/net} CNI_PATH=$BIN:/usr/lib/cni \
        "$BIN/cni-wrapper-plugin" <"$4" >"$T/out" 2>"$T/err"
}

up() { run_networker "${3-$T/networker.json}" up "$1" "$2"; }
down() { run_networker "${2-$T/networker.json}" down "$1" null; }
netin() { run_networker "$T/networker.json" net-in "$1" "$2"; }
netout() { run_networker "$T/networker.json" net-out "$1" "$2"; }
bulk() { run_networker "$T/networker.json" bulk-net-out "$1" "$2"; }

# answer JQ-ARGS…: a part of the last answer.
answer() { jq -r "$@" "$T/out"; }

# serve WHERE PORT: a web server there that notes who asks.
serve() {
    in_ns "$1" socat -d -d "TCP-LISTEN:$2,reuseaddr,fork" \
        SYSTEM:'read l; echo "HTTP/1.0 200 OK"; echo "Content-Length: 3"; echo; echo ok' 2>"$T/serve.$1.$2" &
    wait_for 10 sh -c "grep -q 'listening on' '$T/serve.$1.$2'"
}

# reach WHERE ADDRESS PORT: does a connection get an answer?
reach() { in_ns "$1" curl -sfm 5 -o /dev/null "http://$2:$3/"; }

# ping_once WHERE ADDRESS: one echo request, one echo reply.
ping_once() {
    printf '\010\000\367\377\000\000\000\000' |
        in_ns "$1" timeout 5 socat -t 3 - "IP4:$2:1" 2>/dev/null | od -An -tx1 | grep -q '^ 00 00'
}

# snapshot NAME: all that a container could leave behind, in $T/NAME.
snapshot() {
    {
        iptables-save -t filter; iptables-save -t nat; iptables-save -t raw
        ip -o link show type veth; ls /sys/class/net; ip neigh show nud permanent dev cni-flannel0
        ls "$T/netns" "$T/flannel" "$T/state.json_containers" /var/lib/cni/networks/net 2>/dev/null
        mount | grep nsfs | grep -v /run/netns
        jq -S . "$T/store" "$T/state.json"
    } 2>/dev/null | sed 's/^#.*//; s/\[[0-9]*:[0-9]*\]//' | grep -v last_reserved_ip >"$T/$1"
}
