# What flanneld refuses to do, and with which words; the static mode.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/overlay.sh"

CONFIG='{"Network":"10.255.0.0/16","Backend":{"Type":"vxlan","GBP":true}}'
make_underlay
make_cell 1
make_cell 2 9000
make_cell 3
check "etcd starts" start_etcd "$T/etcd" 192.0.2.1 2379

# fails CELL PATTERN WHAT [flag…]: flanneld ends with status 1 and such a message
fails() {
    local n=$1 pattern=$2 what=$3 status
    shift 3
    : >"$T/cell$n.log"
    start_flanneld "$n" "$@"
    wait_for 20 has_ended "$n" || kill "$(cat "$T/cell$n.pid")"
    wait "$(cat "$T/cell$n.pid")"
    status=$?
    match "$what" "\"level\":\"fatal\".*$pattern" "$(cat "$T/cell$n.log")"
    same "$what: exit status" 1 "$status"
    refuse "$what: no device is made" on "$n" ip link show flannel.1
}

config() { put_config "{\"Network\":\"${2-10.255.0.0/16}\",\"Backend\":{\"Type\":\"vxlan\",$1}}"; }

# --- the network's configuration ------------------------------------------------
: >"$T/cell1.log"
start_flanneld 1
check "without a configuration it waits" wait_for 10 grep -q 'waiting-for-store.*has no key /coreos.com/network/config' "$T/cell1.log"
config '"GBP":true'
check "and joins when there is one" wait_for 20 joined 1
stop_flanneld 1
on 1 ip link del flannel.1
rm -f "$T/cell1.env"
delete_lease "$(leases | cut -d' ' -f1)"

config '"GBP":false'
fails 1 'Backend.GBP is not true.*--allow-no-gbp' "a network without group policy is refused"
check "unless told otherwise" join 1 --allow-no-gbp
lacks "and has none then" gbp <(on 1 ip -d link show flannel.1)
stop_flanneld 1

config '"GBP":true'
mac=$(on 1 cat /sys/class/net/flannel.1/address)
check "a device without group policy is made anew where it is wanted" join 1
match "which is said" 'device-made-anew.*"wrong":"group policy"' "$(cat "$T/cell1.log")"
check "with it" eval 'on 1 ip -d link show flannel.1 | grep -qw gbp'
same "and the same MAC address" "$mac" "$(on 1 cat /sys/class/net/flannel.1/address)"
stop_flanneld 1
index=$(on 1 cat /sys/class/net/flannel.1/ifindex)
on 1 ip link set flannel.1 type vxlan learning
on 1 ip link set flannel.1 mtu 1000
check "a device that learns and has another MTU is corrected" join 1
match "to what it should be" 'mtu 1450 .*nolearning' "$(on 1 ip -d link show flannel.1 | tr '\n' ' ')"
same "in place" "$index" "$(on 1 cat /sys/class/net/flannel.1/ifindex)"
stop_flanneld 1
on 1 ip addr del 192.0.2.11/24 dev eth0
on 1 ip addr add 192.0.2.111/24 dev eth0
on 1 ip route add default via 192.0.2.1
sub=$(subnet 1)
check "a cell whose address changed joins" join 1
same "with its old subnet" "$sub" "$(subnet 1)"
same "and the same device" "$index" "$(on 1 cat /sys/class/net/flannel.1/ifindex)"
match "which sends from the new address" 'local 192.0.2.111 ' "$(on 1 ip -d link show flannel.1)"
same "its lease tells the new one" 192.0.2.111 "$(leases | sed 's/.*"PublicIP":"\([^"]*\)".*/\1/')"
stop_flanneld 1
on 1 ip link del flannel.1
delete_lease "$(leases | cut -d' ' -f1)"
rm -f "$T/cell1.env"

for case in \
    'host-gw|{"Network":"10.255.0.0/16","Backend":{"Type":"host-gw"}}|Backend.Type is .host-gw.' \
    'no backend|{"Network":"10.255.0.0/16"}|Backend.Type is .udp.' \
    'no network|{"Backend":{"Type":"vxlan"}}|Network: must be like' \
    'subnets too long|{"Network":"10.255.0.0/16","SubnetLen":31,"Backend":{"Type":"vxlan"}}|SubnetLen: must be less than 31' \
    'a range outside|{"Network":"10.255.0.0/16","SubnetMin":"10.254.0.0","Backend":{"Type":"vxlan"}}|SubnetMin: 10.254.0.0 is not in' \
    'a VNI too great|{"Network":"10.255.0.0/16","Backend":{"Type":"vxlan","VNI":16777216}}|VNI: 16777216 is out of range' \
    'no JSON|{"Network":|line 1'; do
    IFS='|' read -r name text words <<<"$case"
    put_config "$text"
    fails 1 "$words" "configuration with $name"
done

# --- the underlay ---------------------------------------------------------------
config '"GBP":true' 192.0.0.0/16
fails 1 'contains this cell.s underlay address' "an overlay that contains the underlay"
config '"GBP":true' 10.255.0.0/16
on 1 ip route add 10.255.128.0/17 via 192.0.2.1
fails 1 'overlaps the route to 10.255.128.0/17 by eth0 and would cut' "an overlay across a route"
on 1 ip route del 10.255.128.0/17
config '"GBP":true,"MTU":9000'
fails 1 'MTU 9000 is greater than eth0.s 1500: lower Backend.MTU or' "an MTU that the underlay does not carry"
check "which fits a cell with jumbo frames" join 2
match "and gives its overlay 8950" 'FLANNEL_MTU=8950' "$(cat "$T/cell2.env")"
make_cell 4 9000
# whole CELL CELL BYTES: does a packet of so many bytes pass in one piece?
whole() { on "$1" ping -q -M "do" -c 1 -W 1 -s $(($3 - 28)) -I "$(gateway "$1")" "$(gateway "$2")"; }
check "another one with jumbo frames joins" join 4
for n in 2 4; do
    populate $n
    on $n ip link set cni0 mtu 9000
done
check "a packet of 8950 bytes passes between them in one piece" wait_for 10 whole 2 4 8950
refuse "a greater one does not" whole 2 4 8951
stop_flanneld 4
stop_flanneld 2
config '"GBP":true,"MTU":1400'
check "an MTU of 1400" join 2
match "gives the overlay 1350" 'FLANNEL_MTU=1350' "$(cat "$T/cell2.env")"
match "the device too" 'mtu 1350' "$(on 2 ip link show flannel.1)"
join 4
check "a packet of 1350 bytes passes in one piece" wait_for 10 whole 2 4 1350
refuse "a greater one does not" whole 2 4 1351
stop_flanneld 4
on 4 ip link del flannel.1
stop_flanneld 2
config '"GBP":true,"Port":4789'
ip netns exec cell1 socat -u UDP4-RECV:4789 /dev/null &
socat=$!
wait_for 10 eval 'on 1 ss -uln | grep -q :4789'
fails 1 'UDP port 4789 is in use.*ss -ulnp' "a tunnel port that a program has"
kill $socat
wait $socat
on 1 ip link add silk-vtep type vxlan id 1 dstport 4789 local 192.0.2.111 dev eth0
on 1 ip link set silk-vtep up
fails 1 'device silk-vtep already uses VNI 1 on port 4789: delete it' "a VNI and port that another device has"
on 1 ip link del silk-vtep
IFACE=nowhere0
fails 3 'interface nowhere0' "an underlay interface that is not there"
unset IFACE

# --- exhausted ------------------------------------------------------------------
put_config '{"Network":"10.255.0.0/24","SubnetLen":26,"SubnetMin":"10.255.0.64","SubnetMax":"10.255.0.64","Backend":{"Type":"vxlan","GBP":true}}'
stop_flanneld 2
on 2 ip link del flannel.1
rm -f "$T"/cell*.env
for key in $(leases | cut -d' ' -f1); do delete_lease "$key"; done
: >"$T/cell1.log"
: >"$T/cell3.log"
start_flanneld 1
start_flanneld 3
one_out() { grep -q overlay-joined "$T/cell1.log" "$T/cell3.log" && grep -q '"level":"fatal"' "$T/cell1.log" "$T/cell3.log"; }
check "of two that race for the last subnet one gets it and one ends" wait_for 20 one_out
match "with words that help" 'no subnet is free: all /26 from 10.255.0.64 to 10.255.0.64 are leased' "$(cat "$T/cell1.log" "$T/cell3.log")"
same "one lease is in etcd" 1 "$(leases | wc -l)"
kill "$(cat "$T/cell1.pid")" "$(cat "$T/cell3.pid")" 2>/dev/null
wait "$(cat "$T/cell1.pid")" "$(cat "$T/cell3.pid")"
for n in 1 3; do on $n ip link del flannel.1 2>/dev/null; done

# --- the command line -----------------------------------------------------------
refuse "an unknown flag is refused" "$BIN/flanneld" --no-such-flag
refuse "so is a margin of a day" "$BIN/flanneld" --check-config --subnet-lease-renew-margin=1440
refuse "and a certificate without a key" "$BIN/flanneld" --check-config --etcd-certfile=/tmp/x
check "what deployments of flannel pass is taken" "$BIN/flanneld" --check-config -etcd-endpoints https://a:1,https://b:2 \
    --log_dir=/tmp --subnet-lease-renew-margin=1439 --health-check-port=19823 -v=2 -logtostderr
FLANNELD_SUBNET_LEASE_RENEW_MARGIN=1440
export FLANNELD_SUBNET_LEASE_RENEW_MARGIN
refuse "flags come from the environment too" "$BIN/flanneld" --check-config
check "but those given are stronger" "$BIN/flanneld" --check-config --subnet-lease-renew-margin=60
unset FLANNELD_SUBNET_LEASE_RENEW_MARGIN

printf '{"config":{"Network":"10.255.0.0/16","Backend":{"Type":"vxlan","GBP":true}},"leases":[' >"$T/torn.json"
echo '{"config":{"Network":"10.255.0.0/16","Backend":{"Type":"vxlan"}}}' >"$T/no-gbp.json"
for case in \
    '--static=$T/torn.json|torn.json: line 1' \
    '--static=$T/no-gbp.json|Backend.GBP is not true' \
    '--static=$T/nowhere.json|nowhere.json' \
    '--public-ip=garbage|--public-ip: garbage is no IPv4 address' \
    '--iface-can-reach=x|--iface-can-reach: x is no IPv4 address' \
    '--iface-regex=(|--iface-regex \(: no extended regular expression' \
    '--etcd-endpoints=ftp://x|etcd endpoint ftp://x: .* is no http or https URL' \
    '--etcd-cafile=/nowhere|cannot read /nowhere' \
    '--debug-port=99999999|--debug-port'; do
    IFS='|' read -r flag words <<<"${case/\$T/$T}"
    out=$("$BIN/flanneld" --check-config "$flag" 2>&1)
    same "${flag/$T/} is found by --check-config" 1 $?
    match "${flag/$T/} is named" "$words" "$out"
done
same "all that is wrong is told at once" "--debug-port --log-level --no-such --public-ip" \
    "$(FLANNELD_DEBUG_PORT=x "$BIN/flanneld" --check-config --no-such --public-ip=y --log-level=z 2>&1 | grep -o -e '--[a-z-]*' | grep -v -e --help | sort -u | paste -sd' ')"
check "empty flags are as if they were not given" "$BIN/flanneld" --check-config --public-ip= --etcd-cafile= --etcd-certfile= --etcd-keyfile= \
    --iface= --iface-regex= --iface-can-reach= --etcd-username= --etcd-password= --etcd-endpoints= --etcd-prefix= --static= --subnet-file=
check "so are empty variables" env FLANNELD_PUBLIC_IP= FLANNELD_IP_MASQ= FLANNELD_ETCD_CAFILE= FLANNELD_HEALTHZ_PORT= "$BIN/flanneld" --check-config

for flag in --kube-subnet-mgr --public-ipv6=fd00::1 --ip-blackhole-route --etcd-api=v4 --etcd-username=me; do
    refuse "$flag is refused" "$BIN/flanneld" --check-config $flag
done
match "with the reason" 'kube-subnet-mgr: leases come from etcd or --static here' "$("$BIN/flanneld" --check-config --kube-subnet-mgr 2>&1)"
check "but not where it says no" "$BIN/flanneld" --check-config --kube-subnet-mgr=false --ip-blackhole-route=false

# --- which interface --------------------------------------------------------------
put_config "$CONFIG"
rm -f "$T"/cell*.env
on 1 ip link add eth1 type veth peer name peer1
on 1 ip addr add 203.0.113.5/24 dev eth1
on 1 ip link set eth1 mtu 1400 up
on 1 ip link set peer1 up
check "with empty flags a cell joins" join 1 --public-ip= --etcd-cafile= --iface= --iface-can-reach= --etcd-username= --etcd-password=
stop_flanneld 1
tunnel() { on 1 ip -d link show flannel.1 | grep -o 'local [0-9.]* dev [a-z0-9]*'; }
unset_iface() { ip netns exec cell1 "$BIN/flanneld" --etcd-endpoints="$ETCD" --subnet-file="$T/cell1.env" "$@" >>"$T/cell1.log" 2>&1 & echo $! >"$T/cell1.pid"; }
# chooses "WHAT" "TUNNEL" flag…
chooses() {
    local what=$1 want=$2
    shift 2
    : >"$T/cell1.log"
    unset_iface "$@"
    wait_for 20 joined 1
    same "$what" "$want" "$(tunnel)"
    stop_flanneld 1
}
chooses "an interface is found by the default route" "local 192.0.2.111 dev eth0"
chooses "by an expression for its address" "local 203.0.113.5 dev eth1" --iface=nowhere0 --iface-regex='^203\.0\.113\.[0-9]+$'
chooses "or for its name" "local 203.0.113.5 dev eth1" --iface-regex=nothing --iface-regex='^eth1$'
chooses "by where it leads to" "local 203.0.113.5 dev eth1" --iface-can-reach=203.0.113.99
chooses "by its public address" "local 203.0.113.5 dev eth1" --public-ip=203.0.113.5
match "which then tells the MTU" 'mtu 1350' "$(on 1 ip link show flannel.1)"
on 1 ip link del eth1
on 1 ip link del flannel.1

# --- users of etcd ----------------------------------------------------------------
make_users() {
    local range
    range="\"key\":\"$(b64 $PREFIX/)\",\"range_end\":\"$(b64 ${PREFIX}0)\""
    for user in root flannel; do
        etcd_v3 auth/user/add "{\"name\":\"$user\",\"password\":\"$user's\"}" && etcd_v3 auth/role/add "{\"name\":\"$user\"}" || return 1
    done
    etcd_v3 auth/role/grant "{\"name\":\"flannel\",\"perm\":{\"permType\":\"READWRITE\",$range}}" || return 1
    for user in root flannel; do
        etcd_v3 auth/user/grant "{\"user\":\"$user\",\"role\":\"$user\"}" || return 1
    done
    etcd_v3 auth/enable '{}'
}
rm -f "$T"/cell*.env
for key in $(leases | cut -d' ' -f1); do delete_lease "$key"; done
check "etcd gets users" make_users
fails 3 'etcd answered 400: .*user name is empty' "a cell that is no user"
fails 3 'etcd user flannel: etcd answered 400: .*invalid user ID or password' "a user with a wrong password" --etcd-username=flannel --etcd-password=wrong
FLANNELD_ETCD_PASSWORD="flannel's"
export FLANNELD_ETCD_PASSWORD
check "with the right one, from the environment, a cell joins" join 3 --etcd-username=flannel --subnet-lease-ttl=4 --log-level=debug
lacks "the password is said nowhere" "flannel's" "$T/cell3.log"
stop_pid "$T/etcd.pid"
check "when etcd comes back it knows no token" start_etcd "$T/etcd" 192.0.2.1 2379
: >"$T/cell3.log"
check "the cell gets another one and keeps its lease" wait_for 20 grep -q -e lease-renewed -e lease-taken-again "$T/cell3.log"
stop_flanneld 3
unset FLANNELD_ETCD_PASSWORD
on 3 ip link del flannel.1

# --- static mode ----------------------------------------------------------------
static() {
    printf '{"config":{"Network":"10.255.0.0/16","Backend":{"Type":"vxlan","GBP":true}},"leases":[%s]}' "$1" >"$T/static.new"
    mv "$T/static.new" "$T/static.json"
}
one='{"Subnet":"10.255.1.0/24","PublicIP":"192.0.2.111"}'
two='{"Subnet":"10.255.2.0/24","PublicIP":"192.0.2.12"}'
rm -f "$T"/cell*.env
static "$one,$two"
check "a cell joins from a file" join 1 --static="$T/static.json"
check "another too" join 2 --static="$T/static.json"
populate 1
populate 2
check "packets go" wait_for 10 reaches 1 2
static "$one,$two,{\"Subnet\":\"10.255.9.0/24\",\"PublicIP\":\"192.0.2.19\",\"VtepMAC\":\"02:00:00:00:00:19\"}"
check "a lease written into the file is programmed" wait_for 10 eval 'dataplane 1 | grep -q 02:00:00:00:00:19'
cp "$T/static.json" "$T/static.json.kept"
printf '{' >"$T/static.json"
check "a file that is torn is reported" wait_for 10 grep -q 'watch-interrupted.*static.json' "$T/cell1.log"
check "and changes nothing" eval 'dataplane 1 | grep -q 02:00:00:00:00:19'
sed 's/"Backend":{/&"VNI":2,/' "$T/static.json.kept" >"$T/static.new"
mv "$T/static.new" "$T/static.json"
check "and a configuration that changed is refused" wait_for 10 grep -q "watch-interrupted.*'config' is not what flanneld started with: start it anew" "$T/cell1.log"
check "which changes nothing either" eval 'dataplane 1 | grep -q 02:00:00:00:00:19'
static "$one,$two"
check "a lease that left the file is taken out" wait_for 20 eval '! dataplane 1 | grep -q 02:00:00:00:00:19'
check "packets still go" reaches 1 2
static "${one%\}},\"VtepMAC\":\"02:00:00:00:00:11\"},$two"
check "a file that gives a cell another MAC address is told" wait_for 10 grep -q 'own-lease-not-written.*gives this cell another PublicIP or VtepMAC' "$T/cell1.log"
static "$one,$two"
check "and when that is put right packets go" wait_for 20 reaches 1 2
fails 3 'has no lease with this cell.s PublicIP 192.0.2.13' "a cell that the file does not name" --static="$T/static.json"
static "$one,$one"
on 3 ip link del flannel.1 2>/dev/null
fails 3 'leases\[1\]: its subnet or public address was there before' "a file that names a cell twice" --static="$T/static.json"

done_testing
