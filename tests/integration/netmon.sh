# netmon: counts as the machine's own tools count, to metron and to Prometheus.
. "$TOP/tests/lib/check.sh"

ip link add flannel.1 type vxlan id 1 dstport 8472 local 127.0.0.1
ip link set flannel.1 up
ip addr add 10.255.1.0/24 dev flannel.1
iptables -N some-chain
iptables -A FORWARD -j some-chain
iptables -t nat -A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE
socat -u UDP4-RECV:3457 "OPEN:$T/sonde,creat,append" &
conf() { echo "{\"poll_interval\":1,\"metron_address\":\"127.0.0.1:3457\",\"interface_name\":\"$1\",\"log_level\":\"debug\",\"log_prefix\":\"cfnetworking\",\"iptables_lock_file\":\"$T/lock\",\"debug_port\":9999}" >"$T/conf.json"; }
conf flannel.1
"$BIN/netmon" -config-file "$T/conf.json" >"$T/log" 2>&1 &
pid=$!
metrics() { curl -sf http://127.0.0.1:9999/metrics; }
value() { metrics | awk -v n="$1" '$1 == n { print $2 }'; }
shows() { [ "$(value "$1")" = "$2" ]; }

check "it measures" wait_for 20 grep -q metric-sent "$T/log"
links=$(ip -o link | wc -l)
check "the number of interfaces" wait_for 10 shows netmon_interfaces "$links"
ip link add more0 type bridge
check "also when it has grown" wait_for 10 shows netmon_interfaces "$((links + 1))"
check "the number of rules, in filter and nat" shows netmon_iptables_rules 2
iptables -A some-chain -s 10.1.2.3 -j RETURN
check "also when it has grown" wait_for 10 shows netmon_iptables_rules 3
bytes() { cat /sys/class/net/flannel.1/statistics/"$1"; }
ip neigh add 10.255.1.9 lladdr 02:00:00:00:00:09 dev flannel.1
ping -q -c 3 -i 0.2 -W 1 10.255.1.9 >/dev/null
same_bytes() { [ "$(value netmon_overlay_tx_bytes_total)" = "$(bytes tx_bytes)" ] && [ "$(value netmon_overlay_tx_dropped_total)" = "$(bytes tx_dropped)" ]; }
check "the overlay device's bytes and drops" wait_for 10 same_bytes
for name in NetInterfaceCount IPTablesRuleCount OverlayTxBytes OverlayRxBytes OverlayTxDropped OverlayRxDropped; do
    check "metron hears of $name" wait_for 10 grep -aq "$name" "$T/sonde"
done
ip link del flannel.1
check "without the overlay device it says so" wait_for 10 grep -q 'measure-failed.*no interface flannel.1' "$T/log"
check "and still tells the rest" wait_for 10 shows netmon_iptables_rules 3
kill $pid
check "it ends when asked" wait $pid
echo '{"poll_interval":0}' >"$T/conf.json"
refuse "a configuration that makes no sense is refused" "$BIN/netmon" -config-file "$T/conf.json"
match "with all that is wrong" 'poll_interval.*
.*metron_address|metron_address.*' "$("$BIN/netmon" -config-file "$T/conf.json" 2>&1)"
done_testing
