# The network below the overlay changes while flanneld runs.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/overlay.sh"

CONFIG='{"Network":"10.255.0.0/16","Backend":{"Type":"vxlan","GBP":true}}'
make_underlay
make_cell 1
make_cell 2
check "etcd starts" start_etcd "$T/etcd" 192.0.2.1 2379
put_config "$CONFIG"
check "a cell joins" join 1
check "another one joins" join 2
populate 1
populate 2
check "packets go" wait_for 10 reaches 2 1

# plug N MAC: its interface to the underlay comes back, the same piece of hardware
plug() {
    ip link add "to-cell$1" type veth peer name eth0 address "$2" netns "cell$1"
    ip link set "to-cell$1" master underlay up
    on "$1" ip addr add "192.0.2.$((10 + $1))/24" dev eth0
    on "$1" ip link set eth0 up
    on "$1" ip route add default via 192.0.2.1
}
mac=$(on 1 cat /sys/class/net/flannel.1/address)
card=$(on 1 cat /sys/class/net/eth0/address)
ip link del to-cell1
check "a cell whose underlay interface goes says so" wait_for 10 grep -q 'underlay-lost.*eth0' "$T/cell1.log"
check "and that its device cannot be" wait_for 10 grep -q device-repair-failed "$T/cell1.log"
refuse "nobody reaches it" reaches 2 1
plug 1 "$card"
check "when the interface comes back packets go again" wait_for 20 reaches 2 1
same "the tunnel has the MAC address that other cells know" "$mac" "$(on 1 cat /sys/class/net/flannel.1/address)"
same "it was said once that the interface is away" 1 "$(grep -c underlay-lost "$T/cell1.log")"
same "and once what came of it" 1 "$(grep -c device-repair-failed "$T/cell1.log")"
match "and that it is back" 'underlay-found-again.*"interface":"eth0","address":"192.0.2.11"' "$(cat "$T/cell1.log")"

on 1 ip addr add 192.0.2.111/24 dev eth0
on 1 ip addr del 192.0.2.11/24 dev eth0
on 1 ip addr replace 192.0.2.111/24 dev eth0
on 1 ip route replace default via 192.0.2.1
check "an address that changes is told, with what to do" wait_for 10 grep -q \
    'underlay-lost.*address is 192.0.2.111 now, but its lease tells 192.0.2.11: restart flanneld' "$T/cell1.log"
sub=$(subnet 1)
stop_flanneld 1
check "with a new start the cell is reached again" eval 'join 1 && wait_for 10 reaches 2 1'
same "by its old subnet" "$sub" "$(subnet 1)"

on 2 ip link set flannel.1 name stolen
check "a device that somebody renamed is told with a remedy" wait_for 10 grep -q "device-repair-failed.*device stolen already uses VNI 1.*ip link del stolen" "$T/cell2.log"
on 2 ip link del stolen
check "which helps" wait_for 20 reaches 1 2
same "it was told once" 1 "$(grep -c device-repair-failed "$T/cell2.log")"
done_testing
