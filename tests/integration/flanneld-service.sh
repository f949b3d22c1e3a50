# flanneld as a service: systemd, health, metrics, log level; masquerading; clocks that jump.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/overlay.sh"
. "$TOP/tests/lib/metrics.sh"

CONFIG='{"Network":"10.255.0.0/16","Backend":{"Type":"vxlan","GBP":true}}'
make_underlay
for n in 1 2 3; do make_cell $n; done
check "etcd starts" start_etcd "$T/etcd" 192.0.2.1 2379

# --- systemd and HTTP -----------------------------------------------------------
socat -u "UNIX-RECV:$T/notify" "OPEN:$T/notified,creat,append" &
wait_for 10 test -S "$T/notify" -a -e "$T/notified"
NOTIFY_SOCKET=$T/notify
WATCHDOG_USEC=1000000
export NOTIFY_SOCKET WATCHDOG_USEC
: >"$T/cell1.log"
start_flanneld 1 --healthz-port=8471 --healthz-ip=127.0.0.1 --debug-port=8470 --iptables-resync=1
get() { on 1 curl -sSf -m 5 "http://127.0.0.1:$1"; }
check "it is alive before there is a network" wait_for 10 get 8471/healthz
same "as flannel says it" "flanneld is running" "$(get 8471/healthz)"
same "systemd is not told that it is ready yet" "" "$(cat "$T/notified")"
put_config "$CONFIG"
check "it joins" wait_for 20 joined 1
check "then systemd is told" wait_for 10 grep -q READY=1 "$T/notified"
match "with the subnet" "STATUS=Subnet $(subnet 1), 0 other cells" "$(cat "$T/notified")"
unset WATCHDOG_USEC
check "and that it lives, as often as it asked for" wait_for 10 eval '[ "$(grep -o WATCHDOG=1 "$T/notified" | wc -l)" -ge 3 ]'
unset NOTIFY_SOCKET
check "another cell joins" join 2
metric() { get 8470/metrics | awk -v n="$1" '$1 == n { print $2 }'; }
shows() { [ "$(metric "$1")" = "$2" ]; }
check "the other cell is counted" wait_for 10 shows netman_overlay_cells 1
check "and its three entries" shows netman_overlay_changes_total 3
on 1 ip route del "$(subnet 2)"
check "so is a repair" wait_for 10 shows netman_overlay_repairs_total 1
ends=$(metric netman_lease_expiry_timestamp_seconds)
check "the lease ends in about a day" test $((${ends%.*} - $(date +%s))) -gt 86000
get 8470/metrics >"$T/metrics"
check "the metrics are Prometheus'" on 1 bash -c ". $TOP/tests/lib/metrics.sh; valid_metrics http://127.0.0.1:8470/metrics"
lacks "debug messages are not logged" '"level":"debug"' "$T/cell1.log"
check "the log level is changed" on 1 curl -sSf -d debug http://127.0.0.1:8470/log-level
put_lease 10.255.250.0-24 "$(vxlan_lease 192.0.2.99 02:00:00:00:00:99)"
check "and they are" wait_for 10 grep -q '"level":"debug".*lease-seen' "$T/cell1.log"
delete_lease 10.255.250.0-24
check "the lease goes" wait_for 10 eval '! dataplane 1 | grep -q -e 10.255.250.0 -e 02:00:00:00:00:99'
refuse "from outside nobody gets there" curl -sS -m 5 http://192.0.2.11:8470/metrics
before=$(dataplane 1)
lease=$(leases | grep 192.0.2.11)
stop_flanneld 1
check "systemd is told of the end" grep -q STOPPING=1 "$T/notified"
same "the lease outlives the daemon" "$lease" "$(leases | grep 192.0.2.11)"
same "as all in the kernel does" "$before" "$(dataplane 1)"

# --- masquerading -----------------------------------------------------------------
populate 1
on 1 sysctl -qw net.ipv4.ip_forward=1
outside() { on 1 ping -q -c 1 -W 1 -I "$(gateway 1)" 192.0.2.1; }
check "without --ip-masq" join 1
refuse "nobody outside answers the overlay's addresses" outside
stop_flanneld 1
check "with it" join 1 --ip-masq --iptables-resync=1
check "outside answers" outside
match "the CNI plugin is told" FLANNEL_IPMASQ=true "$(cat "$T/cell1.env")"
populate 2
join 2 --ip-masq
on 2 iptables -A INPUT -p icmp ! -s "$(gateway 1)" -j DROP
check "packets from subnet to subnet keep their address" wait_for 10 reaches 1 2
same "the rules are flannel's" "-A flanneld--masq -s 10.255.0.0/16 -d 10.255.0.0/16 -j RETURN
-A flanneld--masq -s 10.255.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE
-A flanneld--masq ! -s 10.255.0.0/16 -d $(subnet 1) -j RETURN
-A flanneld--masq ! -s 10.255.0.0/16 -d 10.255.0.0/16 -j MASQUERADE" "$(on 1 iptables -t nat -S flanneld--masq | tail -n +2)"
on 1 iptables -t nat -F
check "somebody deletes the rules: they return" wait_for 10 eval 'on 1 iptables -t nat -S POSTROUTING | grep -q flanneld--masq && outside'
guard() { on 1 iptables -t mangle -S; }
whole=$(guard)
is_whole() { [ "$(guard)" = "$whole" ]; }
match "the guard has a leaf for the other cell" '-s 192.0.2.12/32 -j ACCEPT' "$whole"
on 1 iptables -t mangle -D flanneld--peers 1
check "so does a step to a leaf of the guard" wait_for 10 is_whole
on 1 iptables -t mangle -R flanneld--vtep 2 -j ACCEPT
check "a rule that was changed in place is found, too" wait_for 20 is_whole
on 1 iptables -t mangle -R flanneld--peers 1 -j ACCEPT
check "also a step that lets in anybody" wait_for 20 is_whole
leaf=$(grep -o 'flanneld--peers-[0-9a-f]* -s 192.0.2.12/32' <<<"$whole")
on 1 iptables -t mangle -R "${leaf% -s *}" 1 -s 192.0.0.0/16 -j ACCEPT
check "and a leaf that lets in half the world" wait_for 20 is_whole
stop_flanneld 1
check "without the flags once more" join 1 --guard=false
lacks "masquerading is gone" flanneld <(on 1 iptables -t nat -S)
lacks "and the guard" flanneld <(on 1 iptables -S; guard)
match "the CNI plugin is told" FLANNEL_IPMASQ=false "$(cat "$T/cell1.env")"
stop_flanneld 2

# --- clocks -------------------------------------------------------------------------
# The daemon alone sees another time of day, which changes while it runs.
YEAR=31556952
jump() { echo "$1" >"$T/time.new" && mv "$T/time.new" "$T/time"; }
with_clock() {
    local asan
    asan=$(ldd "$BIN/flanneld" | awk '/libasan/ { print $3 }')
    export LD_PRELOAD=${asan:+$asan:}$T/wall-clock.so WALL_CLOCK=$T/time
    "$@"
    unset LD_PRELOAD WALL_CLOCK
}
this_year=$(date +%Y)
# years N: does a line of its log come from so many years from now?
years() { grep -q "\"timestamp\":\"$((this_year + $1))-" "$T/cell3.log"; }
# renews: three more renewals
renews() {
    local was
    was=$(grep -c lease-renewed "$T/cell3.log")
    wait_for 20 eval '[ "$(grep -c lease-renewed "$T/cell3.log")" -ge '$((was + 3))' ]'
}
check "a clock that jumps is made" gcc -shared -fPIC -o "$T/wall-clock.so" "$TOP/tests/lib/wall-clock.c"
jump $((5 * YEAR))
: >"$T/cell3.log"
with_clock start_flanneld 3 --subnet-lease-ttl=3 --log-level=debug
check "a cell whose clock is years ahead joins" eval 'wait_for 20 joined 3 && years 5'
check "and keeps its lease" renews
before=$(dataplane 3)
id() { etcd_v3 kv/range "{\"key\":\"$(b64 $PREFIX/subnets/"$(subnet 3 | tr / -)")\"}" | jq -r '.kvs[0] | .lease + " " + .create_revision'; }
lease=$(id)
jump $((15 * YEAR))
check "its clock jumps years ahead: it goes on renewing" eval 'renews && years 15'
jump $((-10 * YEAR))
check "years back: it goes on renewing" eval 'renews && years -10'
same "it is the same lease all the while" "$lease" "$(id)"
same "and the same data plane" "$before" "$(dataplane 3)"
on 3 ip route del "$(subnet 1)"
check "which is still repaired" wait_for 10 eval '[ "$(dataplane 3)" = "$before" ]'
lacks "nothing of it is an error" '"level":"error"' "$T/cell3.log"
stop_flanneld 3

# --- the kernel's table of neighbours --------------------------------------------------
# Its limits are the machine's, and not shown in namespaces: these are in their place.
mkdir -p "$T/neigh/default"
stop_flanneld 1
# joins_with LIMIT1 LIMIT2 LIMIT3
joins_with() {
    for k in 1 2 3; do echo "${!k}" >"$T/neigh/default/gc_thresh$k"; done
    : >"$T/cell1.log"
    on 1 sh -c "mount --bind $T/neigh /proc/sys/net/ipv4/neigh && exec $BIN/flanneld --etcd-endpoints=$ETCD --iface=eth0 --subnet-file=$T/cell1.env" >>"$T/cell1.log" 2>&1 &
    echo $! >"$T/cell1.pid"
    wait_for 20 joined 1
}
check "with a kernel that keeps too few neighbours a cell joins" joins_with 2 2 2
match "and warns" 'too-few-neighbours-allowed.*gc_thresh3","is":2,"leases":2,"remedy":"raise net.ipv4.neigh.default.gc_thresh1, 2 and 3' "$(cat "$T/cell1.log")"
put_lease 10.255.251.0-24 "$(vxlan_lease 192.0.2.98 02:00:00:00:00:98)"
check "another cell comes" wait_for 10 eval 'dataplane 1 | grep -q 02:00:00:00:00:98'
same "it was said once" 1 "$(grep -c too-few-neighbours "$T/cell1.log")"
delete_lease 10.255.251.0-24
stop_flanneld 1
check "with one that begins to drop them too early" joins_with 128 2 1024
match "it warns, too" 'too-few-neighbours-allowed.*gc_thresh2","is":2,"leases":2' "$(cat "$T/cell1.log")"
stop_flanneld 1
check "with one that keeps enough" joins_with 128 512 1024
lacks "it does not" too-few-neighbours "$T/cell1.log"

# --- an etcd that has lost everything ----------------------------------------------------
stop_pid "$T/etcd.pid"
check "a new etcd takes its place" start_etcd "$T/etcd-new" 192.0.2.1 2379
put_config "$CONFIG"
put_lease 10.255.250.0-24 "$(vxlan_lease 192.0.2.99 02:00:00:00:00:99)"
check "a cell that knew the old one sees what is in the new one" wait_for 20 eval 'dataplane 1 | grep -q 02:00:00:00:00:99'
check "and takes its own subnet there" wait_for 20 eval 'leases | grep -q "$(subnet 1 | tr / -) .*192.0.2.11"'
done_testing
