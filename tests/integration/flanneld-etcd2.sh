# flanneld on etcd's v2 key API, sharing the network with flannel's own daemon up to
# 0.20, whose doings are done here by curl, byte for byte.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/overlay.sh"

KEYS=$ETCD/v2/keys$PREFIX
v2() { curl -sS -m 30 "$@"; }
put_config() { v2 -f -XPUT "$KEYS/config" --data-urlencode "value=$1" >/dev/null; }
# "KEY TTL VALUE" of each lease
leases() { v2 "$KEYS/subnets?recursive=true&quorum=true" | jq -r '.node.nodes[]? | (.key|sub(".*/";"")) + " " + (.ttl//"-"|tostring) + " " + .value' | sort; }
# flannel_sets SUBNET-KEY VALUE [TTL]: as flannel's daemon takes and renews a lease
flannel_sets() { v2 -f -XPUT "$KEYS/subnets/$1" --data-urlencode "value=$2" ${3+-d ttl=$3} >/dev/null; }
delete_lease() { v2 -f -XDELETE "$KEYS/subnets/$1" >/dev/null; }
# flannel's own bytes: 0.15 to 0.20, and before 0.14
flannel_value() { echo "{\"PublicIP\":\"192.0.2.$1\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":${2-7},\"VtepMAC\":\"02:00:00:00:00:$1\"}}"; }
old_flannel_value() { echo "{\"PublicIP\":\"192.0.2.$1\",\"BackendType\":\"vxlan\",\"BackendData\":{\"VtepMAC\":\"02:00:00:00:00:$1\"}}"; }
dev=flannel.7
sees() { wait_for 20 eval "on $1 ip route show dev $dev | grep -q 'via $2 '"; }
misses() { wait_for 20 eval "! on $1 ip route show dev $dev | grep -q 'via $2 '"; }
v2_join() { join "$@" --etcd-api=v2; }

make_underlay
for n in 1 2 3; do make_cell $n; done
check "etcd starts without the v2 API" start_etcd "$T/etcd" 192.0.2.1 2379
: >"$T/cell1.log"
start_flanneld 1 --etcd-api v2
check "flanneld waits and says what to do" wait_for 20 grep -q 'waiting-for-store.*start it with --enable-v2' "$T/cell1.log"
stop_pid "$T/etcd.pid"
check "etcd starts with it" start_etcd "$T/etcd" 192.0.2.1 2379 --enable-v2
# The range has three subnets; flannel's daemon holds one of them.
put_config '{"Network":"10.255.0.0/16","SubnetLen":24,"SubnetMin":"10.255.1.0","SubnetMax":"10.255.3.0","Backend":{"Type":"vxlan","VNI":7,"GBP":true}}'
flannel_sets 10.255.3.0-24 "$(flannel_value 50)" 86400
check "the cell that waited joins" wait_for 20 joined 1
check "another joins" v2_join 2
populate 1
populate 2
check "packets go between them" wait_for 10 reaches 1 2
same "both and flannel's have a subnet each" "10.255.1.0-24 10.255.2.0-24 10.255.3.0-24" "$(leases | awk '{printf "%s%s", s, $1; s=" "}')"
mac=$(on 1 cat /sys/class/net/$dev/address)
match "the lease is as flannel reads it, for a day" "$(subnet 1 | tr / -) (86400|863[0-9][0-9]) .\"PublicIP\":\"192.0.2.11\",\"BackendType\":\"vxlan\",\"BackendData\":.\"VNI\":7,\"VtepMAC\":\"$mac\"" "$(leases | grep 192.0.2.11)"
check "flannel's cell is reached" eval 'sees 1 10.255.3.0 && on 1 bridge fdb show dev $dev | grep -q "02:00:00:00:00:50 dst 192.0.2.50"'
: >"$T/cell3.log"
start_flanneld 3 --etcd-api=v2
check "a cell too many is refused" wait_for 20 has_ended 3
match "with words that help" 'no subnet is free: all /24 from 10.255.1.0 to 10.255.3.0 are leased' "$(cat "$T/cell3.log")"

# --- changes by flannel's daemon ------------------------------------------------
calls() { on 1 ip -s -d link show $dev >/dev/null; grep -c leases-changed "$T/cell1.log"; }
was=$(calls)
flannel_sets 10.255.3.0-24 "$(flannel_value 50)" 86400
flannel_sets 10.255.3.0-24 "$(flannel_value 51)" 86400
check "when its address changes it is followed" wait_for 10 eval 'on 1 bridge fdb show dev $dev | grep -q "02:00:00:00:00:51 dst 192.0.2.51"'
same "its renewal before that changed nothing" "$((was + 1))" "$(calls)"
flannel_sets 10.255.3.0-24 "$(old_flannel_value 52)" 2
check "one before 0.14, which tells no VNI, is reached too" wait_for 10 eval 'on 2 bridge fdb show dev $dev | grep -q "02:00:00:00:00:52 dst 192.0.2.52"'
check "when its lease runs out its route goes" misses 2 10.255.3.0
flannel_sets 10.255.3.0-24 "$(flannel_value 53)"
check "a reservation, which has no end, is reached" sees 2 10.255.3.0
check "a deleted lease is taken out" eval 'delete_lease 10.255.3.0-24 && misses 1 10.255.3.0'
flannel_sets 10.255.3.0-24 'no JSON'
flannel_sets 10.255.4.0-24 "$(flannel_value 54)" 86400
check "a lease that makes no sense is logged, the next one is taken in" eval 'sees 1 10.255.4.0 && grep -q unreadable-lease "$T/cell1.log"'
delete_lease 10.255.4.0-24

# --- two for the last one ---------------------------------------------------------
delete_lease 10.255.3.0-24
make_cell 4
: >"$T/cell3.log"
: >"$T/cell4.log"
start_flanneld 3 --etcd-api=v2
start_flanneld 4 --etcd-api=v2
one_out() { grep -q overlay-joined "$T/cell3.log" "$T/cell4.log" && grep -q '"level":"fatal".*no subnet is free' "$T/cell3.log" "$T/cell4.log"; }
check "of two that race for the last subnet one gets it and one is told" wait_for 20 one_out
same "three leases are in etcd" 3 "$(leases | wc -l)"
winner=3
joined 3 || winner=4
check "the winner is reached" sees 1 10.255.3.0
stop_flanneld $winner

# --- restarts, own lease ------------------------------------------------------------
sub=$(subnet 1)
check "a cell restarts" eval 'stop_flanneld 1 && v2_join 1'
same "with its subnet" "$sub" "$(subnet 1)"
check "a cell with a short lease renews it again and again" eval 'stop_flanneld 2; delete_lease "$(subnet 2 | tr / -)"
    v2_join 2 --subnet-lease-ttl=3 --log-level=debug && wait_for 30 eval "[ \$(grep -c lease-renewed $T/cell2.log) -gt 3 ]"'
same "which the others do not even hear of" 0 "$(grep -c lease-gone "$T/cell1.log")"
match "it keeps it" "$(subnet 2 | tr / -) [123] " "$(leases)"
sub2=$(subnet 2 | sed 's/.24$//')
kill -STOP "$(cat "$T/cell2.pid")"
check "when it does not, the lease ends and the route goes" misses 1 "$sub2"
kill -CONT "$(cat "$T/cell2.pid")"
check "when it does again it takes the same subnet" wait_for 20 grep -q lease-taken-again "$T/cell2.log"
check "and the route is back" sees 1 "$sub2"
kill -STOP "$(cat "$T/cell2.pid")"
misses 1 "$sub2"
flannel_sets "$(subnet 2 | tr / -)" "$(flannel_value 55)" 86400
kill -CONT "$(cat "$T/cell2.pid")"
check "when flannel's daemon was faster it ends" wait_for 20 has_ended 2
match "and says what to do" 'subnet .* belongs to another cell now: restart' "$(cat "$T/cell2.log")"

# --- history that is gone -----------------------------------------------------------
kill -STOP "$(cat "$T/cell1.pid")"
delete_lease "$(subnet 2 | tr / -)"
stop_pid "$T/etcd.pid"
start_etcd "$T/etcd" 192.0.2.1 2379 --enable-v2
for _ in $(seq 1100); do printf 'url = %s/other\nrequest = PUT\ndata = value=1\noutput = /dev/null\n' "$KEYS"; done >"$T/many"
check "etcd goes on to forget" v2 -K "$T/many"
flannel_sets 10.255.4.0-24 "$(flannel_value 56)" 86400
kill -CONT "$(cat "$T/cell1.pid")"
check "a cell that missed it reads all anew" wait_for 30 grep -q leases-read-again "$T/cell1.log"
check "has what came and not what went" eval 'sees 1 10.255.4.0 && misses 1 "$sub2"'
kill -CONT "$(cat "$T/cell1.pid")"
own=$(subnet 1 | tr / -)
has_own() { leases | grep -q "^$own .*192.0.2.11"; }
check "the folder of leases is deleted as a whole" v2 -f -XDELETE "$KEYS/subnets?recursive=true"
check "the cell loses its peers" misses 1 10.255.4.0
check "and takes its own lease again" wait_for 20 has_own
stop_pid "$T/etcd.pid"
check "a new etcd takes the place of one that has lost everything" start_etcd "$T/etcd-new" 192.0.2.1 2379 --enable-v2
flannel_sets 10.255.4.0-24 "$(flannel_value 57)" 86400
check "the cell sees what is in it" sees 1 10.255.4.0
put_config '{"Network":"10.255.0.0/16","Backend":{"Type":"vxlan","VNI":7,"GBP":true}}'
stop_flanneld 1

# --- a user of etcd's v2 API ----------------------------------------------------------
auth() { v2 -f -u root:r00t -XPUT -H 'Content-Type: application/json' "$ETCD/v2/auth/$1" -d "$2"; }
make_users() {
    auth users/root '{"user":"root","password":"r00t"}' && auth enable '' &&
        auth roles/guest '{"role":"guest","revoke":{"kv":{"read":["/*"],"write":["/*"]}}}' &&
        auth roles/net "{\"role\":\"net\",\"permissions\":{\"kv\":{\"read\":[\"$PREFIX/*\"],\"write\":[\"$PREFIX/*\"]}}}" &&
        auth users/flannel '{"user":"flannel","password":"p:w&\"1","roles":["net"]}'
}
check "etcd gets users" make_users
: >"$T/cell1.log"
start_flanneld 1 --etcd-api=v2
check "without a user flanneld ends" wait_for 20 has_ended 1
match "and says why" '"level":"fatal".*requires user authentication' "$(cat "$T/cell1.log")"
# shellcheck disable=SC2089 # the quote is part of it
FLANNELD_ETCD_PASSWORD='p:w&"1'
# shellcheck disable=SC2090 # as above
export FLANNELD_ETCD_PASSWORD
check "with one it joins" v2_join 1 --etcd-username=flannel
lacks "and says the password nowhere" p:w "$T/cell1.log"
done_testing
