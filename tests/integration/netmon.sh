# netmon: counts as the machine's own tools count, to metron and to Prometheus.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/metrics.sh"

URL=http://127.0.0.1:9999
ip link add flannel.1 type vxlan id 1 dstport 8472 local 127.0.0.1
ip link set flannel.1 up
ip addr add 10.255.1.0/24 dev flannel.1
iptables -N some-chain
iptables -A FORWARD -j some-chain
iptables -t nat -A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE
start_metron
jq -n --arg t "$T" '{cni_plugin_dir: $t, cni_config_dir: $t, bind_mount_dir: $t, state_file: ($t + "/ports"), start_port: 60000,
    total_ports: 5000, iptables_lock_file: ($t + "/lock")}' >"$T/networker.json"
conf() { jq -n --arg t "$T" --arg i "$1" '{poll_interval: 1, metron_address: "127.0.0.1:3457", interface_name: $i, log_level: "info",
    log_prefix: "cfnetworking", iptables_lock_file: ($t + "/lock"), debug_port: 9999, networker_config_file: ($t + "/networker.json")}' >"$T/conf.json"; }
conf flannel.1
"$BIN/netmon" -config-file "$T/conf.json" >"$T/log" 2>&1 &
pid=$!
value() { metric_of "$URL/metrics" "netman_$1"; }
shows() { [ "$(value "$1")" = "$2" ]; }

links=$(ip -o link | wc -l)
check "the number of interfaces" wait_for 20 shows interfaces "$links"
ip link add more0 type bridge
check "also when it has grown" wait_for 10 shows interfaces "$((links + 1))"
check "the number of rules, in filter and nat" shows iptables_rules 2
iptables -A some-chain -s 10.1.2.3 -j RETURN
check "also when it has grown" wait_for 10 shows iptables_rules 3
bytes() { cat /sys/class/net/flannel.1/statistics/"$1"; }
ip neigh add 10.255.1.9 lladdr 02:00:00:00:00:09 dev flannel.1
ping -q -c 3 -i 0.2 -W 1 10.255.1.9 >/dev/null
same_bytes() { [ "$(value overlay_transmit_bytes_total)" = "$(bytes tx_bytes)" ] && [ "$(value overlay_transmit_dropped_packets_total)" = "$(bytes tx_dropped)" ]; }
check "the overlay device's bytes and drops" wait_for 10 same_bytes
check "what metron hears is what Prometheus reads" wait_for 10 told_value netmon OverlayTxBytes "$(bytes tx_bytes)" Metric
check "metron hears the number of interfaces" wait_for 10 told_value netmon NetInterfaceCount "$((links + 1))" Metric
check "the number of chains" shows iptables_chains 8
lines() { { iptables -S; iptables -t nat -S; } | wc -l; }
check "metron hears the number of lines that iptables prints" wait_for 10 told_value netmon IPTablesRuleCount "$(lines)" Metric
for name in OverlayRxBytes OverlayTxDropped OverlayRxDropped; do
    check "metron hears of $name" wait_for 10 told_value netmon "$name" '[0-9]+' Metric
done
check "metron understands all it hears" no_garbage
check "no port is in use where no container ever was" shows ports_in_use 0
echo '{"acquired_ports":{"a":[60001,60002],"b":[60003]}}' >"$T/ports"
check "ports in use, of as many as there are" wait_for 10 eval 'shows ports_in_use 3 && shows ports 5000'
check "Prometheus can read it" valid_metrics "$URL/metrics"
same "the log level is changed while it runs" 200 "$(curl -s -o /dev/null -w '%{http_code}' -d debug "$URL/log-level")"
check "and it logs more" wait_for 10 grep -q metric-sent "$T/log"
same "a level that is none is refused" 400 "$(curl -s -o /dev/null -w '%{http_code}' -d much "$URL/log-level")"
ip link del flannel.1
check "without the overlay device it says so" wait_for 10 grep -q 'measure-failed.*no interface flannel.1' "$T/log"
check "and still tells the rest" wait_for 10 shows iptables_rules 3
check "but no byte counts that are not true any more" wait_for 10 shows overlay_transmit_bytes_total ""
echo damaged >"$T/ports"
check "nor ports, if the networker's file is damaged" wait_for 10 shows ports_in_use ""
kill $pid
check "it ends when asked" wait $pid
echo '{"poll_interval":0}' >"$T/conf.json"
refuse "a configuration that makes no sense is refused" "$BIN/netmon" -config-file "$T/conf.json"
for key in poll_interval metron_address interface_name; do
    match "and it says what is wrong with $key" "invalid config: $key" "$("$BIN/netmon" -config-file "$T/conf.json" 2>&1)"
done
conf flannel.1
jq '.metron_address = "nowhere"' "$T/conf.json" >"$T/bad.json"
match "an address that is none is, too" "invalid config: metron_address: 'nowhere' is no HOST:PORT" "$("$BIN/netmon" -config-file "$T/bad.json" 2>&1)"
done_testing
