# Our CNI plugins run by hand, as any runtime would; and the CNI project's own plugins
# run by the networker.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"

cell_up 10.255.7.0/24
snapshot before
container x
export CNI_PATH=$BIN:/usr/lib/cni

# cni PLUGIN COMMAND JSON [CONTAINER]: status, $T/out, $T/err.
cni() {
    CNI_COMMAND=$2 CNI_CONTAINERID=${4-x} CNI_NETNS=${NETNS-/proc/$(pid x)/ns/net} CNI_IFNAME=eth0 CNI_ARGS='' \
        "$BIN/$1" <<<"$3" >"$T/out" 2>"$T/err"
    status=$?
}

for p in flannel cni-wrapper-plugin; do
    cni $p VERSION '{"cniVersion":"1.0.0"}'
    same "$p tells its versions" '0 1.0.0 ["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0"]' \
        "$status $(answer .cniVersion) $(answer -c .supportedVersions)"
    cni $p ADD '{'
    same "$p: configuration that is no JSON is error 6" '1 6' "$status $(answer .code)"
    cni $p ADD '{"cniVersion":"7.0.0"}'
    same "$p: a version from the future is error 1" '1 1' "$status $(answer .code)"
    NETNS='' cni $p ADD '{}'
    same "$p: a missing variable is error 4 and named" '1 4 required env variables [CNI_NETNS] missing' "$status $(answer .code) $(answer .msg)"
    cni $p JUGGLE '{}'
    same "$p: an unknown command is error 4" '1 4' "$status $(answer .code)"
    cni $p ADD '{}' ../../etc
    same "$p: an id that leaves its folder is refused" '1 4' "$status $(answer .code)"
    CNI_COMMAND='' "$BIN/$p" </dev/null >"$T/out" 2>"$T/err"
    match "$p run by hand says what it is" "^$p .* is a CNI plugin" "$(cat "$T/err")"
done

# --- flannel -------------------------------------------------------------------------
flannel() { # flannel VERSION: its configuration
    jq -nc --arg t "$T" --arg v "$1" '{name: "net", type: "flannel", subnetFile: ($t + "/subnet.env"), dataDir: ($t + "/flannel"),
        delegate: {bridge: "cni-flannel0", isDefaultGateway: true}} + if $v == "" then {} else {cniVersion: $v} end'
}
for v in '' 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0; do
    cni flannel ADD "$(flannel $v)"
    same "flannel ADD, version '$v'" 0 "$status"
    match "the result has an address of the cell's subnet, version '$v'" '^10\.255\.7\.[0-9]+/24$' "$(answer '.ip4.ip // .ips[0].address')"
    same "the delegate's configuration is kept" "bridge true 1450 false host-local 10.255.7.0/24 10.255.0.0/16" \
        "$(jq -r '[.type, .isGateway, .mtu, .ipMasq, .ipam.type, .ipam.ranges[0][0].subnet, .ipam.routes[0].dst] | join(" ")' "$T/flannel/x")"
    same "the interface has the file's MTU" 1450 "$(in_ns x cat /sys/class/net/eth0/mtu 2>/dev/null || in_ns x ip -o link show eth0 | sed 's/.* mtu \([0-9]*\).*/\1/')"
    if [ "$v" = 0.4.0 ] || [ "$v" = 1.0.0 ]; then
        cni flannel CHECK "$(flannel $v | jq -c --slurpfile prev "$T/out" '. + {prevResult: $prev[0]}')"
        same "flannel CHECK, version $v" 0 "$status"
    fi
    cni flannel DEL "$(flannel $v)"
    same "flannel DEL, version '$v'" "0 no" "$status $([ -e "$T/flannel/x" ] && echo yes || echo no)"
done
cni flannel DEL "$(flannel 1.0.0)"
same "flannel DEL again" 0 "$status"
cni flannel ADD "$(flannel 1.0.0 | jq -c '.subnetFile = "/nowhere"')"
match "flannel without its subnet file says so" '^/nowhere: No such file or directory$' "$(answer .msg)"
echo 'FLANNEL_NETWORK=10.255.0.0/16' >"$T/half.env"
cni flannel ADD "$(flannel 1.0.0 | jq -c --arg f "$T/half.env" '.subnetFile = $f')"
same "flannel with half a subnet file says what is missing" "$T/half.env: is missing FLANNEL_SUBNET" "$(answer .msg)"
cni flannel ADD "$(flannel 1.0.0 | jq -c '.delegate.ipam = {}')"
match "flannel sets the address manager itself" "must not have 'ipam' field" "$(answer .msg)"

# --- wrapper ---------------------------------------------------------------------------
wrapper() { # wrapper VERSION DELEGATE-VERSION
    jq -nc --arg t "$T" --arg v "$1" --argjson d "$(flannel "$2" | jq -c 'del(.name) + {name: "net"}')" '{name: "net", cniVersion: $v,
        type: "cni-wrapper-plugin", datastore: ($t + "/store"), iptables_lock_file: ($t + "/iptables.lock"),
        overlay_network: "10.255.0.0/16", metadata: {app_id: "app"}, delegate: $d}'
}
for pair in 0.2.0:0.2.0 0.3.1:0.2.0 0.3.1:0.3.1 1.0.0:0.4.0 0.2.0:1.0.0; do
    cni cni-wrapper-plugin ADD "$(wrapper "${pair%:*}" "${pair#*:}")"
    same "wrapper ADD, version ${pair%:*} over ${pair#*:}" 0 "$status"
    case ${pair%:*} in
    0.2.0) same "its result has the old form" '["dns","ip4"]' "$(answer -c keys)" ;;
    0.3.1) same "its result has the middle form" '0.3.1 4' "$(answer '.cniVersion + " " + .ips[0].version')" ;;
    1.0.0) same "its result has the new form" '1.0.0 null' "$(answer '.cniVersion + " " + (.ips[0].version | tostring)')" ;;
    esac
    ip=$(jq -r .x.ip "$T/store")
    match "masquerading, and only for what leaves the overlay" "-s $ip/32 ! -d 10.255.0.0/16 -m comment --comment \"x:eth0\" -j MASQUERADE" "$(iptables -t nat -S)"
    cni cni-wrapper-plugin CHECK "$(wrapper "${pair%:*}" "${pair#*:}")"
    same "wrapper CHECK" "0 0" "$status $(stat -c %s "$T/out")"
    cni cni-wrapper-plugin DEL "$(wrapper "${pair%:*}" "${pair#*:}")"
    same "wrapper DEL" 0 "$status"
done
snapshot after
check "nothing is left" diff "$T/before" "$T/after"
cni cni-wrapper-plugin CHECK "$(wrapper 1.0.0 1.0.0)"
same "CHECK of a container that is not there" "1 100 container is not in the store $T/store" "$status $(answer .code) $(answer .msg)"
cni cni-wrapper-plugin ADD "$(wrapper 1.0.0 1.0.0)"
iptables -t nat -F
cni cni-wrapper-plugin CHECK "$(wrapper 1.0.0 1.0.0)"
same "CHECK of one whose masquerading somebody took" "1 100 masquerading is missing" "$status $(answer .code) $(answer .msg)"
cni cni-wrapper-plugin DEL "$(wrapper 1.0.0 1.0.0)"
snapshot after
check "nothing is left of them" sh -c "iptables -t nat -X; iptables -t nat -S | grep -c netman | grep -qx 0"
for key in datastore:'missing datastore path' iptables_lock_file:'missing iptables lock file path' \
    overlay_network:'missing overlay network' delegate:'delegate config is missing type'; do
    cni cni-wrapper-plugin ADD "$(wrapper 0.3.1 0.3.1 | jq -c "del(.${key%%:*})")"
    same "wrapper without ${key%%:*}" "1 100 ${key#*:}" "$status $(answer .code) $(answer .msg)"
done
cni cni-wrapper-plugin ADD "$(wrapper 0.3.1 0.3.1 | jq -c '.delegate.type = "broken"')"
match "wrapper tells what its delegate says" '^delegate call: failed to find plugin "broken"' "$(answer .msg)"
cni cni-wrapper-plugin ADD "$(wrapper 0.3.1 0.3.1 | jq -c '.delegate.subnetFile = "/nowhere"')"
same "a delegate that fails is named, with its words" '1 100 delegate call: plugin type="flannel" failed (add): /nowhere: No such file or directory' \
    "$status $(answer .code) $(answer .msg)"
mkdir "$T/theirs"
cp "$BIN/flannel" "$T/theirs/"
CNI_PATH=$T/theirs:$CNI_PATH cni cni-wrapper-plugin ADD "$(wrapper 0.3.1 0.3.1 | jq -c '.delegate.subnetFile = "/nowhere"')"
same "by a flannel that is another file as well" '1 100 delegate call: plugin type="flannel" failed (add): /nowhere: No such file or directory' \
    "$status $(answer .code) $(answer .msg)"
printf '#!/bin/sh\necho "{\\"code\\":100,\\"msg\\":\\"another flannel\\"}"; exit 1\n' >"$T/theirs/flannel"
CNI_PATH=$T/theirs:$CNI_PATH cni cni-wrapper-plugin ADD "$(wrapper 0.3.1 0.3.1)"
match "another program of flannel's name is run as what it is" 'another flannel$' "$(answer .msg)"
cni cni-wrapper-plugin ADD "$(wrapper 0.3.1 0.3.1 | jq -c '.datastore = "/nowhere/store"')"
same "wrapper with a store that cannot be written fails" 1 "$status"
snapshot after
check "and has undone its delegate" diff "$T/before" "$T/after"
cni cni-wrapper-plugin DEL '{"delegate":{}}'
same "wrapper DEL exits 0 even with a broken configuration" "0 0" "$status $(stat -c %s "$T/out")"
match "with words on standard error" 'missing datastore path' "$(cat "$T/err")"
cni cni-wrapper-plugin ADD "$(wrapper 0.3.1 0.3.1 | jq -c '.no_masquerade_cidr_range = "10.0.0.0/8"')"
match "no_masquerade_cidr_range is left alone" '-A POSTROUTING ! -d 10.0.0.0/8 -j netman--masq' "$(iptables -t nat -S)"
cni cni-wrapper-plugin DEL "$(wrapper 0.3.1 0.3.1)"
kill_container x

# --- the CNI project's own, in a list --------------------------------------------------------
container y
mkdir "$T/list.d"
jq -n '{name: "plain", cniVersion: "0.4.0", plugins: [
    {type: "bridge", bridge: "br-plain", isGateway: true, isDefaultGateway: true, ipam: {type: "host-local", ranges: [[{subnet: "10.77.0.0/24"}]]}},
    {type: "portmap", capabilities: {portMappings: true}, snat: false},
    {type: "bandwidth", ingressRate: 1000000, ingressBurst: 1000000, egressRate: 1000000, egressBurst: 1000000}]}' >"$T/list.d/10-plain.conflist"
jq -n '{name: "lo", cniVersion: "0.3.1", type: "loopback"}' >"$T/list.d/20-lo.conf"
jq --arg t "$T" 'del(.overlay_network) | .cni_config_dir = $t + "/list.d"' "$T/networker.json" >"$T/list.json"
up y '{"Pid":'"$(pid y)"',"netin":[{"host_port":0,"container_port":8080}]}' "$T/list.json"
same "bridge, portmap, bandwidth and loopback come up" "0 " "$status $(cat "$T/err")"
serve y 8080
check "portmap forwards the port" in_ns outside curl -sfm 5 -o /dev/null http://10.99.0.5:61000/
match "bandwidth is set" tbf "$(tc qdisc show)"
down y "$T/list.json"
same "and go down" "0 " "$status $(cat "$T/err")"
ip link del br-plain
lacks "portmap's forward is gone" 61000 <(iptables -t nat -S)

# --- every version, as a single configuration and as a list -----------------------------------
container v
ip link add br-v type bridge
mkdir "$T/v.d"
jq --arg t "$T" 'del(.overlay_network) | .cni_config_dir = $t + "/v.d"' "$T/networker.json" >"$T/v.json"
for v in 0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0; do
    jq -n --arg v "$v" '{name: "v", cniVersion: $v, type: "bridge", bridge: "br-v", isDefaultGateway: true,
        ipam: {type: "host-local", subnet: "10.78.0.0/24"}, dns: {nameservers: ["9.9.9.9"]}}' >"$T/v.conf"
    rm -f "$T"/v.d/*
    cp "$T/v.conf" "$T/v.d/10-v.conf"
    up v '{"Pid":'"$(pid v)"'}' "$T/v.json"
    match "a single configuration of version $v" '^0 10.78.0.[0-9]+ eth0$' "$status $(answer '.properties | ."garden.network.container-ip" + " " + ."garden.network.interface"')"
    down v "$T/v.json"
    same "goes down, version $v" "0 " "$status $(cat "$T/err")"
    rm -f "$T"/v.d/*
    # What comes second wants the result of the first in a form that is not older than 0.3.0.
    jq --arg v "$v" '{name, cniVersion, plugins: ([del(.name, .cniVersion)] + if $v < "0.3.0" then [] else [{type: "bandwidth", ingressRate: 1000000, ingressBurst: 1000000}] end)}' "$T/v.conf" >"$T/v.d/10-v.conflist"
    up v '{"Pid":'"$(pid v)"'}' "$T/v.json"
    match "a list of version $v" '^0 10.78.0.[0-9]+$' "$status $(answer '.properties."garden.network.container-ip"')"
    down v "$T/v.json"
    same "and its DEL, version $v" "0 " "$status $(cat "$T/err")"
done
same "no address is still taken" 0 "$(find /var/lib/cni/networks/v -name '10.*' | wc -l)"
kill_container v
ip link del br-v
done_testing
