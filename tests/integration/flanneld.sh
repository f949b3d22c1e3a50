# flanneld with a real etcd and real packets: three cells on one underlay.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/overlay.sh"

CONFIG='{"Network":"10.255.0.0/16","SubnetLen":24,"Backend":{"Type":"vxlan","VNI":1,"Port":8472,"GBP":true}}'

make_underlay
for n in 1 2 3; do make_cell $n; done
check "etcd starts" start_etcd "$T/etcd" 192.0.2.1 2379
put_config "$CONFIG"

# --- joining ----------------------------------------------------------------
check "a first cell joins" join 1
check "a second cell joins" join 2
populate 1
populate 2
check "packets go from subnet to subnet" wait_for 10 reaches 1 2
check "and the other way" reaches 2 1
refuse "the two subnets differ" test "$(subnet 1)" = "$(subnet 2)"

link=$(on 1 ip -j -d link show flannel.1)
same "the device is a VXLAN with group policy that does not learn" '["vxlan",1,"192.0.2.11","eth0",8472,false,true]' \
    "$(jq -c '.[0].linkinfo | [.info_kind, (.info_data | .id, .local, .link, .port, .learning, has("gbp"))]' <<<"$link")"
same "its MTU leaves room for the envelope" 1450 "$(jq '.[0].mtu' <<<"$link")"
same "it has the subnet's first address as /32 and no other" \
    "$(subnet 1 | sed 's/24$/32/')" "$(on 1 ip -o -4 addr show dev flannel.1 | awk '{print $4}')"
same "the subnet file is as the CNI plugin reads it" \
    "FLANNEL_NETWORK=10.255.0.0/16
FLANNEL_SUBNET=$(gateway 1)/24
FLANNEL_MTU=1450
FLANNEL_IPMASQ=false" "$(cat "$T/cell1.env")"
mac=$(on 1 cat /sys/class/net/flannel.1/address)
same "which counts as given, so that udev leaves it alone" 3 "$(on 1 cat /sys/class/net/flannel.1/addr_assign_type)"
same "the lease is in etcd as flannel writes it" \
    "$(subnet 1 | tr / -) $(vxlan_lease 192.0.2.11 "$mac")" "$(leases | grep 192.0.2.11)"
check "the mark of a packet is the group in its envelope" eval '
    on 1 iptables -t filter -I OUTPUT -d $(gateway 2) -j MARK --set-mark 291
    on 2 "$TOOLS/gbp-sniff" --iface eth0 --inner $(gateway 2) --timeout 20 >"$T/sniff" 2>"$T/sniff.err" &
    sniffer=$!
    wait_for 10 grep -q listening "$T/sniff.err"
    reaches 1 2
    wait $sniffer && grep -q "^group=291 " "$T/sniff"'

check "a third cell joins" join 3
populate 3
for pair in "1 3" "3 1" "2 3" "3 2"; do
    # shellcheck disable=SC2086 # two words
    check "packets go from cell ${pair/ / to cell }" wait_for 10 reaches $pair
done

# --- the data plane outlives the daemon ---------------------------------------
before=$(dataplane 1)
check "flanneld ends when asked" stop_flanneld 1
same "ending moves nothing in the kernel" "$before" "$(dataplane 1)"
check "packets still go" reaches 2 1
sub=$(subnet 1)
check "it comes back" join 1
same "with the same subnet" "$sub" "$(subnet 1)"
same "having moved nothing" "$before" "$(dataplane 1)"
match "its first comparison found nothing to change" '"changes":0' "$(grep overlay-joined "$T/cell1.log")"

on 2 ping -q -i 0.01 -c 300 -W 1 -I "$(gateway 2)" "$(gateway 1)" >"$T/ping" 2>&1 &
pinger=$!
check "flanneld is killed under traffic" stop_flanneld 1 KILL
same "which moves nothing" "$before" "$(dataplane 1)"
check "and comes back under traffic" join 1
wait $pinger
match "no packet was lost" '300 packets transmitted, 300 received' "$(cat "$T/ping")"

rm "$T/cell1.env"
stop_flanneld 1
check "it starts without its subnet file" join 1
same "and knows its subnet by its public address" "$sub" "$(subnet 1)"
stop_flanneld 1
on 1 ip link set flannel.1 address 02:aa:bb:cc:dd:ee
check "it starts with a device that was given another MAC address meanwhile" join 1
same "and gives it back the one that other cells know" "$before" "$(dataplane 1)"

# --- repair -------------------------------------------------------------------
has_all() { [ "$(dataplane 1)" = "$before" ]; }
to2=$(subnet 2)
far2=$(on 2 cat /sys/class/net/flannel.1/address)
on 1 ip route del "$to2"
check "a deleted route returns" wait_for 10 has_all
on 1 ip route replace "$to2" via 192.0.2.1
check "a route that was bent is bent back" wait_for 10 has_all
on 1 ip route del "$to2" 2>/dev/null
check "so is one that was deleted after that" wait_for 10 has_all
for kind in blackhole unreachable; do
    on 1 ip route replace $kind "$to2"
    check "so is one that was made $kind" wait_for 10 has_all
done
on 1 ip route replace "$to2" nexthop via 192.0.2.1 dev eth0 nexthop via 192.0.2.2 dev eth0
check "so is one that was made to go two ways" wait_for 10 has_all
on 1 ip neigh del "${to2%/24}" dev flannel.1
check "a deleted neighbour returns" wait_for 10 has_all
on 1 bridge fdb del "$far2" dev flannel.1 dst 192.0.2.12
check "a deleted forwarding entry returns" wait_for 10 has_all
on 1 ip route add 10.255.99.0/24 via 10.255.99.0 dev flannel.1 onlink
check "a route to nowhere goes" wait_for 10 has_all
on 1 ip link set flannel.1 down
check "a device that was set down comes up with all routes" wait_for 10 has_all
on 1 ip link set flannel.1 mtu 1300
check "a changed MTU is changed back" wait_for 10 has_all
on 1 ip link set flannel.1 address 02:aa:bb:cc:dd:ee
check "so is a changed MAC address, which other cells know" wait_for 10 has_all
on 1 ip neigh replace "${to2%/24}" lladdr 02:aa:bb:cc:dd:ee dev flannel.1 nud permanent
check "a neighbour with a wrong MAC address is set right" wait_for 10 has_all
on 1 bridge fdb replace "$far2" dev flannel.1 dst 192.0.2.77 self permanent
check "so is a forwarding entry with a wrong end" wait_for 10 has_all
on 1 ip addr flush dev flannel.1
check "a deleted address returns" wait_for 10 has_all
on 1 ip link del flannel.1
check "a deleted device returns with its MAC address and all entries" wait_for 10 has_all
check "and packets go" wait_for 10 reaches 2 1

# --- changes ------------------------------------------------------------------
ghost=$(vxlan_lease 192.0.2.99 02:00:00:00:00:99)
kill -HUP "$(cat "$T/cell1.pid")"
put_lease 10.255.250.0-24 "$ghost"
check "a new lease is programmed" wait_for 10 eval 'dataplane 1 | grep -q 02:00:00:00:00:99'
refuse "a SIGHUP before it has ended nothing" has_ended 1
same "by a route, a neighbour and a forwarding entry" 3 "$(dataplane 1 | grep -c -e 02:00:00:00:00:99 -e 'via 10.255.250.0')"
put_lease 10.255.250.0-24 "$(vxlan_lease 192.0.2.98 02:00:00:00:00:99)"
check "a cell that moved is followed" wait_for 10 eval 'on 1 bridge fdb show dev flannel.1 | grep -q "02:00:00:00:00:99 dst 192.0.2.98"'
delete_lease 10.255.250.0-24
check "a lease that ends is taken out" wait_for 10 has_all
put_lease 10.255.250.0-24 '{"PublicIP":"not an address"}'
put_lease 10.255.251.0-24 "$ghost"
check "a lease that makes no sense is logged, the next one is taken in" wait_for 10 eval '
    grep -q unreadable-lease "$T/cell1.log" && dataplane 1 | grep -q "via 10.255.251.0"'
delete_lease 10.255.250.0-24
delete_lease 10.255.251.0-24
check "and out" wait_for 10 has_all

delete_lease "$(subnet 1 | tr / -)"
check "a cell whose own lease was deleted takes it again" wait_for 10 grep -q lease-taken-again "$T/cell1.log"
match "in etcd" "$(subnet 1 | tr / -) .*192.0.2.11" "$(leases)"
check "and is reached again" wait_for 10 reaches 2 1

ours=$(leases | grep 192.0.2.11)
is_ours() { [ "$(leases | grep "^${ours% *}")" = "$ours" ]; }
put_lease "${ours% *}" "$(vxlan_lease 192.0.2.11 02:00:00:00:00:77)"
check "a cell whose own lease is given another MAC address writes it again" wait_for 20 is_ours
match "and says so" 'own-lease-was-rewritten' "$(cat "$T/cell1.log")"
put_lease "${ours% *}" junk
check "as one that nobody can read" wait_for 20 is_ours
refuse "with an end, as before" eval 'etcd_v3 kv/range "{\"key\":\"$(b64 $PREFIX/subnets/${ours% *})\"}" | jq -e ".kvs[0].lease // \"0\" | . == \"0\""'
check "and is reached again" wait_for 10 reaches 2 1

# --- the guard at the tunnel's end --------------------------------------------
match "VXLAN packets of known cells are accepted" '-s 192.0.2.12/32 .*-j ACCEPT' "$(on 1 iptables -t mangle -S)"
ip netns add stranger
ip link add to-stranger type veth peer name eth0 netns stranger
ip link set to-stranger master underlay up
ip -n stranger addr add 192.0.2.66/24 dev eth0
ip -n stranger link set eth0 up
ip -n stranger link add vx type vxlan id 1 gbp nolearning dstport 8472 local 192.0.2.66 dev eth0
ip -n stranger link set vx up
ip -n stranger addr add 10.255.250.1/32 dev vx
mac1=$(on 1 cat /sys/class/net/flannel.1/address)
ip -n stranger neigh add "${sub%/24}" lladdr "$mac1" dev vx nud permanent
ip -n stranger route add "$sub" via "${sub%/24}" dev vx onlink
ip netns exec stranger bridge fdb add "$mac1" dev vx dst 192.0.2.11
# heard BY-WHOM: does cell 1's bridge side get a datagram that the stranger sends?
received() { on 1 cat /sys/class/net/flannel.1/statistics/rx_packets; }
knock() { ip netns exec stranger ping -q -c 3 -i 0.2 -W 1 -I 10.255.250.1 "$(gateway 1)"; }
was=$(received)
refuse "a stranger's VXLAN packets are not answered" knock
same "nor taken out of their envelope" "$was" "$(received)"
put_lease 10.255.250.0-24 "$(vxlan_lease 192.0.2.66 "$(ip netns exec stranger cat /sys/class/net/vx/address)")"
check "once the stranger is a cell they are" wait_for 10 knock
delete_lease 10.255.250.0-24
check "and no longer when its lease has ended" wait_for 10 eval '! knock'
on 1 iptables -t mangle -A OUTPUT -o flannel.1 -d "$(gateway 2)" -p icmp -j MARK --set-mark 5
refuse "what an app sends does not reach another cell's own services" reaches 1 2
check "but answers to what that cell has asked" reaches 2 1
on 1 iptables -t mangle -F OUTPUT
ip netns add box
on 1 ip link add to-box type veth peer name eth0 netns box
on 1 ip link set to-box master cni0 up
ip -n box addr add "${sub%.0/24}.9/24" dev eth0
ip -n box link set eth0 up
ip -n box route add default via "$(gateway 1)"
on 1 iptables -t nat -A POSTROUTING -s "$sub" -o eth0 -j MASQUERADE
on 1 sysctl -qw net.ipv4.ip_forward=1
for port in 8472 8473; do
    printf '\210\000\000\001\000\000\001\000' | ip netns exec box socat -u - UDP:192.0.2.12:$port
done
left() { on 1 conntrack -L -s "${sub%.0/24}.9" 2>/dev/null | grep "dport=$1.*dst=192.0.2.11"; }
check "a container's datagrams leave with the cell's address" wait_for 10 left 8473
refuse "but no VXLAN packets that it has made" left 8472
rules_of() { on "$1" iptables -S && on "$1" iptables -t mangle -S; }
rules=$(rules_of 1)
stop_flanneld 1
same "the rules outlive the daemon" "$rules" "$(rules_of 1)"
on 1 iptables -F INPUT
on 1 iptables -t mangle -F INPUT
check "and are there again when it comes back" eval 'join 1 && [ "$(rules_of 1)" = "$rules" ]'

# An older version had all its rules in filter, which each change wrote anew.
stop_flanneld 1
on 1 iptables-save -t mangle | sed 's/^\*mangle/*filter/' | grep -v '^:[A-Z]' >"$T/older"
check "an older version's rules" on 1 iptables-restore -n "$T/older"
on 1 iptables -t mangle -F
on 1 iptables -t mangle -X
before=$(dataplane 1)
was=$(received)
sent() { ip netns exec stranger cat /sys/class/net/vx/statistics/tx_packets; }
many=$(($(sent) + 200))
sent_many() { [ "$(sent)" -gt $many ]; }
ip netns exec stranger ping -q -i 0.002 -W 1 -I 10.255.250.1 "$(gateway 1)" >"$T/flood" 2>&1 &
flood=$!
check "are taken over" eval 'join 1 && [ "$(rules_of 1)" = "$rules" ]'
check "while a stranger sends many packets" wait_for 60 sent_many
kill -INT $flood
refuse "which are not answered" wait $flood
match "not one" '^[0-9]{3,} packets transmitted, 0 received' "$(cat "$T/flood")"
same "nor taken out of their envelope" "$was" "$(received)"

# --- a lock that somebody holds -------------------------------------------------
make_cell 9
exec 8>>/run/xtables.lock
flock 8
: >"$T/cell9.log"
start_flanneld 9 8>&- # whoever inherits it holds it, too
check "who starts while somebody holds iptables' lock waits for it" wait_for 20 grep -q 'waiting-for-iptables.*xtables.lock' "$T/cell9.log"
refuse "without a device that nobody guards" on 9 ip link show flannel.1
refuse "nor a subnet for containers" test -e "$T/cell9.env"
exec 8>&-
check "and joins once it has it" wait_for 20 joined 9
stop_flanneld 9
delete_lease "$(subnet 9 | tr / -)"

# --- etcd away ----------------------------------------------------------------
stop_pid "$T/etcd.pid"
check "with etcd away packets go" reaches 2 1
on 1 ip route del "$to2"
check "and a deleted route returns" wait_for 10 has_all
check "a daemon that starts meanwhile waits" eval ': >"$T/cell3.log"; stop_flanneld 3; start_flanneld 3; wait_for 10 grep -q waiting-for-store "$T/cell3.log"'
check "its data plane carries packets all the while" reaches 1 3
check "etcd is back" start_etcd "$T/etcd" 192.0.2.1 2379
check "the waiting daemon joins" wait_for 20 joined 3
put_lease 10.255.250.0-24 "$ghost"
check "the others see changes again" wait_for 20 eval 'dataplane 1 | grep -q 02:00:00:00:00:99'
delete_lease 10.255.250.0-24
check "and again" wait_for 10 has_all

# --- races --------------------------------------------------------------------
for n in 4 5 6 7 8; do make_cell $n; done
for n in 4 5 6 7 8; do start_flanneld $n; done
all_in() { for n in 4 5 6 7 8; do joined $n || return 1; done; }
check "five cells that start at once all join" wait_for 30 all_in
same "each with a subnet of its own" 8 "$(leases | cut -d' ' -f1 | sort -u | wc -l)"

on 1 iptables -F OUTPUT # a mark would make its packets an app's

# --- eight cells ----------------------------------------------------------------
for n in 3 4 5 6 7 8; do populate $n; done
mesh() {
    local a b
    for a in $1; do for b in $1; do [ "$a" = "$b" ] || reaches "$a" "$b" || { echo "$a does not reach $b"; return 1; }; done; done
}
check "everyone of the eight reaches every other" wait_for 20 mesh "1 2 3 4 5 6 7 8"
stop_flanneld 8
check "one leaves: its lease outlives its daemon" eval 'leases | grep -q 192.0.2.18 && reaches 1 8'
delete_lease "$(subnet 8 | tr / -)"
nobody_knows_8() {
    local n
    for n in 1 2 3 4 5 6 7; do ! knows_of_8 $n || return 1; done
}
knows_of_8() { dataplane "$1" | grep -q -e "via $(subnet 8 | sed 's/.24$//') " -e 192.0.2.18; }
check "when its lease is gone nobody keeps anything of it" wait_for 10 nobody_knows_8
check "the seven others reach each other as before" mesh "1 2 3 4 5 6 7"

done_testing
