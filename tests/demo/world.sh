# A small Cloud Foundry made of network namespaces, for the demo and for tests that
# need the whole way. Runs inside tests/sandbox. Sourced after check.sh, services.sh.
#
#   the sandbox's own namespace: a bridge, the underlay's switch     10.10.0.0/24
#   platform   10.10.0.2     Postgres, etcd, UAA, Cloud Controller, policy servers
#   cell1      10.10.0.11    flanneld, vxlan-policy-agent, networker, containers
#   cell2      10.10.0.12    the same
#   outside    10.10.0.99    a server and a client beyond the platform
#
# Each is a "machine": its own network, mounts (/run, /var/lib, /var/vcap) and name.

OVERLAY=10.255.0.0/16
PLATFORM=10.10.0.2
API=http://$PLATFORM:9022 # the router, which the Cloud Controller's stand-in plays too
UAA=http://$PLATFORM:8080
CERTS=$T/certs
CF_HOME=$T/cf
export CF_HOME
FRONTEND='app-frontend-guid'
BACKEND='app-backend-guid'

underlay_of() {
    case $1 in
    platform) echo $PLATFORM ;;
    cell1) echo 10.10.0.11 ;;
    cell2) echo 10.10.0.12 ;;
    outside) echo 10.10.0.99 ;;
    esac
}

# become MACHINE COMMAND…: turn this shell into a command there (so that a pid is the
# command's own, and a signal meets it and not a shell in between).
become() {
    local machine=$1
    shift
    exec nsenter -t "$(cat "$T/$machine.pid")" --net --mount --uts --wdns=/ -- "$@"
}

# on MACHINE COMMAND…: run something there.
on() {
    (become "$@")
}

# daemon MACHINE NAME COMMAND…: the same in the background; log in $T/MACHINE-NAME.log.
daemon() {
    local machine=$1 name=$2
    shift 2
    (become "$machine" "$@") >>"$T/$machine-$name.log" 2>&1 </dev/null &
    echo $! >"$T/$machine-$name.pid"
}

stop() {
    stop_pid "$T/$1-$2.pid"
}

make_machine() {
    local name=$1
    unshare --net --mount --uts sleep infinity >/dev/null 2>&1 &
    echo $! >"$T/$name.pid"
    wait_for 10 eval "[ \"\$(cat /proc/$!/comm)\" = sleep ]" || return 1
    ip link add "ul-$name" type veth peer name eth0 netns "$!"
    ip link set "ul-$name" master underlay up
    on "$name" sh -ec "
        mount --make-rprivate /
        mount -t sysfs sysfs /sys
        mount -t tmpfs -o mode=0755 tmpfs /run
        mount -t tmpfs -o mode=0755 tmpfs /var/lib
        mkdir -p /var/lib/netman
        hostname $name
        ip link set lo up
        ip address add $(underlay_of "$name")/24 dev eth0
        ip link set eth0 up"
}

make_underlay() {
    ip link add underlay type bridge
    ip link set underlay up
    local name
    for name in platform cell1 cell2 outside; do
        make_machine $name || return 1
    done
}

make_certs() {
    "$BIN/netman-certs" ca "$CERTS" ca &&
        "$BIN/netman-certs" server "$CERTS" ca server --ip $PLATFORM &&
        "$BIN/netman-certs" client "$CERTS" ca client
}

# Servers of the platform. Policies travel in plain HTTP to the external API, which
# stands behind the router in real life, and by mutual TLS to the cells.
start_platform() {
    on platform bash -c ". $TOP/tests/lib/check.sh; . $TOP/tests/lib/services.sh; start_postgres $T/pg 5432" &&
        daemon platform etcd etcd --data-dir "$T/etcd" --unsafe-no-fsync \
            --listen-client-urls http://$PLATFORM:2379 --advertise-client-urls http://$PLATFORM:2379 &&
        start_standins && start_policy_server &&
        wait_for 30 on platform curl -sf http://$PLATFORM:2379/health &&
        put_etcd /coreos.com/network/config \
            '{"Network":"10.255.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan","VNI":1,"GBP":true}}'
}

# The users: dora, developer in the one space, and an administrator.
start_standins() {
    cat >"$T/world.json" <<JSON
{"clients": [{"id": "network-policy", "secret": "network-policy-secret", "scopes": ["uaa.resource", "cloud_controller.admin_read_only"]},
             {"id": "cf", "secret": "", "scopes": []}],
 "users": [{"id": "user-dora", "name": "dora", "password": "dora", "scopes": ["network.write"]},
           {"id": "user-admin", "name": "admin", "password": "admin", "scopes": ["network.admin", "cloud_controller.admin"]}],
 "orgs": [{"guid": "org-1", "name": "demo"}],
 "spaces": [{"guid": "space-1", "name": "dev", "org": "org-1", "developers": ["user-dora"]}],
 "apps": [{"guid": "$FRONTEND", "name": "frontend", "space": "space-1"},
          {"guid": "$BACKEND", "name": "backend", "space": "space-1"}]}
JSON
    daemon platform uaa "$STANDINS/uaa" --world "$T/world.json" --signing-key "$T/uaa.key" --host $PLATFORM --port 8080 --url $UAA
    wait_for 30 on platform curl -sf $UAA/token_keys || return 1
    daemon platform cc "$STANDINS/cc" --world "$T/world.json" --signing-key "$T/uaa.key" --host $PLATFORM --port 9022 \
        --url $API --uaa $UAA --networking http://$PLATFORM:4002
    wait_for 30 on platform curl -sf $API/v2/info
}

# put_etcd KEY VALUE: through the JSON gateway, which wants both in base64.
put_etcd() {
    on platform curl -sf -o /dev/null http://$PLATFORM:2379/v3/kv/put \
        -d "{\"key\":\"$(printf %s "$1" | base64 -w0)\",\"value\":\"$(printf %s "$2" | base64 -w0)\"}"
}

write_server_config() {
    cat >"$T/policy-server.json" <<JSON
{
  "listen_host": "$PLATFORM", "listen_port": 4002, "debug_server_host": "127.0.0.1", "debug_server_port": 7932,
  "uaa_client": "network-policy", "uaa_client_secret": "network-policy-secret", "uaa_url": "http://$PLATFORM", "uaa_port": 8080,
  "cc_url": "http://$PLATFORM:9022", "skip_ssl_validation": true,
  "database": {"type": "postgres", "user": "postgres", "password": "", "host": "127.0.0.1", "port": 5432, "timeout": 10, "database_name": "network_policy"},
  "tag_length": 2, "max_policies": 50, "log_prefix": "cfnetworking", "log_level": "info", "cleanup_interval": 3600
}
JSON
    cat >"$T/policy-server-internal.json" <<JSON
{
  "listen_host": "$PLATFORM", "internal_listen_port": 4003, "health_check_port": 4004, "debug_server_host": "127.0.0.1", "debug_server_port": 7933,
  "ca_cert_file": "$CERTS/ca.crt", "server_cert_file": "$CERTS/server.crt", "server_key_file": "$CERTS/server.key",
  "database": {"type": "postgres", "user": "postgres", "password": "", "host": "127.0.0.1", "port": 5432, "timeout": 10, "database_name": "network_policy"},
  "tag_length": 2, "log_prefix": "cfnetworking", "log_level": "info"
}
JSON
}

start_policy_server() {
    write_server_config
    daemon platform policy-server "$BIN/policy-server" -config-file "$T/policy-server.json"
    daemon platform policy-server-internal "$BIN/policy-server-internal" -config-file "$T/policy-server-internal.json"
    wait_for 30 on platform curl -sf http://$PLATFORM:4002/health && wait_for 30 on platform curl -sf http://127.0.0.1:4004/health
}

# agent_gauge CELL NAME: a metric of the cell's agent, in whole units
agent_gauge() {
    on "$1" curl -sf -m 5 http://127.0.0.1:8721/metrics | awk -v m="netman_agent_$2" '$1 == m {printf "%d", $2}'
}

# alone CELL: for a second the cell's agent has had no answer; served CELL: it has one.
alone() { [ "$(agent_gauge "$1" policy_server_gone_seconds)" -ge 1 ]; }
served() { [ "$(agent_gauge "$1" policy_server_gone_seconds)" = 0 ]; }

stop_policy_server() {
    stop platform policy-server && stop platform policy-server-internal
}

write_cell_config() {
    local cell=$1 dir=$T/$1
    mkdir -p "$dir/cni"
    cat >"$dir/agent.json" <<JSON
{
  "poll_interval": 1, "cni_datastore_path": "/var/lib/netman/store.json", "policy_server_url": "https://$PLATFORM:4003",
  "vni": 1, "flannel_subnet_file": "/var/lib/netman/subnet.env", "overlay_network": "$OVERLAY",
  "ca_cert_file": "$CERTS/ca.crt", "client_cert_file": "$CERTS/client.crt", "client_key_file": "$CERTS/client.key", "client_timeout_seconds": 5,
  "iptables_lock_file": "/var/lib/netman/iptables.lock", "debug_server_host": "127.0.0.1", "debug_server_port": 8721,
  "force_policy_poll_cycle_host": "127.0.0.1", "force_policy_poll_cycle_port": 8722,
  "log_prefix": "cfnetworking", "log_level": "info"
}
JSON
    cat >"$dir/networker.json" <<JSON
{
  "cni_plugin_dir": "$BIN:/usr/lib/cni", "cni_config_dir": "$dir/cni", "bind_mount_dir": "/var/lib/netman/netns",
  "state_file": "/var/lib/netman/ports.json", "start_port": 60000, "total_ports": 1000,
  "iptables_lock_file": "/var/lib/netman/iptables.lock", "overlay_network": "$OVERLAY", "instance_address": "$(underlay_of "$cell")",
  "dns_servers": ["169.254.0.2"], "search_domains": ["apps.internal"], "log_prefix": "cfnetworking"
}
JSON
    cat >"$dir/cni/30-cni-wrapper-plugin.conf" <<JSON
{
  "name": "cni-wrapper", "type": "cni-wrapper-plugin", "cniVersion": "0.3.1",
  "datastore": "/var/lib/netman/store.json", "iptables_lock_file": "/var/lib/netman/iptables.lock", "overlay_network": "$OVERLAY",
  "delegate": {
    "name": "cni-flannel", "type": "flannel", "cniVersion": "0.3.1",
    "subnetFile": "/var/lib/netman/subnet.env", "dataDir": "/var/lib/netman/flannel",
    "delegate": {"bridge": "cni-flannel0", "isDefaultGateway": true, "ipMasq": false}
  }
}
JSON
}

# What the kernel must be able to do; modules were loaded by tests/sandbox, if it has them.
kernel_ready() {
    local cell=$1 table
    if ! on "$cell" test -e /proc/sys/net/bridge/bridge-nf-call-iptables; then
        echo "the kernel does not show bridged packets to iptables; on this machine, do: modprobe br_netfilter"
        return 1
    fi
    for table in filter nat raw; do
        on "$cell" iptables -t $table -S >/dev/null && continue
        echo "the kernel has no legacy iptables table '$table'; on this machine, do: modprobe iptable_$table"
        return 1
    done
    on "$cell" sh -ec 'for key in net/ipv4/ip_forward net/bridge/bridge-nf-call-iptables; do echo 1 >/proc/sys/$key; done'
}

start_cell() {
    local cell=$1
    write_cell_config "$cell"
    kernel_ready "$cell" || return 1
    daemon "$cell" flanneld "$BIN/flanneld" --etcd-endpoints="http://$PLATFORM:2379" --iface=eth0 --subnet-file=/var/lib/netman/subnet.env
    wait_for 30 on "$cell" test -s /var/lib/netman/subnet.env || return 1
    daemon "$cell" agent "$BIN/vxlan-policy-agent" -config-file "$T/$cell/agent.json"
    wait_for 30 on "$cell" sh -c "iptables -S FORWARD | grep -q vpa--forward"
}

networker() {
    local cell=$1 action=$2 handle=$3
    on "$cell" "$BIN/garden-external-networker" --configFile="$T/$cell/networker.json" --action "$action" --handle "$handle"
}

# container_up CELL HANDLE APP [extra members of up's JSON]: a container as Garden
# makes it: a process in a new network namespace with lo up, then the networker.
container_up() {
    local cell=$1 handle=$2 app=$3 extra=${4-} pid
    (become "$cell" unshare --net sh -c 'ip link set lo up; exec sleep infinity') >/dev/null 2>&1 </dev/null &
    pid=$!
    echo $pid >"$T/$handle.pid"
    echo "$cell" >"$T/$handle.cell"
    wait_for 10 eval "[ \"\$(cat /proc/$pid/comm)\" = sleep ]" || return 1
    printf '{"Pid":%d,"Properties":{"app_id":"%s","policy_group_id":"%s","space_id":"space-1","org_id":"org-1","ports":"8080"}%s}' \
        "$pid" "$app" "$app" "$extra" | networker "$cell" up "$handle" >"$T/$handle.json" || return 1
}

# sharing KIND PID: the processes in the same namespace as that one, by name and id.
sharing() {
    local p
    for p in /proc/[0-9]*; do
        [ "$p/ns/$1" -ef "/proc/$2/ns/$1" ] && echo "$(cat "$p/comm") ${p#/proc/}"
    done 2>/dev/null
}

# container_down HANDLE: all its processes die, as Garden has it, then the networker.
container_down() {
    local handle=$1 pids
    pids=$(sharing net "$(cat "$T/$handle.pid")" | cut -d" " -f2)
    # shellcheck disable=SC2086 # a list of numbers
    kill -9 $pids
    echo null | networker "$(cat "$T/$handle.cell")" down "$handle" && rm "$T/$handle".{pid,cell,json}
}

# inside HANDLE COMMAND…: run something in a container's network.
inside() {
    local handle=$1
    shift
    nsenter -t "$(cat "$T/$handle.pid")" --net -- "$@"
}

ip_of() {
    jq -r '.properties["garden.network.container-ip"]' "$T/$1.json"
}

serve() {
    local handle=$1 port=$2
    (exec nsenter -t "$(cat "$T/$handle.pid")" --net --mount -- "$TOOLS/http-echo" --port "$port" --name "$handle") >"$T/$handle-http.log" 2>&1 &
    wait_for 10 inside "$handle" curl -sf -o /dev/null "http://127.0.0.1:$port/"
}

# reaches FROM TO-ADDRESS PORT: an HTTP request out of a container is answered.
reaches() {
    inside "$1" curl -sS --connect-timeout 2 -m 3 "http://$2:$3/"
}

# token_of USER: an access token, as "bearer …"; the password is the user's name.
login() {
    on outside curl -sf -u cf: -d "grant_type=password&username=$1&password=$1" $UAA/oauth/token
}

token_of() {
    login "$1" | jq -r '"bearer " + .access_token'
}

# The file that `cf login` and `cf target` would have left.
cf_login() {
    mkdir -p "$CF_HOME/.cf"
    login dora | jq --arg api $API --arg uaa $UAA '{
        ConfigVersion: 4, Target: $api, APIVersion: "3.180.0", AuthorizationEndpoint: $uaa, UaaEndpoint: $uaa,
        AccessToken: ("bearer " + .access_token), RefreshToken: .refresh_token, UAAOAuthClient: "cf", UAAOAuthClientSecret: "",
        SSLDisabled: false, OrganizationFields: {GUID: "org-1", Name: "demo"}, SpaceFields: {GUID: "space-1", Name: "dev"}}' \
        >"$CF_HOME/.cf/config.json" && test -s "$CF_HOME/.cf/config.json"
}

# refused FROM TO-ADDRESS PORT: the connection is not made: refused, or no answer.
refused() {
    reaches "$@"
    local why=$?
    [ $why -eq 7 ] || [ $why -eq 28 ]
}

cf() {
    on outside env CF_HOME="$CF_HOME" NO_COLOR=1 "$BIN/network-policy-plugin" "$@"
}

epoch_us() {
    echo "${EPOCHREALTIME/[.,]/}"
}
