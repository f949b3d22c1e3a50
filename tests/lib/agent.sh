# A cell for tests of the agent: this sandbox's own namespace with a bridge, containers
# made by hand, and an internal API that answers from files. Sourced after check.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # $T, $BIN, $TOOLS come from tests/sandbox

front=f1111111-0000-4000-8000-000000000001
back=b2222222-0000-4000-8000-000000000002
# shellcheck disable=SC2034 # for tests
other=c3333333-0000-4000-8000-000000000003
API=$T/api
mkdir -p "$API" "$T/state"
echo '{}' >"$T/store"
echo 0 >"$T/store_version"
echo '{"total_policies":0,"policies":[]}' >"$API/body"

in_ns() { local ns=$1; shift; ip netns exec "$ns" "$@"; }

# cell_up: the bridge as the CNI plugins would make it.
cell_up() {
    ip link add cni0 type bridge
    ip addr add 10.255.1.1/24 dev cni0
    ip link set cni0 up
    # Every refusal is told, not only one a second: tests would wait for the others.
    sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1 net.ipv4.icmp_ratelimit=0
    subnet_is 10.255.1.1/24
}

# subnet_is GATEWAY/LENGTH: what flanneld writes.
subnet_is() {
    printf 'FLANNEL_NETWORK=10.255.0.0/16\nFLANNEL_SUBNET=%s\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n' "$1" >"$T/subnet.env.new"
    mv "$T/subnet.env.new" "$T/subnet.env"
}

# box NAME ADDRESS [APP]: a container; the agent learns of it from the store.
box() {
    ip netns add "$1"
    ip link add "v-$1" type veth peer name eth0 netns "$1"
    ip link set "v-$1" master cni0 up
    in_ns "$1" sh -c "ip link set lo up; ip addr add $2/24 dev eth0; ip link set eth0 up; ip route add default via 10.255.1.1"
    [ -z "${3-}" ] || store_add "$1" "$2" "$3"
}

# The store is replaced whole, then its version grows, as the CNI wrapper does it.
store_edit() {
    jq "$@" "$T/store" >"$T/store.new" && mv "$T/store.new" "$T/store"
    echo $(($(cat "$T/store_version") + 1)) >"$T/store_version.new"
    mv "$T/store_version.new" "$T/store_version"
}
store_add() { store_edit --arg h "$1" --arg ip "$2" --arg app "$3" '.[$h] = {handle: $h, ip: $ip, metadata: {policy_group_id: $app}}'; }
store_remove() { store_edit --arg h "$1" 'del(.[$h])'; }

# policy SRC SRCTAG DST DSTTAG PROTO START END: one policy as the internal API prints it.
policy() {
    jq -nc --arg s "$1" --arg st "$2" --arg d "$3" --arg dt "$4" --arg p "$5" --argjson a "$6" --argjson b "$7" \
        '{source: {id: $s, tag: $st}, destination: {id: $d, tag: $dt, protocol: $p, ports: {start: $a, end: $b}}}'
}

# policies_are REVISION POLICY…: what the API says from now on; the ETag changes last.
policies_are() {
    local revision=$1
    shift
    printf '%s\n' "$@" | jq -sc '{total_policies: length, policies: .}' >"$API/body.new"
    mv "$API/body.new" "$API/body"
    if [ -n "$revision" ]; then
        echo "\"$revision\"" >"$API/etag.new"
        mv "$API/etag.new" "$API/etag"
    else
        rm -f "$API/etag"
    fi
}

certificates() {
    "$BIN/netman-certs" ca "$T" ca
    "$BIN/netman-certs" server "$T" ca server --ip 127.0.0.1
    "$BIN/netman-certs" client "$T" ca client
}

api_up() {
    "$TOOLS/policy-api" --port 4003 --dir "$API" --ca "$T/ca.crt" --cert "$T/server.crt" --key "$T/server.key" >"$T/api.port" 2>"$T/api.err" &
    api_pid=$!
    wait_for 10 test -s "$T/api.port"
}

api_down() {
    kill -KILL "$api_pid"
    wait "$api_pid" 2>/dev/null
    : >"$T/api.port"
}

# agent_config [JQ-FILTER]
agent_config() {
    jq -n --arg t "$T" '{poll_interval: 1, cni_datastore_path: ($t + "/store"), policy_server_url: "https://127.0.0.1:4003",
        vni: 1, flannel_subnet_file: ($t + "/subnet.env"), overlay_network: "10.255.0.0/16", ca_cert_file: ($t + "/ca.crt"),
        client_cert_file: ($t + "/client.crt"), client_key_file: ($t + "/client.key"), client_timeout_seconds: 5,
        iptables_lock_file: ($t + "/iptables.lock"), debug_server_host: "127.0.0.1", debug_server_port: 8721,
        force_policy_poll_cycle_host: "127.0.0.1", force_policy_poll_cycle_port: 8722, log_level: "debug",
        log_prefix: "cfnetworking", state_directory: ($t + "/state")} | '"${1-.}" >"$T/agent.json"
}

agent_up() {
    "$BIN/vxlan-policy-agent" -config-file "$T/agent.json" >>"$T/agent.log" 2>>"$T/agent.err" &
    agent_pid=$!
}

# agent_down: ends it as an operator does; $status is its exit status.
agent_down() {
    kill -TERM "$agent_pid"
    wait "$agent_pid"
    status=$?
}

force() { curl -sS -m 20 -o "$T/force" -w '%{http_code}' http://127.0.0.1:8722/force-policy-poll-cycle; }
logged() { grep -c "\"cfnetworking.vxlan-policy-agent.$1\"" "$T/agent.log"; }
has_logged() { [ "$(logged "$1")" -gt "${2-0}" ]; }
metric() { curl -sS -m 5 http://127.0.0.1:8721/metrics | awk -v m="netman_agent_$1" '$1 == m {print $2}'; }
rule() { iptables -S "$@"; }
first_forward() { iptables -S FORWARD 1; }

# serve WHERE PORT: answers connections there.
serve() {
    in_ns "$1" socat "TCP-LISTEN:$2,reuseaddr,fork" SYSTEM:'echo hello' &
    wait_for 10 in_ns "$1" sh -c "ss -Hltn 'sport = :$2' | grep -q ."
}

# reach WHERE ADDRESS PORT: does a connection get an answer?
reach() { in_ns "$1" timeout 3 socat -u "TCP:$2:$3,connect-timeout=2" - | grep -q hello; }
refused() { ! reach "$@"; }

# told WHERE ADDRESS PORT: the refusal is an answer, not silence
told() { in_ns "$1" timeout 3 socat -u "TCP:$2:$3,connect-timeout=2" - 2>&1 | grep -q 'Connection refused'; }

# front_and_back: a cell with a container of each, and in $allow the policy that lets the one
# talk to the other.
front_and_back() {
    cell_up
    certificates
    box front 10.255.1.2 $front
    box back 10.255.1.3 $back
    # shellcheck disable=SC2034 # for tests
    allow=$(policy $front 0001 $back 0002 tcp 8080 8080)
}

# agent_cell FROM TO [COMMAND]: with cell.sh, a cell that has the overlay's device and the containers
# $front, $back and evil, which may send to these addresses outside. `addr NAME` is whose.
# COMMAND is run before they come.
agent_cell() {
    local c
    cell_up 10.255.1.0/24
    snapshot before
    certificates
    ip link add flannel.1 type vxlan id 1 local 10.99.0.5 dev up0 dstport 8472 gbp nolearning
    ip addr add 10.255.1.0/32 dev flannel.1
    ip link set flannel.1 up
    ${3-:}
    for c in front:$front back:$back evil:evil; do
        container "${c%%:*}"
        up "${c%%:*}" '{"Pid":'"$(pid "${c%%:*}")"',"Properties":{"policy_group_id":"'"${c#*:}"'"},
            "netout_rules":[{"protocol":0,"networks":[{"start":"'"$1"'","end":"'"$2"'"}]}]}'
        same "container ${c%%:*} comes up" 0 "$status"
    done
}
addr() { jq -r ".$1.ip" "$T/store"; }
