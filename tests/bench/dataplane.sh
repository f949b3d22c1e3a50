# What a packet and a cycle cost: forwarded packets and round trips between two
# containers of a cell with 250 of them, through the trees and through one list of the
# same policies; and the time to plan and enforce. One-way UDP never becomes an
# established flow, so each of its packets is decided on like a new connection.
# The share is of the empty cell: 250 containers, the rules that always stand, no policy;
# one rule by hand lets the measured flow pass. The first row shows the bridge by itself:
# no rule at all, and so no connection tracking either, which no cell goes without.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
SECONDS_EACH=${SECONDS_EACH-1} ROUNDS=${ROUNDS-3}
SIZES=${SIZES-"0 100 1000 10000 50000"}

ip link add cni0 type bridge
ip addr add 10.255.1.1/24 dev cni0
ip link set cni0 up
sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
for n in 2 3; do
    ip netns add c$n
    ip link add v$n type veth peer name eth0 netns c$n
    ip link set v$n master cni0 up
    ip netns exec c$n sh -c "ip link set lo up; ip addr add 10.255.1.$n/24 dev eth0; ip link set eth0 up"
done
ip netns exec c3 "$BENCH/udp-load" sink 7001 &
ip netns exec c3 "$BENCH/udp-load" echo 7002 &
wait_for 10 ip netns exec c3 sh -c '[ "$(ss -Hlun | wc -l)" = 2 ]'

received() { ip netns exec c3 nstat -asz 2>/dev/null | awk '/^UdpInDatagrams|^UdpRcvbufErrors/ {n += $2} END {print n}'; }
# once: packets received in a second of sending
once() {
    local before
    before=$(received)
    ip netns exec c2 "$BENCH/udp-load" rate 10.255.1.3 7001 "$SECONDS_EACH" >"$T/sent"
    echo $((($(received) - before) / SECONDS_EACH))
}
empty() { iptables -F; iptables -X; conntrack -F >/dev/null 2>&1; }
layout() { # trees|naive|none SIZE
    empty
    case $1 in
    trees)
        "$BENCH/plan-enforce" "$2" 250 >"$T/cost.$2"
        [ "$2" -gt 0 ] || iptables -I vpa--dst -s 10.255.1.2 -d 10.255.1.3 -p udp -j ACCEPT
        ;;
    naive) "$BENCH/plan-enforce" "$2" 250 naive >/dev/null ;;
    esac
}
best() { sort -n | tail -n 1; }
least() { sort -n | head -n 1; }
measure() { # trees|naive|none SIZE: rate, round trip of one flow, of a new flow; the best of all rounds
    for _ in $(seq "$ROUNDS"); do
        once >>"$T/rate.$1.$2"
        ip netns exec c2 "$BENCH/udp-load" rtt 10.255.1.3 7002 3000 >>"$T/rtt.$1.$2"
        ip netns exec c2 "$BENCH/udp-load" fresh 10.255.1.3 7002 1500 >>"$T/fresh.$1.$2"
    done
}
row() {
    local first=$1
    shift
    printf '%-18s' "$first"
    printf ' %11s' "$@"
    echo
}

layout none 0
measure none 0
for size in $SIZES; do
    for kind in trees naive; do
        [ "$kind $size" = "naive 0" ] && continue
        layout $kind "$size"
        measure $kind "$size"
    done
done
first=${SIZES%% *}
layout trees "$first"
measure trees "$first" # again at the end: the machine may have changed its mind
base=$(best <"$T/rate.trees.$first")
row layout policies packets/s share "flow-us" "new-flow-us" rules
row "no rules" 0 "$(best <"$T/rate.none.0")" - "$(least <"$T/rtt.none.0")" "$(least <"$T/fresh.none.0")" 0
for kind in trees naive; do
    for size in $SIZES; do
        [ -s "$T/rate.$kind.$size" ] || continue
        rate=$(best <"$T/rate.$kind.$size")
        share=$(awk -v a="$rate" -v b="$base" 'BEGIN {printf "%.2f", a / b}')
        rules=$([ $kind = trees ] && jq .rules "$T/cost.$size" || echo $((size + 253)))
        row "$kind" "$size" "$rate" "$share" "$(least <"$T/rtt.$kind.$size")" "$(least <"$T/fresh.$kind.$size")" "$rules"
        jq -n --arg kind $kind --argjson size "$size" --argjson rate "$rate" --argjson share "$share" \
            --argjson rtt "$(least <"$T/rtt.$kind.$size")" --argjson fresh "$(least <"$T/fresh.$kind.$size")" \
            --argjson rules "$rules" '{layout: $kind, policies: $size, packets_per_s: $rate, share: $share,
                flow_us: $rtt, new_flow_us: $fresh, rules: $rules}' >>"$T/all"
    done
done
echo
echo "idle-ms: CPU of a cycle without change, in the mean"
row "plan and enforce" policies plan-ms enf-ms cpu-ms compare-ms idle-ms peak-kB
for size in $SIZES; do
    [ -s "$T/cost.$size" ] || continue
    row "" "$size" "$(jq .plan_ms "$T/cost.$size")" "$(jq .enforce_ms "$T/cost.$size")" "$(jq .cpu_ms "$T/cost.$size")" \
        "$(jq .compare_ms "$T/cost.$size")" "$(jq .idle_cpu_ms "$T/cost.$size")" "$(jq .peak_rss_kb "$T/cost.$size")"
done
jq -s --slurpfile cost <(cat "$T"/cost.*) '{packets: ., cycles: $cost}' "$T/all" >"$RESULTS/dataplane.json"
