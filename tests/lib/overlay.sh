# Cells with flanneld in network namespaces of a sandbox. Sourced by tests.
#
# The sandbox's own namespace is the underlay's switch and holds etcd:
# 192.0.2.1/24 on the bridge "underlay"; cell N has 192.0.2.(10+N) on eth0.

ETCD=http://192.0.2.1:2379
PREFIX=/coreos.com/network

make_underlay() {
    ip link add underlay type bridge || return 1
    ip addr add 192.0.2.1/24 dev underlay
    ip link set underlay up
}

# etcd_v3 PATH JSON: a call of the JSON gateway.
etcd_v3() { curl -sSf -m 10 "$ETCD/v3/$1" -d "$2"; }
b64() { printf %s "$1" | base64 -w 0; }

# put_config JSON: the network's configuration
put_config() {
    etcd_v3 kv/put "{\"key\":\"$(b64 $PREFIX/config)\",\"value\":\"$(b64 "$1")\"}" >/dev/null
}

# leases: "KEY VALUE" of each lease, sorted
leases() {
    etcd_v3 kv/range "{\"key\":\"$(b64 $PREFIX/subnets/)\",\"range_end\":\"$(b64 "${PREFIX}/subnets0")\"}" |
        jq -r '.kvs[]? | (.key|@base64d|sub(".*/";"")) + " " + (.value|@base64d)'
}

# put_lease SUBNET-KEY VALUE [ETCD-LEASE]
put_lease() {
    etcd_v3 kv/put "{\"key\":\"$(b64 $PREFIX/subnets/$1)\",\"value\":\"$(b64 "$2")\",\"lease\":\"${3-0}\"}" >/dev/null
}

delete_lease() { etcd_v3 kv/deleterange "{\"key\":\"$(b64 $PREFIX/subnets/$1)\"}" >/dev/null; }

# vxlan_lease PUBLIC-IP MAC: a lease's value
vxlan_lease() {
    echo "{\"PublicIP\":\"$1\",\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"$2\"}}"
}

# make_cell N [MTU]: a machine on the underlay
make_cell() {
    local n=$1 cell=cell$1
    ip netns add "$cell" || return 1
    ip link add "to-$cell" mtu "${2-1500}" type veth peer name eth0 mtu "${2-1500}" netns "$cell" || return 1
    ip link set "to-$cell" master underlay up
    ip -n "$cell" link set lo up
    ip -n "$cell" addr add "192.0.2.$((10 + n))/24" dev eth0
    ip -n "$cell" link set eth0 up
    ip -n "$cell" route add default via 192.0.2.1
}

# on N COMMAND…: run on a cell
on() {
    local n=$1
    shift
    ip netns exec "cell$n" "$@"
}

# start_flanneld N [flag…]: in the background; pid in $T/cellN.pid, log in $T/cellN.log
start_flanneld() {
    local n=$1
    shift
    ip netns exec "cell$n" "$BIN/flanneld" --etcd-endpoints="${ENDPOINTS-$ETCD}" --iface="${IFACE-eth0}" \
        --subnet-file="$T/cell$n.env" "$@" >>"$T/cell$n.log" 2>&1 &
    echo $! >"$T/cell$n.pid"
}

# joined N: has it joined since its log was last emptied?
joined() { grep -q overlay-joined "$T/cell$1.log"; }

# join N [flag…]: start it and wait
join() {
    : >"$T/cell$1.log"
    start_flanneld "$@"
    wait_for 20 joined "$1"
}

# stop_flanneld N [SIGNAL]: end it, wait, fail if its exit status is not 0 (143: killed)
stop_flanneld() {
    local pid status
    pid=$(cat "$T/cell$1.pid")
    kill "-${2-TERM}" "$pid"
    wait_for 20 has_ended "$1" || kill -KILL "$pid"
    wait "$pid"
    status=$?
    [ "${2-TERM}" = KILL ] || [ "$status" = 0 ]
}

# has_ended N: is it no more, or a zombie?
has_ended() { ! grep -qs '^State:[[:space:]]*[^Z]' "/proc/$(cat "$T/cell$1.pid")/status"; }

# subnet N: "10.255.7.0/24"; gateway N: "10.255.7.1"
gateway() { sed -n 's/^FLANNEL_SUBNET=\(.*\)\/.*/\1/p' "$T/cell$1.env"; }
subnet() { echo "$(gateway "$1" | sed 's/\.[0-9]*$/.0/')/24"; }

# populate N: a bridge with the gateway's address, as the CNI plugin makes it
populate() {
    on "$1" ip link add cni0 type bridge
    on "$1" ip addr add "$(gateway "$1")/24" dev cni0
    on "$1" ip link set cni0 up
}

# reaches A B: a packet from A's subnet to B's and back
reaches() { on "$1" ping -q -c 1 -W 1 -I "$(gateway "$1")" "$(gateway "$2")"; }

# dataplane N: everything in the kernel that flanneld made
dataplane() {
    on "$1" ip -d link show flannel.1 | grep -v 'gso_max' | sed 's/^[0-9]*: //'
    on "$1" ip addr show dev flannel.1 | grep inet
    on "$1" ip route show dev flannel.1 | sort
    on "$1" ip neigh show dev flannel.1 nud permanent | sort
    on "$1" bridge fdb show dev flannel.1 | sort
}
